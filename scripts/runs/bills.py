"""What jobs cost: their billed seconds at the price with which they were sent."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scripts import costs
from scripts.core import aws
from scripts.runs.record import ENDED, read_json


def bills(sagemaker: Any, summaries: Sequence[Mapping[str, Any]], say: Callable[[str], None]) -> dict[str, float]:
    """The cost in USD of the jobs that have ended and whose price is known, by name.

    The folder runs/ knows the jobs that were followed from here. One Search asks for the others: it answers with their
    tags, among them the price.

    Args:
        sagemaker: the boto3 client.
        summaries: jobs as ListTrainingJobs answers them.
        say: prints that the others cannot be asked for.
    """
    ended = [job for job in summaries if job["TrainingJobStatus"] in ENDED]
    found = {job["TrainingJobName"]: _kept(job["TrainingJobName"]) for job in ended}
    if any(bill is None for bill in found.values()):
        found |= {name: bill for name, bill in _searched(sagemaker, len(summaries), say).items() if name in found}
    totals = {job["TrainingJobName"]: _total(job, found[job["TrainingJobName"]]) for job in ended}
    return {name: total for name, total in totals.items() if total is not None}


def _total(job: Mapping[str, Any], bill: tuple[float | None, int | None] | None) -> float | None:
    hour, seconds = bill or (None, None)
    return costs.with_pool(hour, seconds, job)


def _kept(job: str) -> tuple[float | None, int | None] | None:
    """USD an hour and the billed seconds of a job, by its files in runs/; None if these do not have its end."""
    try:
        request, record = (read_json(job, name) for name in ("request.json", "record.json"))
        started = costs.started_price(request)
        seconds = record["billable_seconds"] if record["status"] in ENDED else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return None if seconds is None else (started[0] if started else None, int(seconds))


def _searched(sagemaker: Any, count: int, say: Callable[[str], None]) -> dict[str, tuple[float | None, int | None]]:
    """The same of the newest jobs, by SageMaker's Search."""
    try:
        answer = sagemaker.search(
            Resource="TrainingJob", SortBy="CreationTime", SortOrder="Descending", MaxResults=min(100, count)
        )
    except Exception as error:  # the list is worth more than its costs
        reason = f"no right to {aws.action_of(error)}" if aws.is_access_denied(error) else aws.error_message(error)
        say(f"Not checked: what jobs cost that were not followed from here ({reason}).")
        return {}
    jobs = [result["TrainingJob"] for result in answer["Results"] if "TrainingJob" in result]
    return {job["TrainingJobName"]: _bill(job) for job in jobs}


def _bill(job: Mapping[str, Any]) -> tuple[float | None, int | None]:
    started = costs.started_price(job)
    return (started[0] if started else None), job.get("BillableTimeInSeconds")
