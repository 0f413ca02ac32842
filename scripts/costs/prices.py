"""The prices of a job's instances: as you state them, from AWS's Price List, or from the committed table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from scripts.costs import answers, price_list, table

STATED = "the job file"
REHEARSED = "Price List at "
"""Before the address of a Price List that is not AWS's."""


@dataclass(frozen=True)
class Price:
    """USD per instance and hour, and where the price comes from, such as ``prices of 2023-12``."""

    hour: float
    source: str


def find(kinds: Sequence[str], region: str, stated: float | None, say: Callable[[str], None]) -> dict[str, Price]:
    """The known prices of some instance types.

    Args:
        kinds: the types.
        region: the job's region.
        stated: the price that the job file states; then nobody is asked.
        say: prints that AWS's prices cannot be asked for.
    """
    if stated is not None:
        return {kind: Price(stated, STATED) for kind in kinds}
    return choose(kinds, region, _listed(region, say), table.read())


def choose(
    kinds: Sequence[str],
    region: str,
    listed: answers.Answer | None,
    committed: Mapping[str, table.RegionPrices],
) -> dict[str, Price]:
    """The known prices of some types: the Price List's answer first, then the table's for this very region."""
    found: dict[str, Price] = {}
    own = committed.get(region)
    for kind in kinds:
        if own is not None and kind in own.hour:
            found[kind] = Price(own.hour[kind], f"prices of {own.date}")
        if listed is not None and kind in listed.values:
            whose = f"{REHEARSED}{listed.endpoint}" if listed.endpoint else "AWS Price List"
            found[kind] = Price(listed.values[kind], f"{whose} of {listed.at:%Y-%m-%d}")
    return found


def _listed(region: str, say: Callable[[str], None]) -> answers.Answer | None:
    """The Price List's answer, at most a week old; None if it cannot be had."""
    name = price_list.name(region)
    return answers.kept(name, price_list.LONGEST) or answers.keep_if_possible(
        name, partial(price_list.ask, region), "the prices in AWS's Price List", say
    )
