"""Sends a job's lines to CloudWatch Logs within a quarter of a second, so that others can follow the job live."""

import contextlib
import queue
import threading
import time
import traceback
from typing import TYPE_CHECKING

import botocore.exceptions

from scripts.core.role_calls import LOG_GROUP

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

GROUP = LOG_GROUP
FLUSH_SECONDS = 0.25
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
MAX_EVENTS = 10_000
MAX_BATCH_BYTES = 1_048_576
EVENT_BYTES = 26
MAX_MESSAGE_CHARACTERS = 60_000  # An event has at most 256 KB, and a character up to four bytes.


def next_stream_time(logs: "CloudWatchLogsClient", job: str) -> int:
    """Return the time for the names of a job's next streams, in seconds since 1970.

    It is the present, or later if a stream has that name: of the job before an interruption, or of a deleted job that
    had the same name. The streams of a deleted job stay.
    """
    now, prefix = int(time.time()), f"{job}/algo-1-"
    try:
        found = logs.describe_log_streams(
            logGroupName=GROUP, logStreamNamePrefix=prefix, orderBy="LogStreamName", descending=True, limit=1
        )["logStreams"]
    except logs.exceptions.ResourceNotFoundException:  # The first job creates the log group.
        return now
    return max([now, *(int(stream["logStreamName"].removeprefix(prefix)) + 1 for stream in found)])


class LogStream:
    """A log stream, written by a separate thread. Use it in a ``with``; at its end, the remaining lines are sent.

    Args:
        logs: a client that may write logs.
        name: the stream's name, such as ``my-job/algo-1-1790000000``.
    """

    def __init__(self, logs: "CloudWatchLogsClient", name: str) -> None:
        self._logs = logs
        self._name = name
        self._events: queue.SimpleQueue[InputLogEventTypeDef | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._send, name=f"logs {name}")

    def __enter__(self) -> "LogStream":
        try:
            self._logs.create_log_stream(logGroupName=GROUP, logStreamName=self._name)
        except self._logs.exceptions.ResourceNotFoundException:
            # Only an account's first job needs the right to create the log group.
            with contextlib.suppress(self._logs.exceptions.ResourceAlreadyExistsException):
                self._logs.create_log_group(logGroupName=GROUP)
            self._logs.create_log_stream(logGroupName=GROUP, logStreamName=self._name)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._events.put(None)
        self._thread.join()

    def write(self, line: str) -> None:
        """Add a line. An empty line is dropped, because CloudWatch refuses it; a long one becomes several events."""
        for start in range(0, len(line), MAX_MESSAGE_CHARACTERS):
            message = line[start : start + MAX_MESSAGE_CHARACTERS]
            self._events.put({"timestamp": int(time.time() * 1000), "message": message})

    def _send(self) -> None:
        open_ = True
        while open_:
            batch, open_ = self._batch()
            if not batch:
                continue
            try:
                self._logs.put_log_events(logGroupName=GROUP, logStreamName=self._name, logEvents=batch)
            except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                traceback.print_exc()  # As on AWS, a job goes on if its lines cannot be sent.

    def _batch(self) -> "tuple[list[InputLogEventTypeDef], bool]":
        """Return the next lines, within AWS's limits, and whether more may follow."""
        batch: list[InputLogEventTypeDef] = []
        size = 0
        deadline = None
        while len(batch) < MAX_EVENTS and size < MAX_BATCH_BYTES - 4 * MAX_MESSAGE_CHARACTERS - EVENT_BYTES:
            try:
                event = self._events.get(timeout=None if deadline is None else max(0, deadline - time.monotonic()))
            except queue.Empty:
                return batch, True
            if event is None:
                return batch, False
            batch.append(event)
            size += len(event["message"].encode()) + EVENT_BYTES
            deadline = deadline or time.monotonic() + FLUSH_SECONDS
        return batch, True
