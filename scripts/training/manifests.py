"""The manifests of a job's channels: checked before anything is created, then written to the data bucket."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from scripts.channels import listed
from scripts.core import aws
from scripts.training.preflight import unless_denied

if TYPE_CHECKING:
    from scripts.training.request import TrainingJob


def check(job: "TrainingJob", say: Callable[[str], None]) -> None:
    """Check that what the manifests name exists in S3. Lists of local files were checked when they were read.

    Args:
        job: the job.
        say: prints what cannot be checked.

    Raises:
        UserError: a manifest is missing or has another form, or an object that it names does not exist.
    """
    s3 = aws.client("s3")
    for name, channel in job.spec.channels.items():
        if channel.manifest is not None and channel.folder is None:
            what = f"the objects that {channel.manifest} names"
            # The bucket is that of local sources, which this channel has not.
            unless_denied(what, partial(_check_objects, s3, channel.manifest, job.manifest(name, bucket="")), say)


def _check_objects(s3: Any, place: str, manifest: listed.Manifest | None) -> None:
    listed.check_exists(s3, manifest or listed.read(s3, place), place)


def written(job: "TrainingJob", bucket: str) -> dict[str, listed.Manifest]:
    """The manifests of local lists, by their keys in the data bucket."""
    found = {name: job.manifest(name, bucket) for name in job.lists}
    return {one.key(job.spec_name, name): one for name, one in found.items() if one is not None}


def upload(job: "TrainingJob", bucket: str) -> None:
    """Write the manifests of local lists to the data bucket."""
    s3 = aws.client("s3")
    for key, manifest in written(job, bucket).items():
        s3.put_object(
            Bucket=bucket, Key=key, Body=manifest.body, ContentType="application/json", ChecksumAlgorithm="SHA256"
        )
