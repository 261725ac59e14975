"""Retraining: data, training, evaluation."""
