"""The synchronisation against S3's API."""

import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from scripts.channels import LocalChannel, local, remote, synchronise
from scripts.core import aws, jobs
from scripts.core.errors import UserError

PREFIX = "job/training/"
pytestmark = pytest.mark.usefixtures("empty_aws")


class InProgress:
    """A SageMaker client with one job in progress, on the second page. In moto, jobs complete at once."""

    def __init__(self, uri: str, status: str = "InProgress") -> None:
        self.uri, self.status = uri, status

    def get_paginator(self, _: str) -> "InProgress":
        return self

    def paginate(self, **_: object) -> list[dict[str, object]]:
        ended, active = ({"TrainingJobName": f"it {one}", "TrainingJobStatus": one} for one in ("Failed", self.status))
        return [{"TrainingJobSummaries": [ended]}, {"TrainingJobSummaries": [active]}]

    def describe_training_job(self, TrainingJobName: str) -> dict[str, object]:  # noqa: N803 -- boto3's name
        channel = {"DataSource": {"S3DataSource": {"S3Uri": self.uri}}}
        return {"TrainingJobName": TrainingJobName, "InputDataConfig": [channel]}


@pytest.fixture
def s3(empty_aws: None) -> Any:
    client = aws.client("s3")
    client.create_bucket(Bucket="data")
    return client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"0/a b.png": "1", "0/ü+%20.png": "22", "1/empty": ""}.items():
        path = tmp_path / "training" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "training"


def sync(folder: Path, yes: bool = False) -> None:
    synchronise([LocalChannel("training", folder, "channels.training.source", PREFIX)], "data", yes)


def contents(s3: Any, prefix: str = PREFIX) -> dict[str, bytes]:
    listed = s3.list_objects_v2(Bucket="data", Prefix=prefix).get("Contents", [])
    return {
        entry["Key"].removeprefix(prefix): s3.get_object(Bucket="data", Key=entry["Key"])["Body"].read()
        for entry in listed
    }


