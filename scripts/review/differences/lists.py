"""Matches the elements of two lists, so that an inserted element does not make all later ones look changed.

The plan's JSON does not tell which lists are sets. Equal elements are matched first, at any position. Then elements
with the same name are matched, then those with the most in common.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ..canonical import ordered

Pair = tuple[int | None, int | None]
"""The index of one element in the list before and in the list after."""

IDENTITIES = ("Sid", "sid", "name", "Name", "id", "rule_id", "key", "Key", "priority", "from_port")
_MAX_COMPARED = 30


def pairs(before: Sequence[Any], after: Sequence[Any]) -> list[Pair]:
    """Match the elements of two lists.

    Returns:
        A pair for each element: first in the order of the list after, then the removed elements.
    """
    if not before or not after or len(before) == len(after) == 1:
        indices = range(max(len(before), len(after)))
        return [(at if at < len(before) else None, at if at < len(after) else None) for at in indices]
    left, right = _Remainder(before), _Remainder(after)
    found: list[Pair] = []
    _match_by(ordered, left, right, found)
    _match_by(_identity, left, right, found)
    _match_by_likeness(left, right, found)
    found += [(None, place) for place in right.places]
    found.sort(key=lambda pair: pair[1] or 0)
    return found + [(place, None) for place in left.places]


class _Remainder:
    """The elements of a list without a match so far."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values
        self.places = dict.fromkeys(range(len(values)))


def _match_by(key: Any, left: _Remainder, right: _Remainder, found: list[Pair]) -> None:
    """Match elements with the same key, in their order."""
    if not left.places or not right.places:
        return
    waiting: dict[Any, list[int]] = defaultdict(list)
    for place in reversed(left.places):
        waiting[key(left.values[place])].append(place)
    for place in list(right.places):
        name = key(right.values[place])
        if name is not None and waiting.get(name):
            partner = waiting[name].pop()
            found.append((partner, place))
            del left.places[partner], right.places[place]


def _identity(value: Any) -> Any:
    """A block's name; None if it has none."""
    if not isinstance(value, Mapping):
        return None
    for name in IDENTITIES:
        each = value.get(name)
        if isinstance(each, str | int) and each != "":
            return name, each
    return None


def _match_by_likeness(left: _Remainder, right: _Remainder, found: list[Pair]) -> None:
    """Match the remaining elements by what they have in common; in long lists, in their order."""
    compare = len(left.places) <= _MAX_COMPARED and len(right.places) <= _MAX_COMPARED
    for place in list(right.places):
        if not left.places:
            return
        value = right.values[place]
        partner = (
            max(left.places, key=lambda other: _likeness(left.values[other], value))
            if compare
            else next(iter(left.places))
        )
        found.append((partner, place))
        del left.places[partner], right.places[place]


def _likeness(one: Any, other: Any) -> int:
    if not isinstance(one, Mapping) or not isinstance(other, Mapping):
        return 0
    return sum(name in other and other[name] == value for name, value in one.items())
