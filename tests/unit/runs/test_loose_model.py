"""A model without an archive: one object for each file. The names are as hostile as an archive's."""

import errno
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.runs import EmptyModelError, download_model
from scripts.runs.archive import MOST_MEMBERS
from scripts.runs.loose import check_names
from scripts.runs.unpacking import RefusedMemberError
from tests.unit.runs.test_download_model import JOB, Job

URI = "s3://models/x/output/model/"


class LooseJob(Job):
    """A job whose results are single objects."""

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 -- boto3's name
        output = {"S3OutputPath": "s3://models/x/", "CompressionType": "NONE"}
        return super().describe_training_job(TrainingJobName) | {"OutputDataConfig": output}


@pytest.fixture
def stored(empty_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="models")
    return s3


def put(s3: Any, *names: str) -> None:
    for name in names:
        s3.put_object(Bucket="models", Key=f"x/output/{name}", Body=b"" if name.endswith("/") else name.encode())


@pytest.mark.parametrize("uri", [URI, URI.rstrip("/")])
def test_each_object_becomes_a_file(uri: str, stored: Any) -> None:
    put(stored, "model/", "model/model.keras", "model/variables/0", "model/empty/", "data/x", "model.keras", "model2/x")
    record, was_there = download_model(LooseJob("Completed", model=uri), JOB)
    folder = Path(f"runs/{JOB}/model")
    assert (record.model_path, was_there) == (folder.as_posix(), False)
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) == [
        "empty", "model.keras", "variables", "variables/0"
    ]  # fmt: skip
    assert (folder / "variables/0").read_bytes() == b"model/variables/0"
    assert sorted(path.name for path in Path("runs", JOB).iterdir()) == ["model", "record.json"]


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["../x"], "leads out of the folder"),
        (["a/../../x"], "leads out of the folder"),
        (["/etc/x"], "leads out of the folder"),
        (["a//b"], "is not written as the path of a file"),
        (["./a"], "is not written as the path of a file"),
        (["a", "a/b"], "is a file and also a folder"),
        (["a", "a/"], "is a file and also a folder"),
        (["x" * 256], "has a longer name than a file can have"),
        (["a\0b"], "has a NUL in its name"),
        ([str(number) for number in range(MOST_MEMBERS + 1)], "is one of more than 100,000"),
    ],
)
def test_a_name_that_cannot_be_a_files_is_refused(names: list[str], reason: str) -> None:
    with pytest.raises(RefusedMemberError, match=reason):
        check_names(dict.fromkeys(names, 0))


def test_a_refused_name_is_two_lines_and_leaves_nothing(stored: Any) -> None:
    put(stored, "model/good", "model/a//b")
    with pytest.raises(UserError) as caught:
        download_model(LooseJob("Completed", model=URI), JOB)
    assert caught.value.problem.startswith("The model was not downloaded: its object 'a//b' is not written as the path")
    assert f"`aws s3 cp --recursive {URI} FOLDER`" in caught.value.fix
    assert list(Path("runs", JOB).iterdir()) == []


def test_a_model_larger_than_the_disk_is_not_downloaded(stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(stored, "model/model.keras")
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(path=path, free=3))
    with pytest.raises(UserError, match="it needs 17 B"):
        download_model(LooseJob("Completed", model=URI), JOB)


def test_a_name_that_this_disk_refuses_is_two_lines(stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    put(stored, "model/a")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EILSEQ, "Invalid or incomplete multibyte character", f"runs/{JOB}/x/model/a")

    monkeypatch.setattr("scripts.runs.loose._fetch", refuse)
    with pytest.raises(UserError, match="cannot be on this disk: Invalid or incomplete"):
        download_model(LooseJob("Completed", model=URI), JOB)


@pytest.mark.parametrize(("names", "output"), [((), None), (("data/scores.csv",), "s3://models/x/output/data/")])
def test_a_job_without_a_model_is_reported(names: tuple[str, ...], output: str | None, stored: Any) -> None:
    put(stored, *names)
    with pytest.raises(EmptyModelError) as caught:
        download_model(LooseJob("Completed", model=URI), JOB)
    assert caught.value.output == output
    assert ("aws s3 cp --recursive" in caught.value.fix) == (output is not None)
