"""The log reader against CloudWatch Logs' API."""

import contextlib
import itertools
import time
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from hypothesis import given
from hypothesis import strategies as st

from scripts.core import aws
from scripts.runs.logs import GROUP, Epoch, Log, parse_epoch

JOB = "digits-20260101-120000-ab12"
NOW = int(time.time() * 1000) - 60_000


@pytest.fixture
def logs(empty_aws: None) -> Any:
    return aws.client("logs")


def write(logs: Any, stream: str, *lines: tuple[int, str]) -> None:
    events = [{"timestamp": NOW + at, "message": text} for at, text in lines]
    logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=events)


def test_every_line_of_every_stream_is_read_once(logs: Any) -> None:
    log = Log(JOB)
    assert log.read(logs) == []  # no group yet
    logs.create_log_group(logGroupName=GROUP)
    assert log.read(logs) == []
    first, restarted = f"{JOB}/algo-1-1", f"{JOB}/algo-1-2"
    for stream in (first, f"{JOB}2/algo-1-1"):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
        write(logs, stream, (0, f"one of {stream}"))
    assert [line.text for line in log.read(logs)] == [f"one of {first}"]
    write(logs, first, (1, "two"), (5, "four"))
    logs.create_log_stream(logGroupName=GROUP, logStreamName=restarted)
    write(logs, restarted, (3, "three"))
    assert [(line.host, line.text) for line in log.read(logs)] == [
        ("algo-1", word) for word in ("two", "three", "four")
    ]
    assert log.read(logs) == []


def test_a_read_that_failed_halfway_continues_there(logs: Any) -> None:
    """Otherwise the log of a job that was interrupted often never ends while one call of five fails."""
    logs.create_log_group(logGroupName=GROUP)
    for number in range(5):
        logs.create_log_stream(logGroupName=GROUP, logStreamName=f"{JOB}/algo-1-{number}")
        write(logs, f"{JOB}/algo-1-{number}", (number, str(number)))
    calls = itertools.count(1)

    def fail(**_more: Any) -> None:
        if next(calls) % 3 == 0:
            raise ConnectionClosedError(endpoint_url="https://logs")

    logs.meta.events.register("before-call.cloudwatch-logs", fail)
    log, lines = Log(JOB), []
    for _ in range(8):
        with contextlib.suppress(ConnectionClosedError):
            lines += log.read(logs)
            break
    assert [line.text for line in lines] == ["0", "1", "2", "3", "4"]


@pytest.mark.e2e
def test_a_long_log_is_read_completely(logs: Any) -> None:
    logs.create_log_group(logGroupName=GROUP)
    stream = f"{JOB}/algo-1-1"
    logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    for start in range(0, 25_000, 5_000):
        write(logs, stream, *((number, str(number)) for number in range(start, start + 5_000)))
    assert [line.text for line in Log(JOB).read(logs)] == [str(number) for number in range(25_000)]


def test_parse_the_trainer_s_epoch_line() -> None:
    line = "epoch=3 epochs=10 loss=0.1234 val_accuracy=0.9 learning_rate=1e-05"
    values = {"loss": "0.1234", "val_accuracy": "0.9", "learning_rate": "1e-05"}
    assert parse_epoch(line) == Epoch(3, 10, values)
    for other in ("epoch=3", "Epoch 3/10", "epoch=3 epochs=0 loss=1", "an epoch=3 epochs=10", ""):
        assert parse_epoch(other) is None


@given(st.text())
def test_parse_epoch_accepts_any_text(text: str) -> None:
    parse_epoch(text)
