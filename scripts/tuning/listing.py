"""Which tunings there are, and their table."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from scripts.core import aws, console
from scripts.core.printable import one_line
from scripts.runs.record import TUNING_NAME
from scripts.tuning.request import name_stem

HEADINGS = ("NAME", "STATUS", "STRATEGY", "TRIALS", "STARTED", "DURATION")
NEWEST = 100
RUNNING = frozenset({"InProgress", "Stopping"})


def list_tunings(sagemaker: Any, job: str, say: Callable[[str], None]) -> list[Mapping[str, Any]]:
    """The newest tunings that `make tune` has started, as ListHyperParameterTuningJobs answers them.

    ListHyperParameterTuningJobs knows a tuning at once, but not its tags. Search knows the tags, but not at once.

    Args:
        sagemaker: the boto3 client.
        job: the name of a job file: only its tunings; empty for those of all.
        say: prints that the tags cannot be looked up.
    """
    newest = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": NEWEST}
    listed = sagemaker.list_hyper_parameter_tuning_jobs(**newest)["HyperParameterTuningJobSummaries"]
    job_files = _job_files(sagemaker, newest, say) if listed else {}
    return [one for one in listed if is_listed(one["HyperParameterTuningJobName"], job_files, job)]


def is_listed(name: str, job_files: Mapping[str, str | None], job: str) -> bool:
    """Whether `make tunings` lists a tuning: its tag Job says so, or its name if the tags are not known.

    Args:
        name: the tuning's name.
        job_files: the value of the tag Job of each tuning whose tags are known; None without the tag.
        job: as for `list_tunings`.
    """
    if name in job_files:
        return job_files[name] == job if job else job_files[name] is not None
    found = TUNING_NAME.fullmatch(name)
    return found is not None and (not job or found["spec"] == name_stem(job))


def _job_files(sagemaker: Any, newest: Mapping[str, Any], say: Callable[[str], None]) -> dict[str, str | None]:
    try:
        results = sagemaker.search(Resource="HyperParameterTuningJob", **newest)["Results"]
    except Exception as error:  # names alone tell nearly as much
        reason = f"no right to {aws.action_of(error)}" if aws.is_access_denied(error) else aws.error_message(error)
        say(f"Not checked: which tunings have the tag Job ({reason}). Those with such a name are listed.")
        return {}
    found = [one["HyperParameterTuningJob"] for one in results if "HyperParameterTuningJob" in one]
    tags = {one["HyperParameterTuningJobName"]: one.get("Tags") or [] for one in found}
    return {name: {tag["Key"]: tag["Value"] for tag in each}.get("Job") for name, each in tags.items()}


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
