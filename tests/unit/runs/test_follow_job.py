"""Follow a job: a stand-in answers for SageMaker (moto's jobs do not run), moto for CloudWatch."""

import io
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from scripts.core import aws
from scripts.core.printable import printable
from scripts.runs import follow
from scripts.runs.ending import end_lines
from scripts.runs.listing import Row, job_table
from scripts.runs.logs import GROUP, Epoch
from scripts.runs.record import make_record, write_json
from scripts.runs.screen import screen
from tests.unit.faulty_aws import Clock
from tests.unit.runs.test_find_runs import A, described

BEGIN = time.time() - 30


def transition(status: str, at: float) -> dict[str, Any]:
    return {"Status": status, "StatusMessage": f"{status} it is", "StartTime": datetime.fromtimestamp(BEGIN + at, UTC)}


class Job:
    """A job that does one of ``steps`` at each DescribeTrainingJob, and is Completed after the last.

    A step that is an exception is raised.
    """

    exceptions = SimpleNamespace(ClientError=ClientError)

    def __init__(self, *steps: Any, **more: Any) -> None:
        self.steps, self.more = list(steps), more
        self.transitions: list[dict[str, Any]] = []

    def describe_training_job(self, TrainingJobName: str) -> dict[str, Any]:  # noqa: ARG002, N803
        status = "Completed"
        if self.steps:
            step = self.steps.pop(0)
            if isinstance(step, Exception):
                raise step
            step(self)
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


pytestmark = pytest.mark.usefixtures("empty_aws")


def shown(job: Job, capsys: pytest.CaptureFixture[str], logs: Any = None) -> list[str]:
    clients = {"sagemaker": job, "logs": logs or aws.client("logs")}
    clock = Clock(BEGIN)
    assert follow(A, clients.__getitem__, clock.now, clock.sleep)["TrainingJobStatus"] == "Completed"
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


# Outages: following goes on, and nothing is lost or printed twice.

ONE = {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}
LOST = EndpointConnectionError(endpoint_url="https://x")


def refusal(code: str, status: int = 400) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetLogEvents")


def test_following_outlasts_an_outage(capsys: pytest.CaptureFixture[str]) -> None:
    aws.client("logs").create_log_group(logGroupName=GROUP)
    unavailable, throttled = refusal("503", 503), refusal("ThrottlingException")
    steps = [logs("algo-1-1", 1, "one"), *[LOST] * 20, unavailable, throttled, logs("algo-1-1", 2, "two")]
    lines = shown(Job(*steps, **ONE), capsys)
    assert [line for line in lines if line in {"one", "two"}] == ["one", "two"]
    assert [line.partition(" since ")[0] for line in lines] == ["one", *["Waiting"] * 3, lines[4], "two"]
    assert lines[4].startswith("AWS answers again")


class Logs:
    """CloudWatch Logs of moto; its calls raise these errors first. None: the call is done."""

    def __init__(self, *errors: Exception | None) -> None:
        self._client, self._errors = aws.client("logs"), list(errors)
        self.exceptions = self._client.exceptions

    def get_paginator(self, operation: str) -> Any:
        return self._client.get_paginator(operation)

    def get_log_events(self, **more: Any) -> Any:
        error = self._errors.pop(0) if self._errors else None
        if error is not None:
            raise error
        return self._client.get_log_events(**more)


def test_a_log_that_fails_halfway_loses_and_doubles_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    aws.client("logs").create_log_group(logGroupName=GROUP)
    two = {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2}}
    job = Job(logs("algo-1-1", 1, "one"), logs("algo-2-1", 2, "two"), logs("algo-2-1", 3, "three"), **two)
    # The first page of a stream is read, the next fails; then the second stream fails.
    failing = Logs(None, LOST, None, None, refusal("503", 503), None, None, LOST)
    lines = shown(job, capsys, failing)
    assert sorted(lines) == ["algo-1: one", "algo-2: three", "algo-2: two"]


