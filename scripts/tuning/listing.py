"""The table of tunings."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from scripts.core import console
from scripts.core.printable import one_line

HEADINGS = ("NAME", "STATUS", "STRATEGY", "TRIALS", "STARTED", "DURATION")
NEWEST = 50
RUNNING = frozenset({"InProgress", "Stopping"})


def list_tunings(sagemaker: Any) -> list[Mapping[str, Any]]:
    """The newest tunings, as ListHyperParameterTuningJobs answers them, with one request."""
    answer = sagemaker.list_hyper_parameter_tuning_jobs(
        SortBy="CreationTime", SortOrder="Descending", MaxResults=NEWEST
    )
    found: list[Mapping[str, Any]] = answer["HyperParameterTuningJobSummaries"]
    return found


def tuning_table(summaries: Sequence[Mapping[str, Any]], now: datetime | None = None) -> list[str]:
    """The tunings as aligned lines under their headings. A running one has its duration so far."""
    moment = now or datetime.now(UTC)
    return console.columns([HEADINGS, *(_cells(one, moment) for one in summaries)])


def _cells(one: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    status, created = one["HyperParameterTuningJobStatus"], one["CreationTime"]
    ended = one.get("HyperParameterTuningEndTime") or (None if status in RUNNING else one.get("LastModifiedTime"))
    cells = (
        one["HyperParameterTuningJobName"],
        status,
        one["Strategy"],
        _trials(one["TrainingJobStatusCounters"], one.get("ResourceLimits", {}).get("MaxNumberOfTrainingJobs")),
        f"{created.astimezone():%Y-%m-%d %H:%M}",
        console.duration(max(0.0, ((ended or now) - created).total_seconds())),
    )
    return tuple(one_line(text) for text in cells)


def _trials(counters: Mapping[str, int], most: int | None) -> str:
    """How many trials are Completed, of how many, and how many failed."""
    failed = counters.get("NonRetryableError", 0) + counters.get("RetryableError", 0)
    of = "" if most is None else f" of {most}"
    return f"{counters.get('Completed', 0)}{of}" + (f", {failed} failed" if failed else "")
