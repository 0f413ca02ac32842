"""A job that leaves nothing in its model: the archive decides, and the other results are looked at."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from scripts.core import aws
from scripts.runs import EmptyModelError, download_model
from scripts.runs.results import holds_files
from tests.unit.runs.test_download_model import JOB, Job

FOLDER, FILE = tarfile.DIRTYPE, tarfile.REGTYPE


def packed(*members: tuple[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as tar:
        for name, kind in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            tar.addfile(info, io.BytesIO())
    return held.getvalue()


@pytest.mark.parametrize(
    ("members", "files"),
    [
        ([], False),
        ([(".", FOLDER), ("1", FOLDER)], False),
        ([(".", FOLDER), ("an empty file", FILE)], True),
    ],
)
def test_an_archive_of_folders_holds_no_file(members: list[tuple[str, bytes]], files: bool) -> None:
    assert holds_files(io.BytesIO(packed(*members))) is files


def test_what_is_no_archive_is_left_to_whoever_unpacks_it() -> None:
    assert holds_files(io.BytesIO(b"no archive"))


@pytest.fixture
def stored(empty_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="models")
    s3.put_object(Bucket="models", Key="x/output/model.tar.gz", Body=packed((".", FOLDER)))
    return s3


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (None, None),
        ((".", FOLDER), None),
        (("scores.csv", FILE), "s3://models/x/output/output.tar.gz"),
    ],
)
def test_an_empty_model_is_never_reported_as_a_model(
    stored: Any, output: tuple[str, bytes] | None, found: str | None
) -> None:
    if output is not None:
        stored.put_object(Bucket="models", Key="x/output/output.tar.gz", Body=packed(output))
    with pytest.raises(EmptyModelError) as caught:
        download_model(Job("Completed", model="s3://models/x/output/model.tar.gz"), JOB)
    assert caught.value.output == found
    assert list(Path("runs", JOB).iterdir()) == []


def test_an_empty_folder_is_no_model(stored: Any) -> None:
    Path("runs", JOB, "model").mkdir(parents=True)
    stored.put_object(Bucket="models", Key="x/output/model.tar.gz", Body=packed(("model.keras", FILE)))
    record, existed = download_model(Job("Completed", model="s3://models/x/output/model.tar.gz"), JOB)
    assert (record.model_path, existed) == (f"runs/{JOB}/model", False)
