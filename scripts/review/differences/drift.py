"""Recognises changes that only revert a change made outside of Terraform."""

from typing import Any

from ..canonical import parsed
from ..model import Action, Change, Plan
from ..reading.sensitive import any_marked
from ..secrets.paths import part
from .noise import Noise, empty


class DriftReverts:
    """The drift of a plan, to find the changes that revert it.

    Args:
        plan: the plan.
    """

    def __init__(self, plan: Plan) -> None:
        self._noise = Noise(plan)
        self._drift = {(each.address, each.deposed): each for each in plan.drift}

    def reverts_drift_of(self, change: Change) -> bool:
        """Whether a change restores the state before the drift and does nothing else."""
        drift = self._drift.get((change.address, change.deposed)) or self._drift.get(
            (change.previous_address, change.deposed)
        )
        if drift is None or change.after is None or drift.before is None:
            return False
        if change.action is Action.CREATE:
            return drift.action is Action.DESTROY and all(
                self._recreated_as_before(change, drift, name) for name in change.after
            )
        if change.action not in (Action.UPDATE, Action.REPLACE) or change.before is None or drift.after is None:
            return False
        differing = {name for name in change.after if not _equal(change.before.get(name), change.after[name])}
        return bool(differing) and all(
            self._restored(change, drift, name) and _equal(drift.after.get(name), change.before.get(name))
            for name in differing | self._pending(change)
        )

    def _pending(self, change: Change) -> set[str]:
        """The unknown attributes that the configuration sets: nobody can tell whether they restore the old value."""
        names = change.unknown if isinstance(change.unknown, dict) else {}
        return {name for name, each in names.items() if any_marked(each) and not self._noise.computed(change, name)}

    def _recreated_as_before(self, change: Change, drift: Change, name: str) -> bool:
        """Whether an attribute of a recreated resource is as before. AWS turns an unset attribute into 0 or false."""
        was = part(drift.before, name)
        default = part(change.after, name) is None and (was is False or (type(was) in (int, str) and str(was) == "0"))
        return default or self._restored(change, drift, name)

    def _restored(self, change: Change, drift: Change, name: str) -> bool:
        if any_marked(part(change.unknown, name)):
            return False
        return _equal(part(change.after, name), part(drift.before, name))


def _equal(one: Any, other: Any) -> bool:
    """Whether two values mean the same."""
    if one == other or (empty(one) and empty(other)):
        return True
    if isinstance(one, str) and isinstance(other, str):
        document = parsed(one)
        return document is not None and document == parsed(other)
    return False
