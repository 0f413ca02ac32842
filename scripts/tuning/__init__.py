"""Hyperparameter tuning jobs: what one asks, what its training jobs found, the report about it."""