def test_the_first_upload_makes_the_prefix_equal_to_the_folder(
    s3: Any, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sync(folder)
    assert contents(s3) == {"0/a b.png": b"1", "0/ü+%20.png": b"22", "1/empty": b""}
    assert "3 to upload, 0 unchanged, 0 to delete" in capsys.readouterr().out
    head = s3.head_object(Bucket="data", Key=f"{PREFIX}0/a b.png", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"]


def test_only_changed_files_are_uploaded(s3: Any, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sync(folder)
    before = {entry["Key"]: entry["LastModified"] for entry in s3.list_objects_v2(Bucket="data")["Contents"]}
    (folder / "0/a b.png").write_text("9")  # of the same size
    (folder / "1/new").write_text("new")
    capsys.readouterr()
    sync(folder)
    assert "2 to upload, 2 unchanged, 0 to delete" in capsys.readouterr().out
    assert contents(s3)["0/a b.png"] == b"9"
    sync(folder)
    assert "0 to upload, 4 unchanged" in capsys.readouterr().out
    assert before.keys() < {PREFIX + key for key in contents(s3)}


@pytest.mark.e2e
def test_large_files_are_uploaded_in_parts_and_recognised_afterwards(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # 5 MiB is the smallest part that S3 allows.
    monkeypatch.setattr(local, "PART_SIZE", 5 * 1024 * 1024)
    folder = tmp_path / "big"
    folder.mkdir()
    content = random.Random(1).randbytes(12 * 1024 * 1024)  # noqa: S311
    (folder / "file").write_bytes(content)
    sync(folder)
    (entry,) = s3.list_objects_v2(Bucket="data")["Contents"]
    assert entry["ETag"].strip('"') == local.digests(folder / "file").etag
    assert entry["ETag"].endswith('-3"')
    # With another part size the ETag differs, and the stored SHA-256 decides.
    monkeypatch.setattr(local, "PART_SIZE", 6 * 1024 * 1024)
    capsys.readouterr()
    sync(folder)
    assert "0 to upload, 1 unchanged" in capsys.readouterr().out
    assert contents(s3) == {"file": content}


def test_objects_of_other_programs_are_compared_by_content(s3: Any, folder: Path) -> None:
    s3.put_object(Bucket="data", Key=f"{PREFIX}0/a b.png", Body=b"1")
    s3.put_object(Bucket="data", Key=f"{PREFIX}0/ü+%20.png", Body=b"xx")
    sync(folder)
    assert contents(s3)["0/ü+%20.png"] == b"22"
    assert "sha256" not in s3.head_object(Bucket="data", Key=f"{PREFIX}0/a b.png")["Metadata"]


def test_deletion_needs_a_confirmation_and_stays_within_the_prefix(s3: Any, folder: Path) -> None:
    others = ("job/training2/x", "job/validation/x", "other/x")
    for key in (*others, f"{PREFIX}gone", PREFIX):
        s3.put_object(Bucket="data", Key=key, Body=b"")
    with pytest.raises(UserError, match="no terminal to ask at"):
        sync(folder)
    assert contents(s3).keys() == {"gone", ""}  # nothing was uploaded either
    sync(folder, yes=True)
    assert contents(s3).keys() == {"0/a b.png", "0/ü+%20.png", "1/empty"}
    assert {key for key in contents(s3, "") if not key.startswith(PREFIX)} == set(others)


def test_jobs_in_progress_that_read_the_prefix_are_found() -> None:
    def found(uri: str, status: str = "InProgress") -> list[str]:
        active = list(jobs.active(InProgress(uri, status)))
        return [job["TrainingJobName"] for job in remote.readers(active, "data", PREFIX)]

    for uri in ("s3://data/job/training/", "s3://data/job/training/0/", "s3://data/job/", "s3://data"):
        assert found(uri) == ["it InProgress"]
    for uri in ("s3://data/job/training2/", "s3://data/job/validation/", "s3://other/job/training/"):
        assert found(uri) == []
    assert found("s3://data", "Stopping") == ["it Stopping"]


@contextmanager
def at_the_first_upload(act: Callable[[], object]) -> Iterator[None]:
    """Do something once, when the first PutObject is about to be sent; the other requests wait for it."""
    pending, one = [act], threading.Lock()

    def handler(**_: object) -> None:
        with one:
            if pending:
                pending.pop()()

    aws.session.cache_clear()  # the next client has the handler
    aws.session().register("before-send.s3.PutObject", handler)
    yield
    aws.session.cache_clear()


def test_a_file_that_shrinks_while_it_waits_ends_the_upload_at_once(s3: Any, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(30):
        (folder / f"{number:02}").write_bytes(b"x" * 200_000)

    shrunk, first = threading.Event(), threading.Lock()

    def shrink(**_: object) -> None:
        """Hold every request until all files wait in s3transfer's queue, then shrink them."""
        if first.acquire(blocking=False):
            shrunk.wait(1)
            for file in folder.iterdir():
                file.write_bytes(b"x")
            shrunk.set()
        shrunk.wait()

    aws.session.cache_clear()  # the next client has the handler
    aws.session().register("before-send.s3.PutObject", shrink)
    start = time.monotonic()
    with pytest.raises(UserError, match="changed during its upload"):
        sync(folder)
    aws.session.cache_clear()
    assert time.monotonic() - start < 20  # otherwise minutes: S3 waits for the bytes that were announced


def test_a_failed_upload_prints_no_traceback_and_counts_only_what_arrived(
    s3: Any, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(60):
        (folder / f"{number:02}").write_bytes(b"x" * 5_000)
    monkeypatch.setattr("scripts.core.progress.SECONDS_BETWEEN_LINES", 0)
    with (
        at_the_first_upload(lambda: s3.delete_bucket(Bucket="data")),
        pytest.raises(aws.client("s3").exceptions.ClientError),
    ):
        sync(folder)
    output = capfd.readouterr()
    assert output.err == ""
    assert re.findall(r"([1-9]\d*) of 60 files", output.out) == []


@pytest.mark.parametrize("key", ["9/of another", "0/a b.png"], ids=["a new object", "other content"])
def test_what_another_command_uploads_meanwhile_is_found(s3: Any, folder: Path, key: str) -> None:
    (folder / "0/last").write_text("x")
    sync(folder)
    (folder / "0/last").write_text("y")
    other = partial(s3.put_object, Bucket="data", Key=PREFIX + key, Body=b"0")
    with at_the_first_upload(other), pytest.raises(UserError) as caught:
        sync(folder)
    assert caught.value.problem == f"s3://data/{PREFIX} is not equal to {folder} after the upload: {key}."
    sync(folder, yes=True)
    assert contents(s3)["0/a b.png"] == b"1"


@pytest.mark.parametrize(
    ("job", "yet"),
    [
        ({"SecondaryStatus": "Pending"}, True),
        ({"SecondaryStatus": "Starting"}, True),
        ({"SecondaryStatus": "Downloading"}, True),
        ({"SecondaryStatus": "Interrupted", "EnableManagedSpotTraining": True}, True),
        ({"SecondaryStatus": "Training"}, False),
        ({"SecondaryStatus": "Uploading", "EnableManagedSpotTraining": True}, False),
        ({"SecondaryStatus": "Training", "EnableManagedSpotTraining": True}, True),
        ({"SecondaryStatus": "Training", "RetryStrategy": {"MaximumRetryAttempts": 3}}, True),
        ({"SecondaryStatus": "Training", "InputDataConfig": [{"InputMode": "FastFile"}]}, True),
        ({"SecondaryStatus": "Training", "AlgorithmSpecification": {"TrainingInputMode": "Pipe"}}, True),
        ({"SecondaryStatus": "Stopping", "TrainingJobStatus": "Stopping"}, False),
    ],
)
def test_which_jobs_have_yet_to_read_their_input(job: dict[str, Any], yet: bool) -> None:
    plain = {"TrainingJobStatus": "InProgress", "InputDataConfig": [{"ChannelName": "training"}]}
    assert remote.has_yet_to_read(plain | job) is yet


def test_the_error_about_a_missing_bucket_names_make_infra(folder: Path) -> None:
    with pytest.raises(UserError, match="make infra"):
        sync(folder)
