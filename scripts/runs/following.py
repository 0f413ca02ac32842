"""Follow a training job to its end: print its status transitions and its log as they arrive."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.core import aws
from scripts.core.patience import Patience
from scripts.core.printable import one_line
from scripts.runs.epoch_table import EpochTable
from scripts.runs.logs import Line, Log, parse_epoch
from scripts.runs.record import ENDED, describe
from scripts.runs.screen import Screen, screen

PAUSE, LONG_PAUSE, LONG = 1.0, 5.0, 120.0
LONGEST_WAIT_FOR_LOG = 600.0  # how long the log of an ended job is waited for
QUIET_READS = 2  # stop reading the log of an ended job after so many reads without a new line

MEANWHILE = "This continues by itself then. The job does not depend on it."
LOG_MEANWHILE = "The log continues then; the job's status is followed meanwhile."


def follow(
    job: str,
    connect: Callable[[str], Any] = aws.client_of_one_attempt,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Print a job's transitions and its whole log until the job has ended. Waits while AWS cannot be reached.

    A running job's epochs are printed as a table. The log of a job that had ended before is printed unchanged.

    Args:
        job: the job's name.
        connect: makes a client of a service that makes one attempt a call.
        now: the time in seconds since 1970.
        sleep: waits for some seconds.

    Returns:
        The last response of DescribeTrainingJob.

    Raises:
        UserError: there is no such job.
    """
    start = now()
    with screen() as output:
        reader = _Reader(job, Patience(MEANWHILE, output.status, connect, now, sleep), output.status)
        lines = reader.read()
        table = None if reader.has_ended else EpochTable()
        while True:
            _show(lines, output, table)
            if reader.has_ended:
                break
            sleep(next_pause(now() - start))
            lines = reader.read()
        for lines in reader.read_rest():
            _show(lines, output, table)
    return reader.described


def next_pause(followed: float) -> float:
    """Seconds until the next look: short while a job starts or is short, longer once it was followed for a while."""
    return PAUSE if followed < LONG else LONG_PAUSE


def describe_patiently(job: str) -> dict[str, Any]:
    """The DescribeTrainingJob response of a job. Waits while AWS cannot be reached."""
    patience = Patience(MEANWHILE)
    return patience.call(lambda: describe(patience.client("sagemaker"), job))


class _Reader:
    """Reads the new transitions and log lines of a job, sorted by time."""

    def __init__(self, job: str, patience: Patience, say: Callable[[str], None]) -> None:
        self._job, self._patience, self._say = job, patience, say
        # The log has its own patience: while CloudWatch alone fails, the status is still followed.
        self._log_patience = Patience(LOG_MEANWHILE, say, patience.connect, patience.now, patience.sleep)
        self._log: Log | None = Log(job)
        self._log_due = 0.0
        self._transitions_read = 0
        self.described: dict[str, Any] = {}

    @property
    def has_ended(self) -> bool:
        """Whether the job had ended at the last read."""
        return self.described["TrainingJobStatus"] in ENDED

    def read(self) -> list[Line]:
        """Give the new lines, and refresh `described`."""
        self.described = self._patience.call(lambda: describe(self._patience.client("sagemaker"), self._job))
        lines = transitions(self.described)[self._transitions_read :]
        self._transitions_read += len(lines)
        return sorted([*lines, *self._read_log()], key=lambda line: line.time)

    def read_rest(self) -> Iterator[list[Line]]:
        """Give the last lines of an ended job: they reach CloudWatch a little after its end, or after an outage."""
        quiet = 0 if _just_ended(self.described) else QUIET_READS
        end = self._patience.now() + LONGEST_WAIT_FOR_LOG
        while quiet < QUIET_READS or self._log_is_late:
            if self._log_is_late and self._patience.now() > end:
                self._say(f"The rest of the log is not shown; `make logs RUN={self._job}` shows it later.")
                return
            self._patience.sleep(PAUSE)
            lines = self.read()
            yield lines
            quiet = 0 if lines or self._log_is_late else quiet + 1

    @property
    def _log_is_late(self) -> bool:
        return self._log_patience.outage is not None

    def _read_log(self) -> list[Line]:
        if self._log is None or self._patience.now() < self._log_due:
            return []
        try:
            lines = self._log.read(self._log_patience.client("logs"))
        except Exception as error:
            if aws.is_access_denied(error):
                self._log, self._log_patience.outage = None, None
                return [Line(sys.maxsize, "", f"The log is not shown: no right to {aws.action_of(error)}.")]
            self._log_due = self._patience.now() + self._log_patience.failed(error)
            return []
        self._log_patience.succeeded()
        return [self._with_host(line) for line in lines]

    def _with_host(self, line: Line) -> Line:
        several = self.described["ResourceConfig"].get("InstanceCount", 1) > 1
        return Line(line.time, line.host, f"{line.host}: {line.text}") if several else line


def transitions(job: Mapping[str, Any]) -> list[Line]:
    """A job's status transitions as lines, in their order."""
    lines = []
    for one in job.get("SecondaryStatusTransitions", []):
        start: datetime = one["StartTime"]
        message = f": {one_line(one['StatusMessage'])}" if one.get("StatusMessage") else ""
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
            (output.line if line.host else output.status)(text)
        if epoch:
            output.epoch(epoch)


def _just_ended(job: Mapping[str, Any]) -> bool:
    ended = job.get("TrainingEndTime") or job["LastModifiedTime"]
    return bool(datetime.now(UTC) - ended < timedelta(minutes=1))
