"""The table of training jobs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from scripts.core import console
from scripts.core.printable import one_line
from scripts.runs.bills import bills
from scripts.runs.record import RESUMES, read_json

HEADINGS = ("NAME", "STATUS", "INSTANCE", "STARTED", "DURATION", "COST (USD)", "RESUMES", "WARM POOL")
NEWEST = 50


@dataclass(frozen=True)
class Row:
    """One job.

    ``instance`` and ``resumes`` are empty if runs/ does not have the job, ``pool`` if it has no warm pool. ``cost`` is
    in USD; None if the job has not ended, or if its price is not known.
    """

    name: str
    status: str
    instance: str
    created: datetime
    ended: datetime | None
    resumes: str = ""
    pool: str = ""
    cost: float | None = None


def list_jobs(sagemaker: Any, say: Callable[[str], None]) -> list[Row]:
    """The newest jobs, with one request: ListTrainingJobs allows two requests a second.

    Args:
        sagemaker: the boto3 client.
        say: prints what cannot be looked up.
    """
    listed = sagemaker.list_training_jobs(SortBy="CreationTime", SortOrder="Descending", MaxResults=NEWEST)
    jobs = listed["TrainingJobSummaries"]
    known = bills(sagemaker, jobs, say)
    return [replace(_row(job), cost=known.get(job["TrainingJobName"])) for job in jobs]


def cost_line(rows: Sequence[Row]) -> str | None:
    """The sum of the known costs; None if no cost is known."""
    known = [row.cost for row in rows if row.cost is not None]
    unknown = sum(row.cost is None and row.ended is not None for row in rows)
    more = f"; what {unknown} more cost is not known" if unknown else ""
    jobs = "1 ended job" if len(known) == 1 else f"{len(known)} ended jobs"
    return f"Together: {sum(known):.4f} USD for {jobs}{more}" if known else None


def job_table(rows: Sequence[Row], now: datetime | None = None) -> list[str]:
    """The rows as aligned lines under their headings. A running job has its duration so far.

    The column of warm pools is there only if a job has one.
    """
    moment = now or datetime.now(UTC)
    cells = [HEADINGS, *(_cells(row, moment) for row in rows)]
    if not any(row.pool for row in rows):
        cells = [row[:-1] for row in cells]
    return console.columns(cells)


def _row(job: Mapping[str, Any]) -> Row:
    status, secondary = job["TrainingJobStatus"], job.get("SecondaryStatus")
    shown = f"{status} ({secondary})" if secondary not in {None, status} else status
    name = job["TrainingJobName"]
    instance, resumes = _read_request(name)
    pool = job.get("WarmPoolStatus", {}).get("Status", "")
    return Row(name, shown, instance, job["CreationTime"], job.get("TrainingEndTime"), resumes, pool)


def _read_request(job: str) -> tuple[str, str]:
    """A job's instances and the job that it resumes, from its request.json."""
    # ListTrainingJobs does not return them, and one request per job would take half a second each.
    try:
        request = read_json(job, "request.json")
        count, kind = (request["ResourceConfig"][name] for name in ("InstanceCount", "InstanceType"))
        tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}
    except (OSError, ValueError, KeyError):
        return "", ""
    return kind if count == 1 else f"{count} {kind}", tags.get(RESUMES, "")


def _cells(row: Row, now: datetime) -> tuple[str, ...]:
    started = f"{row.created.astimezone():%Y-%m-%d %H:%M}"
    lasted = console.duration(max(0.0, ((row.ended or now) - row.created).total_seconds()))
    cost = "-" if row.cost is None else f"{row.cost:.4f}"
    shown = (row.name, row.status, row.instance or "-", started, lasted, cost, row.resumes or "-", row.pool or "-")
    return tuple(one_line(text) for text in shown)
