"""Follow a training job to its end: its status transitions and its log, as they come."""

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.core import aws
from scripts.runs.logs import Line, Log, parse_epoch
from scripts.runs.record import ENDED, describe
from scripts.runs.screen import Screen, screen

# Short while a job starts or a small one runs; a long one need not be asked every second.
PAUSE, LONG_PAUSE, LONG = 1.0, 5.0, 120.0
LATE = 2  # quiet looks at the log after the job's end


def follow(sagemaker: Any, job: str) -> dict[str, Any]:
    """Show a job's transitions and its whole log until the job has ended.

    Args:
        sagemaker: the client.
        job: the job's name.

    Returns:
        DescribeTrainingJob's last answer.

    Raises:
        UserError: there is no such job.
    """
    reader = _Reader(sagemaker, job)
    start = time.monotonic()
    with screen() as shown:
        while True:
            lines = reader.read()
            _show(lines, shown)
            if reader.described["TrainingJobStatus"] in ENDED:
                break
            time.sleep(PAUSE if time.monotonic() - start < LONG else LONG_PAUSE)
        quiet = 0 if _just_ended(reader.described) else LATE
        # CloudWatch has the last lines a little after the job's end.
        while quiet < LATE:
            time.sleep(PAUSE)
            lines = reader.read()
            _show(lines, shown)
            quiet = 0 if lines else quiet + 1
    return reader.described


class _Reader:
    """What is new about a job: its transitions and the lines of its log, by time."""

    def __init__(self, sagemaker: Any, job: str) -> None:
        self._sagemaker, self._job = sagemaker, job
        self._log: Log | None = Log(aws.client("logs"), job)
        self._told = 0
        self.described: dict[str, Any] = {}

    def read(self) -> list[Line]:
        """The new lines; `described` is fresh then."""
        self.described = describe(self._sagemaker, self._job)
        lines = transitions(self.described)[self._told :]
        self._told += len(lines)
        if self._log is not None:
            try:
                lines += [self._with_host(line) for line in self._log.read()]
            except Exception as error:
                if not aws.is_access_denied(error):
                    raise
                self._log = None
                lines.append(Line(sys.maxsize, "", f"The log is not shown: no right to {aws.action_of(error)}."))
        return sorted(lines, key=lambda line: line.time)

    def _with_host(self, line: Line) -> Line:
        several = self.described["ResourceConfig"].get("InstanceCount", 1) > 1
        return Line(line.time, line.host, f"{line.host}: {line.text}") if several else line


def transitions(job: Mapping[str, Any]) -> list[Line]:
    """A job's status transitions as lines, in their order."""
    lines = []
    for one in job.get("SecondaryStatusTransitions", []):
        start: datetime = one["StartTime"]
        message = f": {one['StatusMessage']}" if one.get("StatusMessage") else ""
        text = f"{start.astimezone():%H:%M:%S} {one['Status']}{message}"
        lines.append(Line(int(start.timestamp() * 1000), "", text))
    return lines


def _show(lines: Sequence[Line], shown: Screen) -> None:
    for line in lines:
        shown.line(line.text)
        epoch = parse_epoch(line.text.removeprefix(f"{line.host}: "))
        if epoch is not None:
            shown.epoch(epoch)


def _just_ended(job: Mapping[str, Any]) -> bool:
    ended = job.get("TrainingEndTime") or job["LastModifiedTime"]
    return bool(datetime.now(UTC) - ended < timedelta(minutes=1))