def test_without_the_log_the_status_is_followed(capsys: pytest.CaptureFixture[str]) -> None:
    aws.client("logs").create_log_group(logGroupName=GROUP)
    steps = [logs("algo-1-1", 1, "one"), *[moves_to("Training", at) for at in range(12)]]
    lines = shown(Job(*steps, **ONE), capsys, Logs(*[refusal("503", 503)] * 6))
    assert lines.count("Training: Training it is") == 12
    assert lines.count("one") == 1
    waiting = next(line for line in lines if line.startswith("Waiting"))
    assert waiting.endswith("The log continues then; the job's status is followed meanwhile.")


def test_a_log_that_stays_away_does_not_hold_up_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    aws.client("logs").create_log_group(logGroupName=GROUP)
    lines = shown(Job(logs("algo-1-1", 1, "one"), **ONE), capsys, Logs(*[LOST] * 1000))
    assert lines[-1] == f"The rest of the log is not shown; `make logs RUN={A}` shows it later."


def test_a_lost_right_to_the_log_does_not_end_following(capsys: pytest.CaptureFixture[str]) -> None:
    aws.client("logs").create_log_group(logGroupName=GROUP)
    steps = [logs("algo-1-1", 1, "one"), moves_to("Training", 2), logs("algo-1-1", 3, "two")]
    lines = shown(Job(*steps, **ONE), capsys, Logs(None, None, refusal("AccessDeniedException")))
    assert lines == ["one", "Training: Training it is", "The log is not shown: no right to GetLogEvents."]


ATTACK = "\x1b[2J\x1b]52;c;cm0=\x07\x1b[32m12:00:00 Completed: Training job completed\x1b[0m\r"
HARMLESS = r"\u001b[2J\u001b]52;c;cm0=\u000712:00:00 Completed: Training job completed"


def test_a_job_cannot_move_the_cursor_or_write_to_the_clipboard(capsys: pytest.CaptureFixture[str]) -> None:
    aws.client("logs").create_log_group(logGroupName=GROUP)
    job = Job(logs("algo-1-1", 1, f"one\n{ATTACK}"), logs("algo-1-1", 2, f"epoch=1 epochs=2 loss={ATTACK[:4]}"))
    job.more = {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1}}
    job.transitions = [transition("Failed", 5) | {"StatusMessage": f"no\n{ATTACK}"}]
    assert shown(job, capsys) == [
        "one",
        HARMLESS,
        f"Failed: no {HARMLESS}",
        "epoch       loss",
        r"  1/2  \u001b[2J",
    ]


def test_at_a_terminal_only_lines_about_the_job_have_a_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("NO_COLOR", raising=False)
    with screen() as output:
        output.status("12:00:00 Training")
        output.line(printable(ATTACK))
        output.epoch(Epoch(1, 2, {"loss": "[red]x[/red]"}))
    shown = terminal.getvalue()
    assert "\x1b[36m12:00:00 Training" in shown
    assert HARMLESS in shown
    assert "[red]x[/red]" in shown
    assert "\x1b]52" not in shown


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_texts_of_others_in_the_summary_and_in_the_table_are_harmless() -> None:
    failed = described(TrainingJobStatus="Failed", FailureReason=f"no\n{A}: Completed\x1b[2J")
    failed["FinalMetricDataList"] = [{"MetricName": "a\nb", "Value": 1.0}]
    lines = end_lines(make_record(failed, None))
    assert lines[0] == f"{A}: Failed: no\n    {A}: Completed\\u001b[2J"
    assert "  metrics  a b 1" in lines
    row = Row(A, "Failed\x1b[2J", "-", datetime.now(UTC), None, "resumed\nother  Completed")
    assert len(job_table([row])) == 2
    assert "\x1b" not in job_table([row])[1]


def test_files_of_a_run_are_harmless_to_print(tmp_path: Path) -> None:
    write_json(tmp_path / "record.json", {"failure_reason": "\x9b2J\u202e\ud800"})
    text = (tmp_path / "record.json").read_text(encoding="utf-8")
    assert text == printable(text)
    assert json.loads(text) == {"failure_reason": "\x9b2J\u202e\ud800"}
