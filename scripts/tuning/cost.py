"""What a tuning costs at most, against what it may cost. Pure functions of the request of one of its jobs."""

from collections.abc import Mapping
from typing import Any

from scripts import costs
from scripts.core import console
from scripts.core.errors import UserError
from scripts.tuning.request import Search


def worst(search: Search, job: Mapping[str, Any], hour: float) -> float:
    """What a tuning costs at most, in USD: the lower of two limits.

    All its jobs may run as long as one may. And no more than `parallel_jobs` run at any time until the tuning's own
    limit; that says nothing about instances that are kept after their job.

    Args:
        search: what it searches.
        job: the CreateTrainingJob request of one of its jobs.
        hour: USD an hour of all instances of a job.
    """
    of_jobs = search.max_jobs * costs.worst(job, hour)
    seconds = search.table.max_runtime_seconds
    if seconds is None or costs.longest_idle(job):
        return of_jobs
    return min(of_jobs, search.table.parallel_jobs * costs.cost(hour, seconds))


def check(search: Search, job: Mapping[str, Any], cap: costs.Cap | None, region: str) -> None:
    """Refuse a tuning that may cost more than its limit, or whose cost is unknown although it has one.

    Args:
        search: what it searches.
        job: the CreateTrainingJob request of one of its jobs, with the tags of its price.
        cap: its limit; None if nothing limits it.
        region: the region, for the message.

    Raises:
        UserError: as above.
    """
    if cap is None:
        return
    started = costs.started_price(job)
    if started is None:
        raise costs.unknown_price(cap, costs.kinds(job), region)
    most = worst(search, job, started[0])
    if most > cap.usd:
        raise UserError(
            f"The tuning costs up to {costs.usd(most)} USD, and max_cost is {cap.usd:g} USD ({cap.place}): "
            f"{_described(search, job, started[0])}.",
            "Lower max_jobs or max_runtime_seconds of [tuning], or max_runtime_seconds of the job, or raise max_cost.",
        )


def cost_line(search: Search, job: Mapping[str, Any], region: str) -> str:
    """The line that is printed before a tuning is sent; the arguments are those of `check`."""
    started = costs.started_price(job)
    if started is None:
        kinds = console.listed(costs.kinds(job))
        return f"Cost: {search.max_jobs} jobs of {kinds}, price in {region} unknown: {costs.PRICING}"
    hour, source = started
    return f"Cost: {_described(search, job, hour)}: {costs.at_most(worst(search, job, hour), job, region, source)}"


def _described(search: Search, job: Mapping[str, Any], hour: float) -> str:
    table = search.table
    limit = f", all within {console.duration(table.max_runtime_seconds)}" if table.max_runtime_seconds else ""
    return f"{search.max_jobs} jobs, {table.parallel_jobs} at a time, each {costs.described(job, hour)}{limit}"
