"""Downloading and unpacking a model: what is accepted, what is refused; an error leaves no files."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.runs.artifacts import download_model, unpack

JOB = "digits-20260101-120000-aaaa"


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    content = b"model" if kind == tarfile.REGTYPE else b""
    info.size = len(content)
    return info, content


def archive(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


def test_files_and_folders_are_unpacked(tmp_path: Path) -> None:
    good = archive(tmp_path / "m.tar.gz", member("./"[:-1], tarfile.DIRTYPE), member("./1/a"), member("b c"))
    unpack(good, tmp_path / "model")
    found = {path.relative_to(tmp_path / "model").as_posix() for path in (tmp_path / "model").rglob("*")}
    assert found == {"1", "1/a", "b c"}
    assert (tmp_path / "model" / "1" / "a").read_bytes() == b"model"


@pytest.mark.parametrize(
    "bad",
    [
        member("/etc/x"),
        member("../x"),
        member("a/../../x"),
        member("link", tarfile.SYMTYPE, "/etc/passwd"),
        member("link", tarfile.SYMTYPE, "good"),
        member("link", tarfile.LNKTYPE, "../x"),
        member("device", tarfile.CHRTYPE),
        member("pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda pair: f"{pair[0].name} {pair[0].type.decode()}",
)
def test_archive_with_a_bad_member_is_refused_and_nothing_is_unpacked(
    bad: tuple[tarfile.TarInfo, bytes], tmp_path: Path
) -> None:
    path = archive(tmp_path / "m.tar.gz", member("good"), bad)
    with pytest.raises(UserError) as caught:
        unpack(path, tmp_path / "model")
    assert repr(bad[0].name) in caught.value.problem
    assert [found.name for found in tmp_path.iterdir()] == ["m.tar.gz"]


@given(st.binary(max_size=200), st.integers(0, 200))
def test_broken_archive_is_reported(noise: bytes, cut: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        whole = archive(Path(name) / "m.tar.gz", member("good")).read_bytes()
        for content in (noise, whole[: min(cut, len(whole) - 9)]):
            (Path(name) / "m.tar.gz").write_bytes(content)
            with pytest.raises(UserError, match="cannot be read"):
                unpack(Path(name) / "m.tar.gz", Path(name) / "model")
            assert not (Path(name) / "model").exists()


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


def test_refused_archive_leaves_no_files(stored: Any, tmp_path: Path) -> None:
    path = archive(tmp_path / "bad.tar.gz", member("../x"))
    stored.put_object(Bucket="models", Key="m.tar.gz", Body=path.read_bytes())
    with pytest.raises(UserError, match="not unpacked"):
        download_model(Job("Completed"), JOB)
    assert list(Path("runs", JOB).iterdir()) == []
