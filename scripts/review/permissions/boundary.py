"""What a permissions boundary leaves of the policies of a role or user: what both allow, and what neither denies.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

from scripts.policies import actions, globs
from scripts.policies.documents import EVERYTHING, Scope, Statement


class NotTellableError(Exception):
    """What both allow is no set of statements: two patterns overlap, such as `a*` and `*b`."""


def within(held: Sequence[Statement], limit: Sequence[Statement]) -> tuple[Statement, ...]:
    """Statements that allow what some statements and a boundary allow, and deny what either denies.

    Args:
        held: the statements of all policies of a principal.
        limit: those of its boundary.

    Raises:
        NotTellableError: no statements say just that.
    """
    found = [each for each in (*held, *limit) if each.effect == "Deny"]
    limits = [each for each in limit if each.effect == "Allow"]
    for statement in held:
        if statement.effect == "Allow":
            # Where the boundary allows the whole of it, it stays as it was written.
            whole = any(_has(each, statement) for each in limits)
            found += [statement] if whole else [both for each in limits for both in _both(statement, each)]
    return tuple(dict.fromkeys(found))


def _has(limit: Statement, statement: Statement) -> bool:
    """Whether a boundary's statement plainly allows all that another one does."""
    try:
        where = _resources(statement.resources, limit.resources)
    except NotTellableError:
        return False
    among = _actions(statement.actions, limit.actions)
    whole = (among, where) == (statement.actions, statement.resources)
    return whole and limit.conditions <= statement.conditions


def _both(statement: Statement, limit: Statement) -> Iterator[Statement]:
    """What two statements allow; nothing where they have nothing in common."""
    among = _actions(statement.actions, limit.actions)
    where = _resources(statement.resources, limit.resources) if among else None
    if among and where:
        yield Statement("Allow", among, where, statement.principals, statement.conditions | limit.conditions)


def _actions(one: Scope, other: Scope) -> Scope | None:
    """The actions of both: in the words of either, or one by one where these overlap."""
    return _common(one, other, str.lower, _one_by_one)


def _one_by_one(pattern: str, against: Scope) -> Iterable[str]:
    whole = Scope((pattern,))
    more = actions.unlisted((whole, against))
    return map(actions.spelling, actions.expanded(whole, more) & actions.expanded(against, more))


def _resources(one: Scope, other: Scope) -> Scope | None:
    """The resources of both, in the words of either.

    Raises:
        NotTellableError: there are no words for them.
    """
    return _common(one, other, str, _not_tellable)


def _not_tellable(_pattern: str, _against: Scope) -> Iterable[str]:
    raise NotTellableError


def _common(
    one: Scope, other: Scope, fold: Callable[[str], str], listed: Callable[[str, Scope], Iterable[str]]
) -> Scope | None:
    """What two scopes have in common; None for nothing.

    Args:
        one: a scope.
        other: another one.
        fold: writes alike what is the same.
        listed: what a pattern and a scope that overlap have in common.
    """
    if EVERYTHING in (one, other):
        return other if one == EVERYTHING else one
    if one.negated and other.negated:
        return Scope(tuple(sorted({*one.patterns, *other.patterns})), negated=True)
    positive, against = (other, one) if one.negated else (one, other)
    found: set[str] = set()
    for pattern in positive.patterns:
        shared = [_shared(pattern, each, fold) for each in against.patterns]
        if against.negated and not any(each != "" for each in shared):
            found.add(pattern)
        elif (against.negated and pattern not in shared) or (not against.negated and None in shared):
            found.update(listed(pattern, against))
        elif not against.negated:
            found.update(filter(None, shared))
    return Scope(tuple(sorted(found))) if found else None


def _shared(one: str, other: str, fold: Callable[[str], str]) -> str | None:
    """What two patterns share: the narrower one, an empty text for nothing, or None where they overlap."""
    first, second = fold(one), fold(other)
    if globs.covers(second, first):
        return one
    if globs.covers(first, second):
        return other
    return None if globs.meet(first, second) else ""
