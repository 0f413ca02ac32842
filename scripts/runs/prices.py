"""The cost of a job, from a dated price table (prices.toml)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Prices:
    """On-demand prices in USD per instance and hour, in one region at one date."""

    date: str
    region: str
    hour: dict[str, float]


@lru_cache(maxsize=1)
def table() -> Prices:
    """The price table in this folder."""
    return Prices(**tomllib.loads(Path(__file__).with_name("prices.toml").read_text(encoding="utf-8")))


def estimate_cost(instance_type: str, count: int, seconds: float) -> float | None:
    """The cost of ``count`` instances for a number of billed seconds.

    Returns:
        The on-demand cost in USD; None if the table does not have the instance type.
    """
    hour = table().hour.get(instance_type)
    return None if hour is None else hour * count * seconds / 3600


def idle_seconds(request: Mapping[str, Any]) -> int:
    """For how many seconds a job's instances are billed after its end: those of its warm pool, if no job takes it.

    Args:
        request: the CreateTrainingJob request, or what DescribeTrainingJob answers.
    """
    return request["ResourceConfig"].get("KeepAlivePeriodInSeconds") or 0


def cost_line(instance_type: str, count: int, max_seconds: int, spot: bool, idle: int = 0) -> str:
    """The line that is printed before a job is sent: instances, price per hour, maximum cost with its warm pool."""
    prices = table()
    instances = f"{count} {instance_type}"
    worst = estimate_cost(instance_type, count, max_seconds + idle)
    if worst is None:
        return f"Cost: {instances}, price unknown (not in the table of {prices.date}): aws.amazon.com/sagemaker/pricing"
    each = f"{prices.hour[instance_type]:g} USD an hour each ({prices.region}, on demand, prices of {prices.date})"
    cheaper = "; spot costs less" if spot else ""
    pool = f" and {idle / 60:g} min of its warm pool" if idle else ""
    return f"Cost: {instances} at {each}; at most {worst:.2f} USD for {max_seconds / 3600:g} h{pool}{cheaper}"
