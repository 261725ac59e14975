"""Model forms: cues, features, classifier, table, reader, both joined, auto, calibration, store."""
