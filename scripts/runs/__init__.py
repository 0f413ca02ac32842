"""Training jobs after they were sent: their records, list, logs, models and cost."""

from scripts.runs.artifacts import download_model
from scripts.runs.ending import print_end, still_running_line
from scripts.runs.following import follow
from scripts.runs.listing import job_table, list_jobs
from scripts.runs.prices import estimate_cost
from scripts.runs.record import Record, describe, find, save_record
from scripts.runs.results import EmptyModelError

__all__ = [
    "EmptyModelError",
    "Record",
    "describe",
    "download_model",
    "estimate_cost",
    "find",
    "follow",
    "job_table",
    "list_jobs",
    "print_end",
    "save_record",
    "still_running_line",
]
