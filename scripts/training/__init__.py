"""From a job file to a trained model: spec → request → preflight → submit → follow → artifacts."""

from scripts.training.artifacts import fetch_model
from scripts.training.ending import come_back, say_end
from scripts.training.following import follow
from scripts.training.hyperparameters import as_texts, describe_trainer, read_assignments, settle
from scripts.training.images import check_images
from scripts.training.inputs import check_program, local_channels
from scripts.training.job_image import describe_image, own_image, own_tag
from scripts.training.jobfile import read_job, with_instances
from scripts.training.listing import job_table, list_jobs
from scripts.training.prices import estimate_cost
from scripts.training.request import Order, build_request, job_name, merge_metrics
from scripts.training.running import run
from scripts.training.runs import Record, describe, find, keep_record

__all__ = [
    "Order",
    "Record",
    "as_texts",
    "build_request",
    "check_images",
    "check_program",
    "come_back",
    "describe",
    "describe_image",
    "describe_trainer",
    "estimate_cost",
    "fetch_model",
    "find",
    "follow",
    "job_name",
    "job_table",
    "keep_record",
    "list_jobs",
    "local_channels",
    "merge_metrics",
    "own_image",
    "own_tag",
    "read_assignments",
    "read_job",
    "run",
    "say_end",
    "settle",
    "with_instances",
]
