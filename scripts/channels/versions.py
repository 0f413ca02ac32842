"""Whether what a prefix holds is what it held at a moment: told by the versions that its bucket keeps."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.core import aws


@dataclass(frozen=True)
class Version:
    """An object at one time; ``etag`` is None where it was deleted, ``latest`` says that it is so now."""

    key: str
    etag: str | None
    modified: datetime
    latest: bool


def changed_since(s3: Any, uri: str, moment: datetime) -> list[str]:
    """The keys of the objects below ``uri`` that are new, gone or of another content since ``moment``.

    Args:
        s3: the client; needs the right to s3:ListBucketVersions.
        uri: ``s3://bucket/prefix``.
        moment: when; with a time zone.
    """
    bucket, prefix = aws.split_uri(uri)
    found = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            found.append(Version(one["Key"], one.get("ETag"), one["LastModified"], one["IsLatest"]))
    return differences(found, moment)


def differences(versions: Iterable[Version], moment: datetime) -> list[str]:
    """The keys whose newest version differs in content from the newest one of ``moment``, sorted.

    A version that the bucket has not kept is another content: in a bucket without versioning, everything that was
    written after ``moment`` has changed, and what was deleted goes unnoticed.
    """
    now: dict[str, str | None] = {}
    then: dict[str, str | None] = {}
    for one in sorted(versions, key=lambda version: version.modified):
        if one.latest:
            now[one.key] = one.etag
        if one.modified <= moment:
            then[one.key] = one.etag
    return sorted(key for key, etag in now.items() if etag != then.get(key))
