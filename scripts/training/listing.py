"""The table of training jobs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scripts.core import console
from scripts.training.runs import folder_of

HEADINGS = ("NAME", "STATUS", "INSTANCE", "STARTED", "DURATION")
NEWEST = 50


@dataclass(frozen=True)
class Row:
    """One job; ``instance`` is empty where this machine does not have the run."""

    name: str
    status: str
    instance: str
    created: datetime
    ended: datetime | None


def list_jobs(sagemaker: Any) -> list[Row]:
    """The newest jobs, by one call: ListTrainingJobs answers no more than two a second."""
    listed = sagemaker.list_training_jobs(SortBy="CreationTime", SortOrder="Descending", MaxResults=NEWEST)
    return [_row(job) for job in listed["TrainingJobSummaries"]]


def job_table(rows: Sequence[Row], now: datetime | None = None) -> list[str]:
    """The rows as aligned lines under their headings; a job that runs has its duration so far."""
    moment = now or datetime.now(UTC)
    cells = [HEADINGS, *(_cells(row, moment) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEADINGS))]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _row(job: Mapping[str, Any]) -> Row:
    status, secondary = job["TrainingJobStatus"], job.get("SecondaryStatus")
    shown = f"{status} ({secondary})" if secondary not in {None, status} else status
    name = job["TrainingJobName"]
    return Row(name, shown, _instance(name), job["CreationTime"], job.get("TrainingEndTime"))


def _instance(job: str) -> str:
    # The listing does not say it; a call for each job would take half a second each.
    try:
        resources = json.loads((folder_of(job) / "request.json").read_text(encoding="utf-8"))["ResourceConfig"]
    except (OSError, ValueError, KeyError):
        return ""
    count = resources["InstanceCount"]
    kind: str = resources["InstanceType"]
    return kind if count == 1 else f"{count} {kind}"


def _cells(row: Row, now: datetime) -> tuple[str, ...]:
    started = f"{row.created.astimezone():%Y-%m-%d %H:%M}"
    lasted = console.duration(max(0.0, ((row.ended or now) - row.created).total_seconds()))
    return (row.name, row.status, row.instance or "-", started, lasted)
