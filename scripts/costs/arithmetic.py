"""What a training job costs at most, by its request and the prices of its instances. Pure functions.

The whole request counts, whoever wrote a member of it: instance types and counts, instance groups, fall-back types, the
instances of debugger and profiler rules, the time limit, and how long the instances are kept afterwards.

MaxRuntimeInSeconds is the limit for all attempts of a job together, so each retry is paid within it:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StoppingCondition.html.
A spot job pays nothing while it waits, and at most the price on demand while it runs:
https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html.
Instances in a warm pool cost as much as those that train:
https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DAY = 24 * 3600
"""SageMaker's limit for a request without one: API_StoppingCondition.html."""
NO_TYPE = "instances without a type"
RULES = ("DebugRuleConfigurations", "ProfilerRuleConfigurations")
"""Members whose entries may name an instance type: each runs on an instance of its own, beside the job."""


@dataclass(frozen=True)
class Instances:
    """Instances of one type that run together."""

    kind: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} {self.kind}"


def clusters(request: Mapping[str, Any]) -> list[tuple[Instances, ...]]:
    """The clusters of which SageMaker chooses one: several if the request has InstancePreferences, else one.

    Args:
        request: the CreateTrainingJob request.
    """
    resources = request.get("ResourceConfig") or {}
    count = resources.get("InstanceCount", 1)
    preferred = resources.get("InstancePreferences") or []
    chosen: list[tuple[Instances, ...]]
    if preferred:
        chosen = [(Instances(one["InstanceType"], one.get("InstanceCount", count)),) for one in preferred]
    else:
        groups = resources.get("InstanceGroups") or []
        named = [Instances(resources["InstanceType"], count)] if resources.get("InstanceType") else []
        named += [Instances(group.get("InstanceType") or NO_TYPE, group.get("InstanceCount", 1)) for group in groups]
        chosen = [tuple(named) or (Instances(NO_TYPE, count),)]
    beside = tuple(_of_rules(request))
    return [cluster + beside for cluster in chosen]


def _of_rules(request: Mapping[str, Any]) -> Iterator[Instances]:
    for member in RULES:
        for rule in request.get(member) or []:
            if rule.get("InstanceType"):
                yield Instances(rule["InstanceType"], 1)


def kinds(request: Mapping[str, Any]) -> list[str]:
    """The instance types of which the price must be known, each once."""
    return list(dict.fromkeys(one.kind for cluster in clusters(request) for one in cluster))


def hourly(request: Mapping[str, Any], prices: Mapping[str, float]) -> float | None:
    """USD an hour for all instances of a job, of the dearest cluster; None if a price is unknown.

    Args:
        request: the request.
        prices: USD per instance and hour, by instance type.
    """
    found = [_sum(cluster, prices) for cluster in clusters(request)]
    known = [price for price in found if price is not None]
    return max(known) if len(known) == len(found) else None


def _sum(cluster: Sequence[Instances], prices: Mapping[str, float]) -> float | None:
    if any(one.kind not in prices for one in cluster):
        return None
    return sum(prices[one.kind] * max(0, one.count) for one in cluster)


def longest_run(request: Mapping[str, Any]) -> int:
    """The seconds that a job's instances train at most, in all attempts together. A spot job's waiting is not in it."""
    limit: int = (request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds") or DAY
    return limit if limit > 0 else DAY


def longest_idle(request: Mapping[str, Any]) -> int:
    """The seconds that a job's instances are kept after it, for the next job."""
    kept: int = (request.get("ResourceConfig") or {}).get("KeepAlivePeriodInSeconds") or 0
    return max(0, kept)


def cost(hour: float, seconds: float) -> float:
    """USD for a number of seconds, of instances that cost ``hour`` USD an hour together."""
    return hour * seconds / 3600


def with_pool(hour: float | None, seconds: int | None, job: Mapping[str, Any]) -> float | None:
    """What a job and, so far, its warm pool cost in USD; each instance of both has the same price.

    Args:
        hour: USD an hour of all instances; None if it is not known.
        seconds: its billed seconds; None if they are not known.
        job: what SageMaker says of the job.

    Returns:
        The cost; None if the price or the seconds are not known.
    """
    if hour is None or seconds is None:
        return None
    return cost(hour, seconds + job.get("WarmPoolStatus", {}).get("ResourceRetainedBillableTimeInSeconds", 0))


def worst(request: Mapping[str, Any], hour: float) -> float:
    """What a job costs at most, in USD: it runs until its limit, and no other job takes over its instances."""
    return cost(hour, longest_run(request) + longest_idle(request))
