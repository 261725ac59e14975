"""Backlogs: files of messages in, files of suggestions out."""
