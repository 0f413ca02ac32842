"""Aborts multipart uploads that a command began and cannot complete: one failed, or the answer with its ID was lost.

S3 keeps and bills their parts until somebody aborts them. The bucket's rule does so after days; this does so at once.
https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
"""

import contextlib
import os
from collections.abc import Collection, Iterator
from typing import Any

from scripts.core import aws


@contextlib.contextmanager
def none_left(s3: Any, bucket: str, keys: Collection[str]) -> Iterator[None]:
    """Abort the uploads that begin during the block and do not end in it. Without the right to list them, they stay.

    After an interrupt it calls nothing, so that you do not wait for a network that may be down.

    Args:
        s3: the client.
        bucket: the bucket.
        keys: the keys that the block uploads in parts; other uploads belong to others.
    """
    before = _unfinished(s3, bucket, keys)
    try:
        yield
    except Exception:
        with contextlib.suppress(Exception):  # the first error is the one to report
            _abort(s3, bucket, _unfinished(s3, bucket, keys) - before)
        raise
    _abort(s3, bucket, _unfinished(s3, bucket, keys) - before)


def _unfinished(s3: Any, bucket: str, keys: Collection[str]) -> set[tuple[str, str]]:
    if not keys:
        return set()
    prefix = os.path.commonprefix([*keys])  # noqa: RUF071 - a prefix in S3 is any beginning of a key
    pages = s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
    try:
        found = [upload for page in pages for upload in page.get("Uploads", [])]
    except s3.exceptions.ClientError as error:
        if not aws.is_access_denied(error):
            raise
        return set()
    return {(upload["Key"], upload["UploadId"]) for upload in found if upload["Key"] in keys}


def _abort(s3: Any, bucket: str, uploads: set[tuple[str, str]]) -> None:
    for key, upload in uploads:
        with contextlib.suppress(s3.exceptions.NoSuchUpload):  # it has ended meanwhile
            s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)
