"""Decides which conditions one request can meet together.

For texts, ARNs, booleans and absent keys, this follows from the values that a key can have. Conditions with other
operators (numbers, dates, addresses, keys with several values) count as met only if a given condition implies them.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

import ipaddress
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeVar

from . import globs
from .documents import Condition

Conditions = frozenset[Condition]

_IF_EXISTS = "IfExists"
_POSITIVE = {"StringEquals", "StringLike", "ArnEquals", "ArnLike", "Bool"}
_NEGATIVE = {"StringNotEquals", "StringNotLike", "ArnNotEquals", "ArnNotLike"}
_EXACT = {"StringEquals", "StringNotEquals"}
_MAX_CASES = 256


def implied(given: Conditions, others: Sequence[Conditions]) -> Iterator[frozenset[int]]:
    """For each kind of request that meets some conditions: the other conditions that it also meets.

    Args:
        given: the conditions that the request meets; nothing is yielded if no request can meet them.
        others: the other conditions.

    Yields:
        The indices of the others that it must meet. Kinds of requests that meet more than another kind are left out:
        they pass nowhere else.
    """
    return iter(_implied(given, tuple(others)))


@lru_cache(maxsize=65_536)
def _implied(given: Conditions, others: tuple[Conditions, ...]) -> tuple[frozenset[int], ...]:
    atoms = given.union(*others)
    keys: dict[tuple[str, bool], set[Condition]] = {}
    for atom in atoms:
        keys.setdefault((atom.key, _is_decidable(atom)), set()).add(atom)
    choices = [
        _by_values(among, given) if decided else [_following(among, given)] for (_, decided), among in keys.items()
    ]
    if not all(choices):
        return ()
    if _product(choices) > _MAX_CASES:
        choices = [[frozenset.intersection(*choice)] for choice in choices]
    sorts = {
        frozenset(place for place, other in enumerate(others) if other <= true)
        for true in (frozenset().union(*chosen) for chosen in itertools.product(*choices))
    }
    return tuple(_minimal(sorts))


def _product(choices: Iterable[Sequence[Conditions]]) -> int:
    return math.prod(len(choice) for choice in choices)


_T = TypeVar("_T")


def _minimal(sets: set[frozenset[_T]]) -> list[frozenset[_T]]:
    """The sets that contain no other set."""
    return [each for each in sets if not any(other < each for other in sets)]


def _base(atom: Condition) -> str:
    return atom.operator.removesuffix(_IF_EXISTS)


def _is_decidable(atom: Condition) -> bool:
    return _base(atom) in _POSITIVE | _NEGATIVE | {"Null"}


def _by_values(atoms: set[Condition], given: Conditions) -> list[Conditions]:
    """The smallest sets of conditions on one key that can be met together and include the given ones."""
    needed = given & atoms
    patterns = tuple(sorted({pattern for atom in atoms for pattern in _patterns(atom)}))
    held = [_holding(atoms, None)]
    try:
        held += [_holding(atoms, {patterns[place] for place in case}) for case in globs.cases(patterns)]
    except globs.TooManyCasesError:
        return [frozenset(needed)]
    return _minimal({true for true in held if needed <= true})


def _patterns(atom: Condition) -> tuple[str, ...]:
    base = _base(atom)
    if base == "Null":
        return ()
    if base == "Bool":
        return tuple(globs.literal(value.lower()) for value in atom.values)
    return tuple(globs.literal(value) for value in atom.values) if base in _EXACT else atom.values


def _holding(atoms: set[Condition], matched: set[str] | None) -> Conditions:
    """The conditions on a key that hold for a value that matches these patterns; None if the key is absent."""
    return frozenset(atom for atom in atoms if _holds(atom, matched))


def _holds(atom: Condition, matched: set[str] | None) -> bool:
    base = _base(atom)
    if base == "Null":
        return ("true" if matched is None else "false") in {value.lower() for value in atom.values}
    if matched is None:
        return base in _NEGATIVE or atom.operator.endswith(_IF_EXISTS)
    return matched.isdisjoint(_patterns(atom)) == (base in _NEGATIVE)


def _following(atoms: set[Condition], given: Conditions) -> Conditions:
    return frozenset(atom for atom in atoms if any(_implies(known, atom) for known in given))


def _implies(known: Condition, wanted: Condition) -> bool:
    """Whether one condition of the same operator follows from the other."""
    if known == wanted:
        return True
    if known.operator != wanted.operator or known.key != wanted.key:
        return False
    base = _base(known).rpartition(":")[2]
    if base in ("IpAddress", "NotIpAddress"):
        wide, narrow = (wanted, known) if base == "IpAddress" else (known, wanted)
        return all(any(_within(inner, outer) for outer in wide.values) for inner in narrow.values)
    if base.rpartition("Less")[2] in _LIMITS or base.rpartition("Greater")[2] in _LIMITS:
        return _tighter(base, known.values, wanted.values)
    if "Not" in base:
        return set(known.values) >= set(wanted.values)
    return set(known.values) <= set(wanted.values)


_LIMITS = {"Than", "ThanEquals"}


def _tighter(base: str, known: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether one limit is within another: for numbers, and for dates in the form that sorts as text."""
    spell: Callable[[str], float | str] = float if base.startswith("Numeric") else str
    try:
        if "Less" in base:
            return all(any(spell(one) <= spell(other) for other in wanted) for one in known)  # type: ignore[operator]
        return all(any(spell(one) >= spell(other) for other in wanted) for one in known)  # type: ignore[operator]
    except ValueError:
        return False


def _within(inner: str, outer: str) -> bool:
    try:
        first, second = ipaddress.ip_network(inner, strict=False), ipaddress.ip_network(outer, strict=False)
    except ValueError:
        return inner == outer
    return first.version == second.version and first.subnet_of(second)  # type: ignore[arg-type]


_WORDS = {
    "StringEquals": "is",
    "StringNotEquals": "is not",
    "StringEqualsIgnoreCase": "is (ignoring case)",
    "StringNotEqualsIgnoreCase": "is not (ignoring case)",
    "StringLike": "is like",
    "StringNotLike": "is not like",
    "ArnEquals": "is like",
    "ArnLike": "is like",
    "ArnNotEquals": "is not like",
    "ArnNotLike": "is not like",
    "Bool": "is",
    "IpAddress": "is in",
    "NotIpAddress": "is not in",
    "NumericEquals": "=",
    "NumericNotEquals": "≠",
    "NumericLessThan": "<",
    "NumericLessThanEquals": "≤",
    "NumericGreaterThan": ">",
    "NumericGreaterThanEquals": "≥",
    "DateLessThan": "is before",
    "DateGreaterThan": "is after",
}
_SEVERAL = {"ForAllValues": "every value of ", "ForAnyValue": "any value of "}


def describe(conditions: Conditions) -> str:
    """Conditions as text; empty if there are none."""
    return " and ".join(
        _describe_one(atom) for atom in sorted(conditions, key=lambda atom: (atom.key, atom.operator, atom.values))
    )


def _describe_one(atom: Condition) -> str:
    quantifier, _, base = _base(atom).rpartition(":")
    if base == "Null":
        return f"{atom.spelling or atom.key} is {'absent' if atom.values == ('true',) else 'present'}"
    values = (" nor " if "Not" in base else " or ").join(atom.values) or "nothing"
    suffix = " if present" if atom.operator.endswith(_IF_EXISTS) else ""
    return f"{_SEVERAL.get(quantifier, '')}{atom.spelling or atom.key} {_WORDS.get(base, base)} {values}{suffix}"
