"""What S3 holds below a channel's prefix, and which jobs in progress read it."""

from typing import Any

from scripts.channels.plan import RemoteObject
from scripts.core import jobs
from scripts.core.errors import UserError

# The key of the metadata that an upload stores beside the content.
SHA256 = "sha256"


def prefix_of(spec: str, channel: str) -> str:
    """Where a channel's objects are in the data bucket.

    It ends in a slash: SageMaker takes every object whose key begins so, and without it ``training`` would bring
    ``training2/…`` along.
    """
    return f"{spec}/{channel}/"


def list_objects(s3: Any, bucket: str, prefix: str) -> list[RemoteObject]:
    """Everything below ``prefix``.

    Raises:
        UserError: the bucket does not exist.
    """
    found = []
    try:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                key = entry["Key"].removeprefix(prefix)
                found.append(RemoteObject(key, entry["Size"], entry["ETag"].strip('"')))
    except s3.exceptions.NoSuchBucket:
        raise UserError(f"The data bucket {bucket} does not exist.", "Build the stack: `make infra`.") from None
    return found


def stored_sha256(s3: Any, bucket: str, key: str) -> str | None:
    """The SHA-256 that was stored when the object was uploaded; None where something else uploaded it."""
    found: str | None = s3.head_object(Bucket=bucket, Key=key)["Metadata"].get(SHA256)
    return found


def readers(sagemaker: Any, bucket: str, prefix: str) -> list[str]:
    """Names of the training jobs in progress that read objects below ``prefix``."""
    wanted = f"s3://{bucket}/{prefix}"
    return [job["TrainingJobName"] for job in jobs.active(sagemaker) if _reads(job, wanted)]


def _reads(job: dict[str, Any], wanted: str) -> bool:
    sources = (channel.get("DataSource", {}).get("S3DataSource", {}) for channel in job.get("InputDataConfig", []))
    uris = [source["S3Uri"] for source in sources if source]
    return any(uri.startswith(wanted) or wanted.startswith(uri) for uri in uris)
