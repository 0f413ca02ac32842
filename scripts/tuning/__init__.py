"""Hyperparameter tuning jobs: what one asks, what its training jobs found, the report about it."""

from scripts.tuning.conclusion import conclude
from scripts.tuning.finding import best_job, describe, find
from scripts.tuning.following import follow, following_tuning, read, read_ended
from scripts.tuning.listing import list_tunings, tuning_table
from scripts.tuning.preparation import PreparedTuning, prepare, upload
from scripts.tuning.results import ENDED, Tuning
from scripts.tuning.running import print_end, run, search_lines
from scripts.tuning.stopping import stop

__all__ = [
    "ENDED",
    "PreparedTuning",
    "Tuning",
    "best_job",
    "conclude",
    "describe",
    "find",
    "follow",
    "following_tuning",
    "list_tunings",
    "prepare",
    "print_end",
    "read",
    "read_ended",
    "run",
    "search_lines",
    "stop",
    "tuning_table",
    "upload",
]
