"""Downloading a model; an error leaves no files."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.runs.artifacts import download_model
from tests.unit.runs.archives import archive, member

JOB = "digits-20260101-120000-aaaa"


class Job:
    """A fake SageMaker with one job, because moto has no such job."""

    def __init__(self, *statuses: str, model: str | None = "s3://models/m.tar.gz") -> None:
        self.statuses, self.model = list(statuses), model

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803 -- boto3's name
        from tests.unit.runs.test_find_runs import described

        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        artifacts = {"S3ModelArtifacts": self.model} if self.model else {}
        return described(TrainingJobName=TrainingJobName, TrainingJobStatus=status, ModelArtifacts=artifacts)


@pytest.fixture
def stored(empty_aws: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="models")
    path = archive(tmp_path / "m.tar.gz", member("model.keras"))
    s3.put_object(Bucket="models", Key="m.tar.gz", Body=path.read_bytes())
    return s3


def test_model_is_downloaded_once(stored: Any) -> None:
    record, was_there = download_model(Job("Completed"), JOB)
    assert (record.model_path, was_there) == (f"runs/{JOB}/model", False)
    assert Path(f"runs/{JOB}/model/model.keras").read_bytes() == b"model"
    assert sorted(path.name for path in Path("runs", JOB).iterdir()) == ["model", "record.json"]
    assert download_model(Job("Completed"), JOB)[1] is True


def test_waits_for_a_stopping_job(stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.runs.artifacts.PAUSE", 0)
    record, _ = download_model(Job("Stopping", "Stopping", "Stopped"), JOB)
    assert record.status == "Stopped"


@pytest.mark.parametrize(
    ("job", "problem"),
    [
        (Job("InProgress", model=None), "no model yet"),
        (Job("Failed", model=None), "left no model"),
        (Job("Completed", model="s3://models/gone.tar.gz"), "no longer at s3://models/gone.tar.gz"),
    ],
)
def test_job_without_a_model_is_refused(job: Job, problem: str, stored: Any) -> None:
    with pytest.raises(UserError, match=problem):
        download_model(job, JOB)
    assert not list(Path("runs").rglob("model*"))


def test_a_model_larger_than_the_disk_is_not_downloaded(stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(path=path, free=100))
    with pytest.raises(UserError, match=rf"it needs \d+ B, and the disk of runs/{JOB} has 100 B left\.") as caught:
        download_model(Job("Completed"), JOB)
    assert "`aws s3 cp s3://models/m.tar.gz FOLDER`" in caught.value.fix


def test_refused_archive_leaves_no_files(stored: Any, tmp_path: Path) -> None:
    path = archive(tmp_path / "bad.tar.gz", member("../x"))
    stored.put_object(Bucket="models", Key="m.tar.gz", Body=path.read_bytes())
    with pytest.raises(UserError, match="not unpacked"):
        download_model(Job("Completed"), JOB)
    assert list(Path("runs", JOB).iterdir()) == []
