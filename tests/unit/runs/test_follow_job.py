"""Follow a job: a stand-in answers for SageMaker (moto's jobs do not run), moto for CloudWatch."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from scripts.core import aws
from scripts.runs import follow
from scripts.runs.logs import GROUP
from tests.unit.runs.test_find_runs import A, described

BEGIN = time.time() - 30


def transition(status: str, at: float) -> dict[str, Any]:
    return {"Status": status, "StatusMessage": f"{status} it is", "StartTime": datetime.fromtimestamp(BEGIN + at, UTC)}


class Job:
    """A job that does one of ``steps`` at each DescribeTrainingJob, and is Completed after the last."""

    def __init__(self, *steps: Any, **more: Any) -> None:
        self.steps, self.more = list(steps), more
        self.transitions: list[dict[str, Any]] = []

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: ARG002, N803
        status = "Completed"
        if self.steps:
            self.steps.pop(0)(self)
            status = "InProgress"
        return described(TrainingJobStatus=status, SecondaryStatusTransitions=list(self.transitions), **self.more)


def moves_to(status: str, at: float) -> Any:
    return lambda job: job.transitions.append(transition(status, at))


def logs(stream: str, at: float, text: str) -> Any:
    def write(_: Job) -> None:
        client = aws.client("logs")
        name = f"{A}/{stream}"
        if not client.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=name)["logStreams"]:
            client.create_log_stream(logGroupName=GROUP, logStreamName=name)
        event = {"timestamp": int((BEGIN + at) * 1000), "message": text}
        client.put_log_events(logGroupName=GROUP, logStreamName=name, logEvents=[event])

    return write


@pytest.fixture(autouse=True)
def _quick(empty_aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.runs.following.PAUSE", 0)


def shown(job: Job, capsys: pytest.CaptureFixture[str]) -> list[str]:
    assert follow(job, A)["TrainingJobStatus"] == "Completed"
    return [line.split(" ", 1)[1] if line[2:3] == ":" else line for line in capsys.readouterr().out.splitlines()]


def test_transitions_and_lines_are_printed_once_and_by_time(capsys: pytest.CaptureFixture[str]) -> None:
    aws.client("logs").create_log_group(logGroupName=GROUP)
    steps = [
        moves_to("Starting", 0),
        logs("algo-1-1", 2, "epoch=1 epochs=2 loss=1"),
        moves_to("Training", 1),
        moves_to("Interrupted", 3),
        logs("algo-1-2", 4, "epoch=2 epochs=2 loss=1"),
    ]
    assert shown(Job(*steps, ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1}), capsys) == [
        "Starting: Starting it is",
        "epoch       loss",
        "  1/2          1",
        "Training: Training it is",
        "Interrupted: Interrupted it is",
        "  2/2          1",
    ]


def test_with_several_instances_each_line_names_its_instance(capsys: pytest.CaptureFixture[str]) -> None:
    aws.client("logs").create_log_group(logGroupName=GROUP)
    job = Job(logs("algo-2-1", 2, "hello"), logs("algo-1-1", 1, "hi"), logs("algo-1-1", 3, "epoch=1 epochs=2 loss=1"))
    assert shown(job, capsys) == ["algo-2: hello", "algo-1: hi", "algo-1: epoch       loss", "algo-1:   1/2          1"]


def test_a_missing_log_group_is_not_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(Job(moves_to("Failed", 0)), capsys) == ["Failed: Failed it is"]


def test_lines_of_an_ended_job_are_sorted_by_time(capsys: pytest.CaptureFixture[str]) -> None:
    aws.client("logs").create_log_group(logGroupName=GROUP)
    job = Job(ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1})
    logs("algo-1-1", 2, "in between")(job)
    moves_to("Training", 1)(job)
    moves_to("Completed", 3)(job)
    assert shown(job, capsys) == ["Training: Training it is", "in between", "Completed: Completed it is"]


def test_the_log_of_an_ended_job_is_printed_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    aws.client("logs").create_log_group(logGroupName=GROUP)
    job = Job(ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1})
    logs("algo-1-1", 2, "epoch=1 epochs=2 loss=1")(job)
    assert shown(job, capsys) == ["epoch=1 epochs=2 loss=1"]


def test_metrics_of_other_programs_are_printed_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    aws.client("logs").create_log_group(logGroupName=GROUP)
    job = Job(logs("algo-1-1", 1, "Epoch 1/2 - loss: 0.5"), logs("algo-1-1", 2, "step=3 loss=0.5"))
    job.more = {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}
    assert shown(job, capsys) == ["Epoch 1/2 - loss: 0.5", "step=3 loss=0.5"]
