"""Builds a CreateTrainingJob request from a job file or an earlier job, checks it, sends it and follows the job."""

from scripts.training.images import check_images
from scripts.training.job_image import describe_image, job_image, job_tag
from scripts.training.preparation import (
    PreparedJob,
    check_and_upload,
    check_offline,
    prepare,
    prepare_described,
    upload,
    uploads,
)
from scripts.training.request import TrainingJob, build_request, job_name, merge_metrics
from scripts.training.running import fetch_model, run, send

__all__ = [
    "PreparedJob",
    "TrainingJob",
    "build_request",
    "check_and_upload",
    "check_images",
    "check_offline",
    "describe_image",
    "fetch_model",
    "job_image",
    "job_name",
    "job_tag",
    "merge_metrics",
    "prepare",
    "prepare_described",
    "run",
    "send",
    "upload",
    "uploads",
]
