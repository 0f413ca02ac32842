"""A job's log in CloudWatch: reads every stream, and gives every line once, sorted by time.

Each instance has its own stream, and a restart after a spot interruption opens a new one. So every read looks for new
streams.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.core.printable import one_line, printable

GROUP = "/aws/sagemaker/TrainingJobs"
EPOCH = re.compile(r"epoch=(?P<epoch>\d+) epochs=(?P<epochs>\d+)(?P<rest>( \w+=\S+)*)\s*")


@dataclass(frozen=True, order=True)
class Line:
    """One line of the log, printable and without colours; ``host`` is the instance's name, such as ``algo-1``."""

    time: int
    host: str
    text: str


@dataclass(frozen=True)
class Epoch:
    """The metrics that the trainer prints after each epoch; ``values`` are as printed, in the same order."""

    epoch: int
    epochs: int
    values: dict[str, str]


def parse_epoch(text: str) -> Epoch | None:
    """Parse the trainer's line ``epoch=3 epochs=10 loss=0.12 …``; None for any other line."""
    found = EPOCH.fullmatch(text)
    if found is None or int(found["epochs"]) == 0:
        return None
    values = dict(word.split("=", 1) for word in found["rest"].split())
    return Epoch(int(found["epoch"]), int(found["epochs"]), values)


class Log:
    """Reads a training job's log; each read continues where the last one stopped, also if that one failed halfway."""

    def __init__(self, job: str) -> None:
        self._job = job
        self._tokens: dict[str, str] = {}
        self._unread: list[Line] = []
        self._due: list[str] = []  # streams of a read that failed halfway

    def read(self, client: Any) -> list[Line]:
        """The lines since the last read; an empty list if the log group or the streams do not exist yet.

        Args:
            client: boto3's client of CloudWatch Logs.
        """
        # A read of many streams would hardly ever succeed as a whole while many calls fail.
        self._due = self._due or self._streams(client)
        while self._due:
            self._read_stream(client, self._due[0])
            del self._due[0]
        # A stable sort by time alone keeps the order of lines with the same millisecond.
        lines, self._unread = sorted(self._unread, key=lambda line: line.time), []
        return lines

    def _streams(self, client: Any) -> list[str]:
        pages = client.get_paginator("describe_log_streams").paginate(
            logGroupName=GROUP, logStreamNamePrefix=f"{self._job}/"
        )
        try:
            return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        except client.exceptions.ResourceNotFoundException:
            return []  # SageMaker creates the group with the account's first job

    def _read_stream(self, client: Any, stream: str) -> None:
        host = one_line(stream.removeprefix(f"{self._job}/").rsplit("-", 1)[0]) or "?"
        while True:
            token = self._tokens.get(stream)
            more = {"nextToken": token} if token else {}
            page = client.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True, **more)
            # Lines and token together: a failure of the next call then loses no line and doubles none.
            lines = [line for event in page["events"] for line in _lines(event, host)]
            self._tokens[stream] = page["nextForwardToken"]
            self._unread += lines
            # At the end, CloudWatch returns the token that was sent. A page before the end may be empty.
            if page["nextForwardToken"] == token:
                return


def _lines(event: Mapping[str, Any], host: str) -> list[Line]:
    """The lines of one event: a program's message may have several."""
    texts = printable(event["message"]).rstrip("\n").split("\n")
    return [Line(event["timestamp"], host, text) for text in texts]
