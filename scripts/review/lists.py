"""Matches the elements of two lists, so that one that is put in does not make all after it look changed.

The plan's JSON does not say which lists are sets. Equal elements are matched first, wherever they stand; of the rest
those of the same name; then those that have the most in common.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from scripts.review.canonical import ordered

Pair = tuple[int | None, int | None]
"""The places of one element in the list before and in the list after."""

IDENTITIES = ("Sid", "sid", "name", "Name", "id", "rule_id", "key", "Key", "priority", "from_port")
_COMPARED = 30


def pairs(before: Sequence[Any], after: Sequence[Any]) -> list[Pair]:
    """Which element of one list stands for which of the other.

    Returns:
        A pair for each element, in the order after, then what is gone.
    """
    if not before or not after or len(before) == len(after) == 1:
        both = range(max(len(before), len(after)))
        return [(at if at < len(before) else None, at if at < len(after) else None) for at in both]
    left, right = _Rest(before), _Rest(after)
    found: list[Pair] = []
    _by(ordered, left, right, found)
    _by(_identity, left, right, found)
    _by_likeness(left, right, found)
    found += [(None, place) for place in right.places]
    found.sort(key=lambda pair: pair[1] or 0)
    return found + [(place, None) for place in left.places]


class _Rest:
    """The elements of a list that are not matched yet."""

    def __init__(self, values: Sequence[Any]) -> None:
        self.values = values
        self.places = dict.fromkeys(range(len(values)))


def _by(key: Any, left: _Rest, right: _Rest, found: list[Pair]) -> None:
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
    """What a block is called, None where it has no name."""
    if not isinstance(value, Mapping):
        return None
    for name in IDENTITIES:
        each = value.get(name)
        if isinstance(each, str | int) and each != "":
            return name, each
    return None


def _by_likeness(left: _Rest, right: _Rest, found: list[Pair]) -> None:
    """Match what is left with what it has most in common; in long lists simply in their order."""
    compare = len(left.places) <= _COMPARED and len(right.places) <= _COMPARED
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
