"""Tells a change that only takes back what was changed outside of Terraform from one that its author made."""

from typing import Any

from scripts.review.canonical import parsed
from scripts.review.masking import part
from scripts.review.model import Action, Change, Plan
from scripts.review.noise import Noise, empty
from scripts.review.sensitive import any_marked


class Reverts:
    """Knows the drift of a plan.

    Args:
        plan: the plan.
    """

    def __init__(self, plan: Plan) -> None:
        self._noise = Noise(plan)
        self._drift = {(each.address, each.deposed): each for each in plan.drift}

    def reverted_by(self, change: Change) -> bool:
        """Whether a change leads from what drift led to back to what was before, and to nothing else."""
        drift = self._drift.get((change.address, change.deposed)) or self._drift.get(
            (change.previous_address, change.deposed)
        )
        if drift is None or change.after is None or drift.before is None:
            return False
        if change.action is Action.CREATE:
            return drift.action is Action.DESTROY and all(self._anew(change, drift, name) for name in change.after)
        if change.action not in (Action.UPDATE, Action.REPLACE) or change.before is None or drift.after is None:
            return False
        differing = {name for name in change.after if not _same(change.before.get(name), change.after[name])}
        return bool(differing) and all(
            self._back(change, drift, name) and _same(drift.after.get(name), change.before.get(name))
            for name in differing | self._pending(change)
        )

    def _pending(self, change: Change) -> set[str]:
        """What is not known yet, and was written by the author: whether that leads back cannot be said."""
        names = change.unknown if isinstance(change.unknown, dict) else {}
        return {name for name, each in names.items() if any_marked(each) and not self._noise.computed(change, name)}

    def _anew(self, change: Change, drift: Change, name: str) -> bool:
        """Whether an attribute of what is made anew is as it was; nought and off are what AWS makes of nothing."""
        was = part(drift.before, name)
        default = part(change.after, name) is None and (was is False or (type(was) in (int, str) and str(was) == "0"))
        return default or self._back(change, drift, name)

    def _back(self, change: Change, drift: Change, name: str) -> bool:
        if any_marked(part(change.unknown, name)):
            return False
        return _same(part(change.after, name), part(drift.before, name))


def _same(one: Any, other: Any) -> bool:
    """Whether two values mean the same."""
    if one == other or (empty(one) and empty(other)):
        return True
    if isinstance(one, str) and isinstance(other, str):
        document = parsed(one)
        return document is not None and document == parsed(other)
    return False
