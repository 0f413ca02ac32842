"""Finds objects below a prefix that have changed since a moment, from the versions that the bucket keeps."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scripts.core import aws


@dataclass(frozen=True)
class Version:
    """One version of an object; ``etag`` is None for a deletion, ``latest`` marks the current version."""

    key: str
    etag: str | None
    modified: datetime
    latest: bool


def changed_since(s3: Any, uri: str, moment: datetime) -> list[str]:
    """The keys of the objects below ``uri`` that were added, deleted or changed since ``moment``.

    Args:
        s3: the client; needs the right to s3:ListBucketVersions.
        uri: ``s3://bucket/prefix``.
        moment: a time with a time zone.
    """
    bucket, prefix = aws.split_uri(uri)
    found = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=prefix):
        for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
            found.append(Version(one["Key"], one.get("ETag"), one["LastModified"], one["IsLatest"]))
    return differences(found, moment)


def differences(versions: Iterable[Version], moment: datetime) -> list[str]:
    """The keys whose content differs from their content at ``moment``, sorted.

    A version that the bucket did not keep counts as another content. In a bucket without versioning, every object
    written after ``moment`` counts as changed, and deletions are not noticed.
    """
    now: dict[str, str | None] = {}
    then: dict[str, str | None] = {}
    for one in sorted(versions, key=lambda version: version.modified):
        if one.latest:
            now[one.key] = one.etag
        if one.modified <= moment:
            then[one.key] = one.etag
    return sorted(key for key, etag in now.items() if etag != then.get(key))
