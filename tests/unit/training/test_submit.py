"""CreateTrainingJob against a SageMaker whose answers get lost, by HTTP, on a virtual clock."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.core.errors import UserError
from scripts.jobfile.reading import parse_job
from scripts.training import TrainingJob, build_request, run
from scripts.training.submission import IAM_DELAY_MESSAGES, JobMayExistError, submit
from tests.unit.aws_server import STACK
from tests.unit.faulty_aws import AFTER, BEFORE, EMPTY, HALF, Clock, Fault, FaultyAws, connected_to, error

JOB = "digits-20260101-120000-ab12"
UNAVAILABLE = error("503", "Service Unavailable", 503)
THROTTLED = error("ThrottlingException", "Rate exceeded")
DENIED = error("AccessDeniedException", "no right")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def connected() -> Iterator[tuple[FaultyAws, Any]]:
    """The server, and a client of it: to make a client takes longer than any test here."""
    server = FaultyAws()
    with connected_to(server) as client:
        yield server, client


@pytest.fixture
def server(connected: tuple[FaultyAws, Any]) -> FaultyAws:
    connected[0].reset()
    return connected[0]


Send = Callable[[], list[str]]


def request(**more: Any) -> dict[str, Any]:
    spec = parse_job({"channels": {"training": {"source": "s3://bucket/x/"}}}, "x")
    return build_request(TrainingJob("digits", spec, JOB, "image", {}, ()), STACK) | more


@pytest.fixture
def send(connected: tuple[FaultyAws, Any]) -> Callable[[], list[str]]:
    """Submits the request on a virtual clock, and gives the lines that it printed."""

    def submitted() -> list[str]:
        clock, lines = Clock(), list[str]()
        submit(request(), lines.append, lambda _: connected[1], clock.now, clock.sleep)
        return lines

    return submitted


@pytest.mark.parametrize(
    ("faults", "sent"),
    [
        ([BEFORE], 2),
        ([AFTER], 1),
        ([HALF], 1),
        ([EMPTY], 1),
        ([UNAVAILABLE], 2),
        ([THROTTLED], 2),
        ([BEFORE, BEFORE, AFTER], 3),
        ([UNAVAILABLE, AFTER], 2),
        ([THROTTLED, HALF], 2),
    ],
    ids=str,
)
def test_after_a_lost_answer_one_job_runs(faults: list[Fault], sent: int, server: FaultyAws, send: Send) -> None:
    server.fail("CreateTrainingJob", *faults)
    server.fail("DescribeTrainingJob", *faults)  # looking for the job fails too
    output = send()
    assert server.created == 1
    assert list(server.jobs) == [JOB]
    assert server.calls["CreateTrainingJob"] == sent
    assert len(output) <= 2, output


def test_a_job_of_somebody_else_is_not_taken(server: FaultyAws, send: Send) -> None:
    server.answer("CreateTrainingJob", request(RoleArn="arn:aws:iam::1:role/theirs"))
    server.fail("CreateTrainingJob", BEFORE)
    with pytest.raises(UserError, match=f"Another job has the name {JOB}") as caught:
        send()
    assert caught.value.fix == "Run the same command again for a new job name."


def test_if_aws_never_answers_the_job_is_named(server: FaultyAws, send: Send) -> None:
    server.fail("CreateTrainingJob", AFTER)
    server.fail("DescribeTrainingJob", BEFORE, forever=True)
    with pytest.raises(JobMayExistError) as caught:
        send()
    assert f"whether it has started the job {JOB}" in caught.value.problem
    assert "It may be running" in caught.value.fix
    for command in ("`make jobs`", f"`make logs RUN={JOB}`", f"`make stop RUN={JOB}`"):
        assert command in caught.value.fix
    assert "same command" not in caught.value.fix


def test_without_the_right_to_look_only_aws_knows(server: FaultyAws, send: Send) -> None:
    server.fail("DescribeTrainingJob", DENIED, forever=True)
    server.fail("CreateTrainingJob", BEFORE)
    send()
    assert server.created == 1
    server.jobs.clear()
    server.fail("CreateTrainingJob", AFTER)
    with pytest.raises(JobMayExistError, match=JOB):
        send()
    assert server.created == 2


@pytest.mark.parametrize("fault", [UNAVAILABLE, BEFORE, error("InternalFailure", status=500)], ids=str)
def test_if_aws_never_starts_the_job_it_says_so(fault: Fault, server: FaultyAws, send: Send) -> None:
    server.fail("CreateTrainingJob", fault, forever=True)
    with pytest.raises(UserError, match=f"AWS has not started the job {JOB}") as caught:
        send()
    assert f"`make jobs` does not list {JOB}" in caught.value.fix
    assert server.jobs == {}


def test_temporary_refusals_are_retried_and_printed_once(server: FaultyAws, send: Send) -> None:
    refusals = [error("ValidationException", f"{part} arn:aws:iam::1:role/x.") for part in IAM_DELAY_MESSAGES]
    server.fail("CreateTrainingJob", *refusals)
    output = send()
    assert len(output) == 1
    assert IAM_DELAY_MESSAGES[0] in output[0]


def test_retries_end(server: FaultyAws, send: Send) -> None:
    server.fail("CreateTrainingJob", error("ValidationException", IAM_DELAY_MESSAGES[0]), forever=True)
    with pytest.raises(UserError, match=IAM_DELAY_MESSAGES[0]):
        send()
    assert server.calls["CreateTrainingJob"] == 25  # two minutes


@pytest.mark.parametrize(("code", "named"), [("ResourceLimitExceeded", "quota"), ("ValidationException", "why")])
def test_correctable_refusals_become_user_errors(code: str, named: str, server: FaultyAws, send: Send) -> None:
    server.fail("CreateTrainingJob", error(code, "why"))
    with pytest.raises(UserError, match=named):
        send()


def test_a_refusal_after_a_lost_answer_may_be_our_own_job(server: FaultyAws, send: Send) -> None:
    quota = error("ResourceLimitExceeded", "in use")
    server.fail("CreateTrainingJob", AFTER, quota)
    server.fail("DescribeTrainingJob", error("ValidationException", "Requested resource not found."))  # not yet
    send()
    assert server.created == 1


def test_other_errors_are_raised_unchanged(server: FaultyAws, send: Send) -> None:
    server.fail("CreateTrainingJob", DENIED)
    with pytest.raises(ClientError):
        send()


def test_request_json_is_there_before_the_job_and_goes_with_a_refusal(server: FaultyAws) -> None:
    folder, sent = Path("runs", JOB), request()
    del sent["InputDataConfig"]  # no data to list
    server.fail("CreateTrainingJob", DENIED)
    with pytest.raises(ClientError):
        run(sent)
    assert not folder.exists()
    seen: list[bool] = []
    server.watch = lambda _: seen.append((folder / "request.json").exists())
    server.fail("DescribeTrainingJob", None, DENIED)
    with pytest.raises(UserError, match="AWS refuses sagemaker:DescribeTrainingJob") as caught:
        run(sent)
    assert seen[0]
    assert f"Then run `make logs RUN={JOB}`. {JOB} keeps running." in caught.value.fix
    assert sorted(path.name for path in folder.iterdir()) == ["data.jsonl", "record.json", "request.json"]
