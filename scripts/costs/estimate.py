"""Whether a job may be sent: what it costs at most, against what it may cost."""

import math
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.core import aws, console
from scripts.core.errors import UserError
from scripts.costs import arithmetic, prices

MAX_COST, PRICE, SOURCE = "MaxCost", "PricePerHour", "PriceSource"
"""The tags of a job: what it may cost, USD an hour of all its instances when it was sent, and where that comes from."""
TAGS = (MAX_COST, PRICE, SOURCE)
Tag = Mapping[str, str]
DEFAULTS = Path("costs.toml")
MOST = 1e9
"""USD; a tag with more is not ours."""
CHEAPER = "Lower max_runtime_seconds, instance_count or keep_alive_seconds"
PRICING = "https://aws.amazon.com/sagemaker/pricing/"


@dataclass(frozen=True)
class Cap:
    """A limit.

    Args:
        usd: what a job may cost in USD.
        place: where that is set.
        fix: what to do if a job may cost more; the default is for a job file.
    """

    usd: float
    place: str
    fix: str = f"{CHEAPER}, or raise max_cost in the job file."


@dataclass(frozen=True)
class Estimate:
    """What was found out before a job is sent.

    Args:
        prices: the known prices, by instance type.
        cap: what the job may cost; None if nothing limits it.
    """

    prices: Mapping[str, prices.Price]
    cap: Cap | None = None


def check(request: Mapping[str, Any], cap: Cap | None, stated: float | None, say: Callable[[str], None]) -> list[Tag]:
    """Find the prices of a request's instances, and refuse the request if it may cost more than its limit.

    Args:
        request: the whole CreateTrainingJob request, as it will be sent.
        cap: what the job itself may cost; without one, the project's default (costs.toml) holds.
        stated: the price per instance and hour that a person stated.
        say: prints what cannot be checked.

    Returns:
        The tags that keep its price and its limit, for `with_tags`.

    Raises:
        UserError: it may cost more, or it has a limit and a price is unknown.
    """
    region = aws.region()
    found = prices.find(arithmetic.kinds(request), region, stated, say)
    estimate = Estimate(found, cap or default_cap())
    refuse_above_cap(request, estimate, region)
    return tags(request, estimate)


def default_cap(path: Path = DEFAULTS) -> Cap | None:
    """The project's default, from ``max_cost`` in costs.toml; None if the file does not set one.

    Raises:
        UserError: the file is wrong.
    """
    if not path.exists():
        return None
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path} is not valid TOML: {error}.", "Write `max_cost = 100`, or delete the file.") from None
    if not values:
        return None
    usd = values.pop("max_cost", None)
    if values or isinstance(usd, bool) or not isinstance(usd, int | float) or not 0 < usd < math.inf:
        raise UserError(
            f"{path} may set max_cost, in USD, and nothing else.", "Write `max_cost = 100`, or delete the file."
        )
    return Cap(float(usd), str(path), f"{CHEAPER}, or raise max_cost in {path}.")


def refuse_above_cap(request: Mapping[str, Any], estimate: Estimate, region: str) -> None:
    """Refuse a request that may cost more than its cap, or whose cost is unknown although it has one.

    Raises:
        UserError: as above.
    """
    cap = estimate.cap
    if cap is None:
        return
    hour = arithmetic.hourly(request, _hours(estimate))
    if hour is None:
        unknown = [kind for kind in arithmetic.kinds(request) if kind not in estimate.prices]
        raise unknown_price(cap, unknown, region)
    worst = arithmetic.worst(request, hour)
    if worst > cap.usd:
        raise UserError(
            f"The job costs up to {usd(worst)} USD, and max_cost is {cap.usd:g} USD ({cap.place}): "
            f"{described(request, hour)}.",
            cap.fix,
        )


def unknown_price(cap: Cap, kinds: Sequence[str], region: str) -> UserError:
    """The error about a limit where the price of some types of instances is not known."""
    return UserError(
        f"max_cost is {cap.usd:g} USD ({cap.place}), but the price of {console.listed(kinds)} in {region} is unknown.",
        f"State it in the job file, in USD per instance and hour: price_per_hour = …; see {PRICING}.",
    )


def described(request: Mapping[str, Any], hour: float) -> str:
    """How a job's highest cost comes about: ``2 ml.m5.xlarge at 0.514 USD an hour for 1 h``."""
    clusters = " or ".join(" and ".join(map(str, cluster)) for cluster in arithmetic.clusters(request))
    idle = arithmetic.longest_idle(request)
    pool = f" and {console.duration(idle)} of its warm pool" if idle else ""
    return f"{clusters} at {_digits(hour)} USD an hour for {console.duration(arithmetic.longest_run(request))}{pool}"


