"""The objects below a channel's prefix in S3, and the jobs in progress that read them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from scripts.channels.plan import RemoteObject
from scripts.core.errors import UserError

# The key of the metadata in which an upload stores the content's SHA-256.
SHA256 = "sha256"


def prefix_of(spec: str, channel: str) -> str:
    """The prefix of a channel's objects in the data bucket.

    It ends in a slash, because SageMaker takes every object whose key starts with the prefix. Without the slash,
    ``training`` would include ``training2/…``.
    """
    return f"{spec}/{channel}/"


def manifest_key(spec: str, channel: str, digest: str) -> str:
    """The key of a channel's manifest in the data bucket: below no channel's prefix, so no upload deletes it."""
    return f"{spec}/{channel}-{digest}.manifest"


def list_objects(s3: Any, bucket: str, prefix: str) -> list[RemoteObject]:
    """The objects below ``prefix``.

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
        raise UserError(f"The data bucket {bucket} does not exist.", "Apply the stack: `make infra`.") from None
    return found


def stored_sha256(s3: Any, bucket: str, key: str) -> str | None:
    """The SHA-256 that our upload stored with the object; None if another program uploaded the object."""
    found: str | None = s3.head_object(Bucket=bucket, Key=key)["Metadata"].get(SHA256)
    return found


def readers(active: Iterable[dict[str, Any]], bucket: str, prefix: str) -> list[dict[str, Any]]:
    """Those of the training jobs in progress that read objects below ``prefix``.

    Args:
        active: their DescribeTrainingJob responses.
        bucket: the data bucket.
        prefix: a channel's prefix.
    """
    prefix_uri = f"s3://{bucket}/{prefix}"
    return [job for job in active if _reads(job, prefix_uri)]


def has_yet_to_read(job: Mapping[str, Any]) -> bool:
    """Whether a job in progress will read its input, or read it again.

    In File mode, SageMaker copies the input before the status Training. In the other modes, the program reads it during
    the training. After an interruption of a spot instance, or with a RetryStrategy, a new instance copies it again.
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-access-training-data.html
    """
    if job["TrainingJobStatus"] != "InProgress" or job["SecondaryStatus"] == "Uploading":
        return False
    if job["SecondaryStatus"] != "Training" or job.get("EnableManagedSpotTraining") or "RetryStrategy" in job:
        return True
    default = job.get("AlgorithmSpecification", {}).get("TrainingInputMode", "File")
    return any((channel.get("InputMode") or default) != "File" for channel in job.get("InputDataConfig", []))


def _reads(job: dict[str, Any], prefix_uri: str) -> bool:
    sources = (channel.get("DataSource", {}).get("S3DataSource", {}) for channel in job.get("InputDataConfig", []))
    return any(_overlaps(source, prefix_uri) for source in sources if source)


def _overlaps(source: Mapping[str, Any], prefix_uri: str) -> bool:
    """Whether a source may have objects below a channel's prefix; of manifests, those that `manifest_key` names."""
    uri = source["S3Uri"]
    if source.get("S3DataType") == "ManifestFile":
        return re.fullmatch(re.escape(prefix_uri.rstrip("/")) + r"-[0-9a-f]{12}\.manifest", uri) is not None
    return bool(uri.startswith(prefix_uri) or prefix_uri.startswith(uri))
