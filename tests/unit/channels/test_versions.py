"""Changes below a prefix, found from object versions: as a pure function, and with moto's S3."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scripts.channels import changed_since
from scripts.channels.versions import Version, differences
from scripts.core import aws

THEN = datetime(2026, 1, 1, tzinfo=UTC)
BEFORE, AFTER, LATER = (THEN + timedelta(hours=hours) for hours in (-1, 1, 2))


def version(etag: str | None, modified: datetime, latest: bool = True) -> Version:
    return Version("key", etag, modified, latest)


@pytest.mark.parametrize(
    ("versions", "changed"),
    [
        ([version("a", BEFORE)], False),
        ([version("a", THEN)], False),
        ([version("b", AFTER), version("a", BEFORE, latest=False)], True),
        ([version("a", AFTER)], True),  # the bucket kept no earlier version
        ([version(None, AFTER), version("a", BEFORE, latest=False)], True),
        ([version("a", LATER), version("b", AFTER, latest=False), version("a", BEFORE, latest=False)], False),
        ([version("a", LATER), version(None, AFTER, latest=False), version("a", BEFORE, latest=False)], False),
        ([version(None, LATER), version("b", AFTER, latest=False)], False),  # added and deleted in between
        ([version(None, BEFORE), version("a", BEFORE - timedelta(1), latest=False)], False),
        ([version("a", AFTER), version(None, BEFORE, latest=False)], True),
    ],
)
def test_changed_keys_are_found_from_versions(versions: list[Version], changed: bool) -> None:
    assert differences(versions, THEN) == (["key"] if changed else [])


@pytest.mark.usefixtures("empty_aws")
def test_changes_are_found_in_a_versioned_bucket() -> None:
    s3: Any = aws.client("s3")
    s3.create_bucket(Bucket="data")
    s3.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    for key in ("same", "other", "gone", "back"):
        s3.put_object(Bucket="data", Key=f"job/training/{key}", Body=b"1")
    time.sleep(1.1)  # S3's times have a resolution of one second
    moment = datetime.now(UTC)
    assert changed_since(s3, "s3://data/job/training/", moment) == []
    time.sleep(1.1)
    s3.put_object(Bucket="data", Key="job/training/same", Body=b"1")
    s3.put_object(Bucket="data", Key="job/training/other", Body=b"2")
    s3.put_object(Bucket="data", Key="job/training/new", Body=b"1")
    s3.put_object(Bucket="data", Key="job/training2/new", Body=b"1")
    s3.delete_object(Bucket="data", Key="job/training/gone")
    s3.delete_object(Bucket="data", Key="job/training/back")
    s3.put_object(Bucket="data", Key="job/training/back", Body=b"1")
    found = changed_since(s3, "s3://data/job/training/", moment)
    assert found == [f"job/training/{key}" for key in ("gone", "new", "other")]
