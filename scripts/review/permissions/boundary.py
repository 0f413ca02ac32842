"""Intersects a permissions boundary with the policies of a role or user: allowed is what both allow and neither denies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from ...policies import actions, globs
from ...policies.documents import EVERYTHING, Scope, Statement


class NotExpressibleError(Exception):
    """The intersection cannot be written as statements, because patterns overlap, such as `a*` and `*b`."""


def within(held: Sequence[Statement], limit: Sequence[Statement]) -> tuple[Statement, ...]:
    """Statements that allow what the policies and the boundary both allow, and deny what either denies.

    Args:
        held: the statements of all policies of a principal.
        limit: the statements of its boundary.

    Raises:
        NotExpressibleError: no statements express exactly that.
    """
    found = [each for each in (*held, *limit) if each.effect == "Deny"]
    limits = [each for each in limit if each.effect == "Allow"]
    for statement in held:
        if statement.effect == "Allow":
            # If the boundary allows the whole statement, keep it as written.
            whole = any(_covers(each, statement) for each in limits)
            found += [statement] if whole else [shared for each in limits for shared in _intersection(statement, each)]
    return tuple(dict.fromkeys(found))


def _covers(limit: Statement, statement: Statement) -> bool:
    """Whether a boundary's statement allows everything that another statement allows, as far as a quick look tells."""
    try:
        where = _resources(statement.resources, limit.resources)
    except NotExpressibleError:
        return False
    among = _actions(statement.actions, limit.actions)
    whole = (among, where) == (statement.actions, statement.resources)
    return whole and limit.conditions <= statement.conditions


def _intersection(statement: Statement, limit: Statement) -> Iterator[Statement]:
    """What two statements both allow; nothing if they share nothing."""
    among = _actions(statement.actions, limit.actions)
    where = _resources(statement.resources, limit.resources) if among else None
    if among and where:
        yield Statement("Allow", among, where, statement.principals, statement.conditions | limit.conditions)


def _actions(one: Scope, other: Scope) -> Scope | None:
    """The actions of both: as written in one of them, or one by one if the patterns overlap."""
    return _shared_scope(one, other, str.lower, _one_by_one)


def _one_by_one(pattern: str, against: Scope) -> Iterable[str]:
    whole = Scope((pattern,))
    more = actions.unlisted((whole, against))
    return map(actions.spelling, actions.expanded(whole, more) & actions.expanded(against, more))


def _resources(one: Scope, other: Scope) -> Scope | None:
    """The resources of both, as written in one of them.

    Raises:
        NotExpressibleError: no patterns express them.
    """
    return _shared_scope(one, other, str, _not_expressible)


def _not_expressible(_pattern: str, _against: Scope) -> Iterable[str]:
    raise NotExpressibleError


def _shared_scope(
    one: Scope, other: Scope, fold: Callable[[str], str], listed: Callable[[str, Scope], Iterable[str]]
) -> Scope | None:
    """The intersection of two scopes; None if it is empty.

    Args:
        one: a scope.
        other: another scope.
        fold: normalises a pattern, such as its case.
        listed: gives the intersection of a pattern and a scope that overlap.
    """
    if EVERYTHING in (one, other):
        return other if one == EVERYTHING else one
    if one.negated and other.negated:
        return Scope(tuple(sorted({*one.patterns, *other.patterns})), negated=True)
    positive, against = (other, one) if one.negated else (one, other)
    found: set[str] = set()
    for pattern in positive.patterns:
        shared = [_shared_pattern(pattern, each, fold) for each in against.patterns]
        if against.negated and not any(each != "" for each in shared):
            found.add(pattern)
        elif (against.negated and pattern not in shared) or (not against.negated and None in shared):
            found.update(listed(pattern, against))
        elif not against.negated:
            found.update(filter(None, shared))
    return Scope(tuple(sorted(found))) if found else None


def _shared_pattern(one: str, other: str, fold: Callable[[str], str]) -> str | None:
    """The intersection of two patterns: the narrower one, an empty text for nothing, or None if they overlap."""
    first, second = fold(one), fold(other)
    if globs.covers(second, first):
        return one
    if globs.covers(first, second):
        return other
    return None if globs.overlap(first, second) else ""