def tags(request: Mapping[str, Any], estimate: Estimate) -> list[Tag]:
    """The tags of a request's price, as far as it is known, and of its cap."""
    values: dict[str, str] = {}
    if estimate.cap is not None:
        values[MAX_COST] = repr(estimate.cap.usd)
    hour = arithmetic.hourly(request, _hours(estimate))
    if hour is not None:
        values[PRICE] = repr(hour)
        values[SOURCE] = " and ".join(dict.fromkeys(one.source for one in estimate.prices.values()))
    return [{"Key": key, "Value": value} for key, value in values.items()]


def with_tags(request: Mapping[str, Any], found: Sequence[Tag]) -> dict[str, Any]:
    """The request with the tags that `check` found, and no other tags of these names."""
    kept = [tag for tag in request.get("Tags") or [] if tag["Key"] not in TAGS]
    return {**request, "Tags": [*kept, *found]}


def cap_of(tags: Mapping[str, str], job: str) -> Cap | None:
    """What a job may cost that resumes another: as much as that one, by its tags."""
    usd = _number(tags.get(MAX_COST))
    fix = f"Start a new job with another limit, `make train`, or change that tag of {job}."
    return None if usd is None else Cap(usd, f"the tag {MAX_COST} of {job}", fix)


def stated_by(tags: Mapping[str, str], request: Mapping[str, Any]) -> float | None:
    """The price per instance and hour that a person stated for an earlier job, by its tags.

    Args:
        tags: the earlier job's tags.
        request: a request with the same instances.
    """
    hour = _number(tags.get(PRICE))
    if hour is None or tags.get(SOURCE) != prices.STATED:
        return None
    most = max(sum(one.count for one in cluster) for cluster in arithmetic.clusters(request))
    return hour / most


def started_price(request: Mapping[str, Any]) -> tuple[float, str] | None:
    """USD an hour of all instances when a job was sent, and where that comes from, by the tags of its request."""
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}
    hour = _number(tags.get(PRICE))
    return None if hour is None else (hour, tags.get(SOURCE, ""))


def spent(job: Mapping[str, Any], tags: Mapping[str, str]) -> float | None:
    """What a job that has ended cost in USD, with its warm pool; None if its price is not known.

    Args:
        job: its DescribeTrainingJob response.
        tags: its tags.
    """
    return arithmetic.with_pool(_number(tags.get(PRICE)), job.get("BillableTimeInSeconds"), job)


def chain_line(request: Mapping[str, Any], before: Sequence[float | None]) -> str:
    """The line about all jobs of a run that is resumed: what they have cost, and will have cost at most.

    Args:
        request: the request of the job that resumes, with its tags.
        before: what each job before it cost in USD; None if that is not known.
    """
    jobs = "the job before it" if len(before) == 1 else f"the {len(before)} jobs before it"
    known = [cost for cost in before if cost is not None]
    if len(known) < len(before):
        return f"What {jobs} cost is not known."
    started = started_price(request)
    whole = (
        f", so all together at most {usd(sum(known) + arithmetic.worst(request, started[0]))} USD" if started else ""
    )
    return f"{jobs.capitalize()} cost {usd(sum(known))} USD{whole}; max_cost is a limit of each."


def cost_line(request: Mapping[str, Any], region: str) -> str:
    """The line that is printed before a job is sent: instances, price per hour, highest cost."""
    started = started_price(request)
    clusters = " or ".join(" and ".join(map(str, cluster)) for cluster in arithmetic.clusters(request))
    if started is None:
        return f"Cost: {clusters}, price in {region} unknown: {PRICING}"
    hour, source = started
    return f"Cost: {described(request, hour)}: {at_most(arithmetic.worst(request, hour), request, region, source)}"


def at_most(worst: float, request: Mapping[str, Any], region: str, source: str) -> str:
    """The highest cost as text, with where its price comes from: ``at most 1.03 USD (eu-west-1, on demand, …)``."""
    cheaper = "; spot costs less" if request.get("EnableManagedSpotTraining") else ""
    return f"at most {usd(worst)} USD ({region}, on demand, {source}){cheaper}"


def _hours(estimate: Estimate) -> dict[str, float]:
    return {kind: one.hour for kind, one in estimate.prices.items()}


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 < value < MOST else None


def usd(value: float) -> str:
    """An upper limit in USD as text: rounded up, so that it is one."""
    digits = 2 if value >= 0.1 else 4
    return f"{math.ceil(round(value * 10**digits, 6)) / 10**digits:.{digits}f}"


def _digits(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
