"""The training jobs that go on in the account and region: what they read and write must be let alone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

LONGEST_JOB = timedelta(days=28)  # the most that MaxRuntimeInSeconds may say
ACTIVE = frozenset({"InProgress", "Stopping"})


def active(sagemaker: Any) -> Iterator[dict[str, Any]]:
    """DescribeTrainingJob's answer for each job that has not ended; one that is stopping still reads and writes."""
    # SageMaker's own filter by status works after a page is cut, and saves no page; it lists two pages a second.
    pages = sagemaker.get_paginator("list_training_jobs").paginate(
        CreationTimeAfter=datetime.now(UTC) - LONGEST_JOB, PaginationConfig={"PageSize": 100}
    )
    for page in pages:
        for job in page["TrainingJobSummaries"]:
            if job["TrainingJobStatus"] in ACTIVE:
                yield sagemaker.describe_training_job(TrainingJobName=job["TrainingJobName"])
