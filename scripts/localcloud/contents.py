"""Lists what a local cloud holds. It calls the local cloud as any program does, with AWS's standard variables."""

from collections.abc import Iterator
from typing import Any

from scripts.core import aws, console


def lines() -> Iterator[str]:
    """Yield a line for each bucket, repository and training job."""
    s3 = aws.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        objects = _pages(s3, "list_objects_v2", "Contents", Bucket=bucket["Name"])
        sizes = [entry["Size"] for entry in objects]
        yield f"  bucket {bucket['Name']}: {len(sizes)} objects, {console.size(sum(sizes))}"
    ecr = aws.client("ecr")
    for repository in _pages(ecr, "describe_repositories", "repositories"):
        name = repository["repositoryName"]
        images = list(_pages(ecr, "describe_images", "imageDetails", repositoryName=name))
        yield f"  repository {name}: {len(images)} images"
    for job in _pages(aws.client("sagemaker"), "list_training_jobs", "TrainingJobSummaries"):
        yield f"  training job {job['TrainingJobName']}: {job['TrainingJobStatus']}"


def _pages(client: Any, operation: str, member: str, **parameters: str) -> Iterator[Any]:
    for page in client.get_paginator(operation).paginate(**parameters):
        yield from page.get(member, [])
