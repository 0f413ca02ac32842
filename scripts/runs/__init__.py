"""What became of jobs: the record of a run, the list of jobs, their logs, models and cost."""

from scripts.runs.artifacts import fetch_model
from scripts.runs.ending import come_back, say_end
from scripts.runs.following import follow
from scripts.runs.listing import job_table, list_jobs
from scripts.runs.prices import estimate_cost
from scripts.runs.record import Record, describe, find, keep_record

__all__ = [
    "Record",
    "come_back",
    "describe",
    "estimate_cost",
    "fetch_model",
    "find",
    "follow",
    "job_table",
    "keep_record",
    "list_jobs",
    "say_end",
]
