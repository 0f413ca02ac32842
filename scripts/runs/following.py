"""Follow a training job to its end: print its status transitions and its log as they arrive."""

import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.core import aws
from scripts.runs.epoch_table import EpochTable
from scripts.runs.logs import Line, Log, parse_epoch
from scripts.runs.record import ENDED, describe
from scripts.runs.screen import Screen, screen

# Poll often while a job starts or is short, and less often once it has run for LONG seconds.
PAUSE, LONG_PAUSE, LONG = 1.0, 5.0, 120.0
QUIET_READS = 2  # stop reading the log of an ended job after so many reads without a new line


def follow(sagemaker: Any, job: str) -> dict[str, Any]:
    """Print a job's transitions and its whole log until the job has ended.

    A running job's epochs are printed as a table. The log of a job that had ended before is printed unchanged.

    Args:
        sagemaker: the client.
        job: the job's name.

    Returns:
        The last response of DescribeTrainingJob.

    Raises:
        UserError: there is no such job.
    """
    reader = _Reader(sagemaker, job)
    start = time.monotonic()
    lines = reader.read()
    table = None if reader.described["TrainingJobStatus"] in ENDED else EpochTable()
    with screen() as output:
        while True:
            _show(lines, output, table)
            if reader.described["TrainingJobStatus"] in ENDED:
                break
            time.sleep(PAUSE if time.monotonic() - start < LONG else LONG_PAUSE)
            lines = reader.read()
        quiet = 0 if _just_ended(reader.described) else QUIET_READS
        # The last lines reach CloudWatch a little after the job's end.
        while quiet < QUIET_READS:
            time.sleep(PAUSE)
            lines = reader.read()
            _show(lines, output, table)
            quiet = 0 if lines else quiet + 1
    return reader.described


class _Reader:
    """Reads the new transitions and log lines of a job, sorted by time."""

    def __init__(self, sagemaker: Any, job: str) -> None:
        self._sagemaker, self._job = sagemaker, job
        self._log: Log | None = Log(aws.client("logs"), job)
        self._transitions_read = 0
        self.described: dict[str, Any] = {}

    def read(self) -> list[Line]:
        """Give the new lines, and refresh `described`."""
        self.described = describe(self._sagemaker, self._job)
        lines = transitions(self.described)[self._transitions_read :]
        self._transitions_read += len(lines)
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


def _show(lines: Sequence[Line], output: Screen, table: EpochTable | None) -> None:
    """Print lines. Epochs go into the table, if there is one."""
    for line in lines:
        prefix = f"{line.host}: " if line.text.startswith(f"{line.host}: ") else ""
        epoch = parse_epoch(line.text.removeprefix(prefix))
        rows = table.lines(epoch, prefix) if table and epoch else []
        for text in rows or [line.text]:
            output.line(text)
        if epoch:
            output.epoch(epoch)


def _just_ended(job: Mapping[str, Any]) -> bool:
    ended = job.get("TrainingEndTime") or job["LastModifiedTime"]
    return bool(datetime.now(UTC) - ended < timedelta(minutes=1))
