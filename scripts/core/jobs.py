"""The running training jobs of the account and region: nobody may change their input or checkpoints."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

LONGEST_JOB = timedelta(days=28)  # the maximum of MaxRuntimeInSeconds
ACTIVE = frozenset({"InProgress", "Stopping"})


def active(sagemaker: Any) -> Iterator[dict[str, Any]]:
    """The DescribeTrainingJob response of each job that has not ended. A stopping job still reads and writes."""
    # SageMaker's filter by status would save no request: it filters each page after cutting it. SageMaker answers
    # two requests a second.
    pages = sagemaker.get_paginator("list_training_jobs").paginate(
        CreationTimeAfter=datetime.now(UTC) - LONGEST_JOB, PaginationConfig={"PageSize": 100}
    )
    for page in pages:
        for job in page["TrainingJobSummaries"]:
            if job["TrainingJobStatus"] in ACTIVE:
                yield sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])
