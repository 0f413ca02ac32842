"""The values of attributes before and after a plan, and the resources that they refer to."""

import re
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from ..model import Action, Change, Plan
from ..reading.references import without_keys


class Unknown(Enum):
    """A value that is known only after the apply."""

    UNKNOWN = "(known after apply)"


UNKNOWN = Unknown.UNKNOWN
SIDES = ("before", "after")

_KEY = re.compile(r'\[("(?:[^"\\]|\\.)*"|\d+)\]')


def values(change: Change, side: str) -> Mapping[str, Any]:
    """A resource's values on one side; empty if it does not exist there. A forgotten resource still exists."""
    if side == "before" or change.action is Action.FORGET:
        return change.before or {}
    return change.after or {}


def exists(change: Change, side: str) -> bool:
    """Whether a resource exists on one side."""
    stays = side == "before" or change.action is Action.FORGET
    return (change.before if stays else change.after) is not None


def value(change: Change, side: str, attribute: str) -> Any:
    """An attribute's value on one side: `UNKNOWN` if known only after the apply, None if there is none."""
    if side == "after" and change.action is not Action.FORGET:
        unknown = change.unknown
        if unknown is True or (isinstance(unknown, Mapping) and unknown.get(attribute) is True):
            return UNKNOWN
    return values(change, side).get(attribute)


def has_unknown_items(change: Change, side: str, attribute: str) -> bool:
    """Whether some items of a list are known only after the apply."""
    marks = change.unknown.get(attribute) if isinstance(change.unknown, Mapping) else None
    return side == "after" and isinstance(marks, list) and True in marks


class Directory:
    """The resources of a plan that policies refer to, by name.

    Args:
        plan: the plan.
        kinds: for each type of resource, the attribute by which others refer to it.
    """

    def __init__(self, plan: Plan, kinds: Mapping[str, str]) -> None:
        self._references = plan.references or {}
        self._named: dict[tuple[str, str], Change] = {}
        self._instances: dict[str, dict[tuple[str, ...], Change]] = {}
        self._by_key_prefix: dict[tuple[str, tuple[str, ...]], list[Change]] = {}
        for change in plan.changes:
            called = kinds.get(change.type)
            if called is None or change.deposed:
                continue
            self._note(change)
            for side in SIDES:
                name = value(change, side, called)
                if isinstance(name, str):
                    self._named.setdefault((change.type, name), change)

    def _note(self, change: Change) -> None:
        """Index an instance by its keys and by each prefix of them."""
        base, keys = without_keys(change.address), tuple(_KEY.findall(change.address))
        self._instances.setdefault(base, {})[keys] = change
        for length in range(len(keys) + 1):
            self._by_key_prefix.setdefault((base, keys[:length]), []).append(change)

    def named(self, kind: str, name: str) -> Change | None:
        """The resource of a type with a name."""
        return self._named.get((kind, name))

    def references(self, change: Change, attribute: str) -> tuple[str, ...]:
        """The references in an attribute's expression: whole addresses, with an attribute if there is one."""
        return self._references.get((without_keys(change.address), attribute), ())

    def configured(self, change: Change, attribute: str) -> bool:
        """Whether the configuration sets an attribute, not the provider."""
        return (without_keys(change.address), attribute) in self._references

    def referred(self, change: Change, attribute: str, kind: str) -> Iterator[Change]:
        """The resources of a type that an attribute's expression refers to.

        With several instances, the one with the same keys. If several match, none: the configuration in a plan does not
        tell which one is meant.
        """
        for reference in self.references(change, attribute):
            instances = self._instances.get(reference, {})
            found = list(instances.values()) if len(instances) == 1 else self._of_same_keys(reference, change)
            if len(found) == 1 and found[0].type == kind and found[0] is not change:
                yield found[0]

    def _of_same_keys(self, reference: str, change: Change) -> list[Change]:
        """The instances whose keys match a resource's keys, as far as both have keys."""
        keys = tuple(_KEY.findall(change.address))
        instances = self._instances.get(reference, {})
        fewer = (instances.get(keys[:length]) for length in range(len(keys)))
        return [*self._by_key_prefix.get((reference, keys), ()), *filter(None, fewer)]


def join_references(references: tuple[str, ...]) -> str:
    """References as text: `aws_kms_key.k.arn`, without the `aws_kms_key.k` that Terraform adds to each."""
    longest = [each for each in references if not any(other.startswith(f"{each}.") for other in references)]
    return ", ".join(longest)
