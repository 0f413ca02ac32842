"""A small SageMaker and CloudWatch Logs on 127.0.0.1 whose answers get lost as real ones do: the network's edge."""

import json
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from scripts.core.aws import client_of_one_attempt, session

NOW = 1_780_000_000.0
BEFORE, AFTER, HALF, EMPTY = "cut before", "cut after it was done", "half an answer", "an empty answer"
"""Faults: the connection is cut before or after the call was done; the answer is cut short, or has no content."""


def error(code: str, message: str = "", status: int = 400) -> tuple[int, dict[str, str]]:
    """An error of AWS, as a fault. Nothing is done."""
    return status, {"__type": code, "message": message or f"{code} it is"}


Fault = str | tuple[int, dict[str, str]] | None


class FaultyAws:
    """Answers calls. ``faults[operation]`` is a queue: the fault of each next call; None, or nothing left: none."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew: no job, no fault."""
        self.jobs: dict[str, dict[str, Any]] = {}
        self.lines: list[str] = []
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.calls: Counter[str] = Counter()
        self.created = 0
        self.watch: Callable[[str], object] = len  # called with the operation before each call is done

    def fail(self, operation: str, *faults: Fault, forever: bool = False) -> None:
        """Let the next calls of an operation fail; ``forever``: all of them, with the only fault."""
        self.faults[operation] = deque(faults * (10_000 if forever else 1))

    def answer(self, operation: str, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Do a call, and give its status and answer."""
        name = sent.get("TrainingJobName", "")
        if operation == "CreateTrainingJob":
            if name in self.jobs:
                return error("ResourceInUse", "Training job names must be unique")
            self.created += 1
            self.jobs[name] = sent | {
                "TrainingJobStatus": "InProgress",
                "SecondaryStatus": "Training",
                "CreationTime": NOW,
                "LastModifiedTime": NOW,
            }
            return 200, {"TrainingJobArn": _arn(name)}
        if operation == "DescribeLogStreams":
            return 200, {"logStreams": [{"logStreamName": f"{sent['logStreamNamePrefix']}algo-1-1"}]}
        if operation == "GetLogEvents":
            return 200, self._page(int(sent.get("nextToken", "0")))
        if name not in self.jobs:
            return error("ValidationException", "Requested resource not found.")
        job = self.jobs[name]
        if operation == "StopTrainingJob":
            if job["TrainingJobStatus"] in {"Completed", "Stopped"}:
                return error("ValidationException", "The request was rejected because the training job has ended.")
            job["TrainingJobStatus"] = "Stopped"
            return 200, {}
        return 200, {"TrainingJobArn": _arn(name)} | {key: value for key, value in job.items() if key != "Tags"}

    def _page(self, start: int) -> dict[str, Any]:
        events = [{"timestamp": int(NOW * 1000), "message": line} for line in self.lines[start : start + 2]]
        return {"events": events, "nextForwardToken": str(start + len(events))}


def _arn(name: str) -> str:
    return f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}"


@contextmanager
def serving(aws: FaultyAws) -> Iterator[str]:
    """Serve on 127.0.0.1; the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Nothing."""

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            operation = self.headers["X-Amz-Target"].partition(".")[2]
            aws.calls[operation] += 1
            aws.watch(operation)
            queue = aws.faults[operation]
            fault = queue.popleft() if queue else None
            if fault == BEFORE:
                self.close_connection = True
                return
            status, answer = fault if isinstance(fault, tuple) else aws.answer(operation, json.loads(body))
            if fault == AFTER:
                self.close_connection = True
                return
            content = b"" if fault == EMPTY else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if fault == HALF else content)
            self.close_connection = fault == HALF

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def connected_to(aws: FaultyAws) -> Iterator[Any]:
    """Serve, with keys and a region in the environment; a client of SageMaker that makes each call once."""
    with serving(aws) as address, pytest.MonkeyPatch.context() as patch:
        for name, value in (("ACCESS_KEY_ID", "x"), ("SECRET_ACCESS_KEY", "x"), ("REGION", "us-east-1")):
            patch.setenv(f"AWS_{name}", value)
        patch.setenv("AWS_ENDPOINT_URL", address)
        session.cache_clear()
        yield client_of_one_attempt("sagemaker")
        session.cache_clear()


class Clock:
    """A clock that moves only when somebody sleeps on it."""

    def __init__(self, start: float = NOW) -> None:
        self.time = start

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds
