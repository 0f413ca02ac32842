"""Hyperparameter tuning jobs: what one asks, what its training jobs found, the report about it."""

from scripts.tuning.preparation import PreparedTuning, prepare, upload

__all__ = ["PreparedTuning", "prepare", "upload"]
