"""Follow a training job to its end: its status transitions and its log, as they come."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from scripts.core import aws
from scripts.training.logs import Log, parse_epoch
from scripts.training.runs import ENDED, describe
from scripts.training.screen import Screen, screen

# Short while a job starts or a small one runs; a long one need not be asked every second.
PAUSE, LONG_PAUSE, LONG = 1.0, 5.0, 120.0


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
    log = Log(aws.client("logs"), job)
    start, told = time.monotonic(), 0
    with screen() as shown:
        readable = True
        while True:
            described = describe(sagemaker, job)
            told = _show_transitions(described, told, shown)
            readable = readable and _show_log(log, described, shown)
            if described["TrainingJobStatus"] in ENDED:
                break
            time.sleep(PAUSE if time.monotonic() - start < LONG else LONG_PAUSE)
        if readable and _just_ended(described):
            _show_late(log, described, shown)
    return described


def _show_transitions(job: Mapping[str, Any], told: int, shown: Screen) -> int:
    """Show the transitions after the first ``told``; gives how many there are."""
    transitions = job.get("SecondaryStatusTransitions", [])
    for one in transitions[told:]:
        message = f": {one['StatusMessage']}" if one.get("StatusMessage") else ""
        shown.line(f"{one['StartTime'].astimezone():%H:%M:%S} {one['Status']}{message}")
    return len(transitions)


def _show_log(log: Log, job: Mapping[str, Any], shown: Screen) -> bool:
    """Show what is new in the log; False where the caller has no right to read it."""
    try:
        _show_new(log, job, shown)
    except Exception as error:
        if not aws.is_access_denied(error):
            raise
        shown.line(f"The log is not shown: no right to {getattr(error, 'operation_name', 'read it')}.")
        return False
    return True


def _show_new(log: Log, job: Mapping[str, Any], shown: Screen) -> bool:
    several = job["ResourceConfig"].get("InstanceCount", 1) > 1
    lines = log.read()
    for line in lines:
        shown.line(f"{line.host}: {line.text}" if several else line.text)
        epoch = parse_epoch(line.text)
        if epoch is not None:
            shown.epoch(epoch)
    return bool(lines)


def _just_ended(job: Mapping[str, Any]) -> bool:
    ended = job.get("TrainingEndTime") or job["LastModifiedTime"]
    return bool(datetime.now(UTC) - ended < timedelta(minutes=1))


def _show_late(log: Log, job: Mapping[str, Any], shown: Screen) -> None:
    """Show what CloudWatch has only a little after the job's end, until none came twice."""
    quiet = 0
    while quiet < 2:
        time.sleep(PAUSE)
        quiet = 0 if _show_new(log, job, shown) else quiet + 1
