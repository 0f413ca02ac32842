"""A CreateTrainingJob request: built from a job file or an earlier job, checked, sent, and followed to its model."""

from scripts.training.images import check_images
from scripts.training.job_image import describe_image, own_image, own_tag
from scripts.training.request import Order, build_request, job_name, merge_metrics
from scripts.training.running import run

__all__ = [
    "Order",
    "build_request",
    "check_images",
    "describe_image",
    "job_name",
    "merge_metrics",
    "own_image",
    "own_tag",
    "run",
]
