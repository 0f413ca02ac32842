"""Looks for the leftovers of a stack, in its own buckets and repository and among its own jobs."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from scripts.core import aws
from scripts.core.jobs import active
from scripts.leftovers import jobs
from scripts.leftovers.model import Kind, Leftover
from scripts.leftovers.ownership import has_tags

if TYPE_CHECKING:
    from scripts.stack import Stack

ABANDONED = timedelta(days=1)
"""An upload that began later may be going on: the largest file takes hours."""


def find(stack: "Stack", now: datetime, say: Callable[[str], None]) -> list[Leftover]:
    """All leftovers of a stack. Changes nothing.

    Args:
        stack: the stack.
        now: the time.
        say: prints which bucket or repository does not have the stack's tags: nothing in it is touched.
    """
    sagemaker = aws.client("sagemaker")
    tunings = jobs.tunings_of(sagemaker, stack)
    found = jobs.jobs_of(sagemaker, stack)
    folders = jobs.done_folders(found, list(active(sagemaker)), stack.checkpoints_bucket, tunings)
    return [
        *jobs.running_tunings(tunings, found),
        *jobs.running(found, tunings),
        *jobs.pools(found),
        *_images(stack, jobs.needed_digests(found), say),
        *_in_buckets(stack, folders, now, say),
    ]


def _images(stack: "Stack", needed: set[str], say: Callable[[str], None]) -> Iterator[Leftover]:
    """The images that have no tag, in the stack's repository."""
    ecr = aws.client("ecr")
    tags = ecr.list_tags_for_resource(resourceArn=stack.repository_arn)["tags"]
    if not has_tags(tags, stack):
        say(f"Not swept: the repository {stack.repository_name}, which does not have the stack's tags.")
        return
    pages = ecr.get_paginator("describe_images").paginate(
        registryId=stack.repository_account, repositoryName=stack.repository_name, filter={"tagStatus": "UNTAGGED"}
    )
    for page in pages:
        for image in page["imageDetails"]:
            if not image.get("imageTags") and image["imageDigest"] not in needed:
                yield Leftover(
                    Kind.IMAGE,
                    image["imageDigest"],
                    stack.repository_name,
                    image["imagePushedAt"],
                    image.get("imageSizeInBytes", 0),
                )


def _in_buckets(stack: "Stack", folders: list[str], now: datetime, say: Callable[[str], None]) -> Iterator[Leftover]:
    s3 = aws.client("s3")
    for bucket in dict.fromkeys((stack.data_bucket, stack.models_bucket, stack.checkpoints_bucket)):
        if not has_tags(_tags(s3, bucket), stack):
            say(f"Not swept: the bucket {bucket}, which does not have the stack's tags.")
            continue
        yield from _uploads(s3, bucket, now)
        if bucket == stack.checkpoints_bucket:
            yield from filter(None, (_checkpoints(s3, bucket, folder) for folder in folders))


def _tags(s3: Any, bucket: str) -> list[dict[str, str]]:
    try:
        tags: list[dict[str, str]] = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except Exception as error:
        if aws.error_code(error) != "NoSuchTagSet":
            raise
        return []
    return tags


def _uploads(s3: Any, bucket: str, now: datetime) -> Iterator[Leftover]:
    for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in page.get("Uploads", []):
            if now - upload["Initiated"] > ABANDONED:
                name = {"Bucket": bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                parts = s3.get_paginator("list_parts").paginate(**name)
                size = sum(part["Size"] for parts_page in parts for part in parts_page.get("Parts", []))
                yield Leftover(Kind.UPLOAD, upload["Key"], bucket, upload["Initiated"], size, upload=upload["UploadId"])


def _checkpoints(s3: Any, bucket: str, folder: str) -> Leftover | None:
    """The objects below a prefix; None if there are none."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder)
    objects = [entry for page in pages for entry in page.get("Contents", [])]
    if not objects:
        return None
    newest = max(entry["LastModified"] for entry in objects)
    return Leftover(Kind.CHECKPOINTS, folder, bucket, newest, sum(entry["Size"] for entry in objects))
