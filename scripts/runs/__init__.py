"""Training jobs after they were sent: their records, list, logs, models and cost."""

from scripts.runs.artifacts import download_model
from scripts.runs.ending import downloading, following_job, print_end
from scripts.runs.following import follow
from scripts.runs.listing import cost_line, job_table, list_jobs
from scripts.runs.record import ENDED, Record, describe, find, save_record
from scripts.runs.requests import check_can_keep
from scripts.runs.results import EmptyModelError
from scripts.runs.stopping import stop

__all__ = [
    "ENDED",
    "EmptyModelError",
    "Record",
    "check_can_keep",
    "cost_line",
    "describe",
    "download_model",
    "downloading",
    "find",
    "follow",
    "following_job",
    "job_table",
    "list_jobs",
    "print_end",
    "save_record",
    "stop",
]
