"""Decides which fault a call gets: a function of the rules, of what they have done so far, and of the call."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.localcloud.faults.rules import Faults, Rule


@dataclass(frozen=True)
class Tally:
    """What a rule has done so far: how many calls it has seen, and how many it has given its fault."""

    calls: int = 0
    struck: int = 0


def decide(
    faults: Faults, tallies: Sequence[Tally], service: str, operation: str
) -> tuple[Rule | None, tuple[Tally, ...]]:
    """Decide whether a call gets a fault. The first rule that strikes wins, and later rules do not see the call.

    Args:
        faults: the rules and their seed.
        tallies: one for each rule.
        service: AWS's name of the service that is called.
        operation: the operation.

    Returns:
        The rule that strikes, or None; and the tallies after this call.
    """
    after = list(tallies)
    for number, rule in enumerate(faults.rules):
        if not rule.covers(service, operation):
            continue
        tally = tallies[number]
        strikes = (rule.most is None or tally.struck < rule.most) and _draw(
            faults.seed, number, tally.calls
        ) < rule.share
        after[number] = Tally(tally.calls + 1, tally.struck + strikes)
        if strikes:
            return rule, tuple(after)
    return None, tuple(after)


def _draw(seed: int, rule: int, call: int) -> float:
    """Return a number from 0 to 1, always the same for a rule's n-th call: threads cannot change which calls fail."""
    return random.Random(f"{seed} {rule} {call}").random()  # noqa: S311 - it protects nothing
