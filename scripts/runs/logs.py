"""A job's log: every stream of it, every line once, in order of time.

A restart after a spot interruption opens a new stream, and each instance has its own: streams are looked for anew at
every reading.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

GROUP = "/aws/sagemaker/TrainingJobs"
EPOCH = re.compile(r"epoch=(?P<epoch>\d+) epochs=(?P<epochs>\d+)(?P<rest>( \w+=\S+)*)\s*")


@dataclass(frozen=True, order=True)
class Line:
    """One line of the log; ``host`` is the instance's name, such as ``algo-1``."""

    time: int
    host: str
    text: str


@dataclass(frozen=True)
class Epoch:
    """What the trainer says at the end of each epoch; ``values`` as printed, in their order."""

    epoch: int
    epochs: int
    values: dict[str, str]


def parse_epoch(text: str) -> Epoch | None:
    """Read the trainer's line ``epoch=3 epochs=10 loss=0.12 …``; None for any other."""
    found = EPOCH.fullmatch(text)
    if found is None or int(found["epochs"]) == 0:
        return None
    values = dict(word.split("=", 1) for word in found["rest"].split())
    return Epoch(int(found["epoch"]), int(found["epochs"]), values)


class Log:
    """Reads on from where it was.

    Args:
        client: boto3's of CloudWatch Logs.
        job: the training job's name.
    """

    def __init__(self, client: Any, job: str) -> None:
        self._client, self._job = client, job
        self._tokens: dict[str, str] = {}

    def read(self) -> list[Line]:
        """The lines that came since the last reading; none while the log group or the streams do not exist."""
        lines: list[Line] = []
        for stream in self._streams():
            host = stream.removeprefix(f"{self._job}/").rsplit("-", 1)[0]
            lines += [Line(event["timestamp"], host, event["message"].rstrip("\n")) for event in self._events(stream)]
        # By time alone, and stable: lines of one millisecond stay in their order.
        return sorted(lines, key=lambda line: line.time)

    def _streams(self) -> list[str]:
        pages = self._client.get_paginator("describe_log_streams").paginate(
            logGroupName=GROUP, logStreamNamePrefix=f"{self._job}/"
        )
        try:
            return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
        except self._client.exceptions.ResourceNotFoundException:
            return []  # the group comes into being with an account's first job

    def _events(self, stream: str) -> Iterator[dict[str, Any]]:
        while True:
            token = self._tokens.get(stream)
            more = {"nextToken": token} if token else {}
            page = self._client.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True, **more)
            yield from page["events"]
            self._tokens[stream] = page["nextForwardToken"]
            # The end is the token that was sent coming back; a page may be empty before it.
            if page["nextForwardToken"] == token:
                return
