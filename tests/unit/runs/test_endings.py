"""After a job exists, no message advises what would start a second one; and the place for a run is checked before."""

import errno
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from scripts import runs
from scripts.core.errors import UserError
from scripts.runs import check_can_keep, downloading, following_job, save_record
from scripts.runs.requests import forget_request, keep_request
from tests.unit.runs.test_find_runs import described

JOB = "digits-20260101-120000-aaaa"
FULL = OSError(errno.ENOSPC, "No space left on device", f"runs/{JOB}")
EXPIRED = ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "DescribeTrainingJob")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("error", [FULL, EXPIRED, EndpointConnectionError(endpoint_url="https://x")], ids=repr)
def test_every_message_is_about_the_job_that_exists(error: Exception) -> None:
    for block, command, state in (
        (following_job(JOB), f"`make logs RUN={JOB}`", f"{JOB} keeps running."),
        (following_job(JOB, "Failed"), f"`make logs RUN={JOB}`", f"{JOB} is Failed."),
        (downloading(JOB), f"`make model RUN={JOB}`", f"{JOB} is Completed."),
    ):
        with pytest.raises(UserError) as caught, block:
            raise error
        assert f"un {command}" in caught.value.fix
        assert caught.value.fix.endswith(state)
        assert "same command" not in caught.value.fix


def test_errors_of_our_own_keep_their_fix() -> None:
    with pytest.raises(UserError) as caught, downloading(JOB):
        raise UserError("The model's archive cannot be read: x.", "Run the same command again. If the error stays, …")
    assert caught.value.fix == f"Run `make model RUN={JOB}`. If the error stays, …"


def test_a_bug_says_that_the_job_runs_on() -> None:
    with pytest.raises(KeyError) as caught, following_job(JOB):
        raise KeyError("x")
    assert caught.value.__notes__ == [
        f"{JOB} keeps running. `make logs RUN={JOB}` follows it again, `make stop RUN={JOB}` stops it, "
        f"`make jobs` lists it, `make model RUN={JOB}` downloads its model when it has ended."
    ]


def test_the_place_for_a_run_is_checked_without_a_trace() -> None:
    check_can_keep({"TrainingJobName": JOB})
    assert list(Path().iterdir()) == []
    Path("runs").mkdir()
    check_can_keep({"TrainingJobName": JOB})
    assert list(Path("runs").iterdir()) == []
    Path("runs").rmdir()
    Path("runs").write_text("x")
    with pytest.raises(UserError, match=r"runs is a file, but it must be the folder of all runs\."):
        check_can_keep({"TrainingJobName": JOB})


def test_a_request_is_forgotten_but_not_what_else_is_there() -> None:
    keep_request(JOB, {"TrainingJobName": JOB}, ["{}"])
    assert sorted(path.name for path in Path("runs", JOB).iterdir()) == ["data.jsonl", "request.json"]
    Path("runs", JOB, "notes").write_text("mine")
    forget_request(JOB)
    assert [path.name for path in Path("runs", JOB).iterdir()] == ["notes"]


def test_a_record_that_cannot_be_written_leaves_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device", str(self), None, str(target))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space left") as caught:
        save_record(described())
    assert caught.value.filename == f"runs/{JOB}"
    assert list(Path("runs", JOB).iterdir()) == []


def test_no_message_about_a_run_advises_to_run_its_job_again() -> None:
    for source in Path(runs.__file__).parent.glob("*.py"):
        assert "run the job again" not in source.read_text(encoding="utf-8"), source
