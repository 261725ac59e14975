"""Model forms: features, classifier, table, reader, calibration, store."""
