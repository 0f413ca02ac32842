"""Compares two sets of statements: what only one of them allows or denies, in the shortest correct form.

A statement is a box of requests: actions x resources x principals x conditions. The comparison subtracts boxes by
AWS's evaluation logic (an explicit Deny wins, and everything that is not allowed is denied). It describes the remainder
as the statement is written: `s3:*` if all of it remains, else the few actions that remain.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ...policies import actions, conditions, globs
from ...policies.actions import Actions
from ...policies.conditions import Conditions
from ...policies.documents import ANYONE, Scope, Statement
from .action_names import name_actions


@dataclass(frozen=True, slots=True)
class Grant:
    """A part of a statement that the other side does not have.

    Attributes:
        effect: `Allow` or `Deny`.
        action: the actions as text: a pattern as written, if all of its actions are concerned.
        actions: each action that is concerned, in lower case.
        resources: the statement's resources.
        excepted: the resources among them for which nothing changes.
        principals: one of the statement's principals; or everybody, with or without exceptions.
        conditions: the statement's conditions.
        narrowed: the other side does the same, but only under these further conditions.
    """

    effect: str
    action: str
    actions: Actions
    resources: Scope
    excepted: tuple[str, ...]
    principals: Scope
    conditions: Conditions
    narrowed: Conditions


@lru_cache(maxsize=16_384)
def compare(before: tuple[Statement, ...], after: tuple[Statement, ...]) -> tuple[tuple[Grant, ...], tuple[Grant, ...]]:
    """What is allowed only after the plan, and what only before it.

    Args:
        before: every statement before the plan.
        after: every statement after the plan.

    Returns:
        What is added, and what is removed. A Deny in the first list no longer applies; a Deny in the second list is
        new. Each grant contains at least one request that really changes, and the grants contain all of those requests.
    """
    if set(before) == set(after):
        return (), ()
    allowed = _with_effect("Allow", before), _with_effect("Allow", after)
    denied = _with_effect("Deny", before), _with_effect("Deny", after)
    more = actions.unlisted(statement.actions for statement in (*before, *after))
    return (
        _remaining(allowed[1], allowed[0] + denied[1], more) + _remaining(denied[0], denied[1], more),
        _remaining(allowed[0], allowed[1] + denied[0], more) + _remaining(denied[1], denied[0], more),
    )


def _with_effect(effect: str, statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(dict.fromkeys(statement for statement in statements if statement.effect == effect))


def _remaining(whole: Sequence[Statement], others: tuple[Statement, ...], more: Actions) -> tuple[Grant, ...]:
    """What remains of some statements after subtracting others."""
    known = set(others)
    grants = [
        grant
        for statement in whole
        if statement not in known
        for who in _units(statement.principals)
        for resource in _units(statement.resources)
        for grant in _grants(_Part(statement, who, resource), others, more)
    ]
    return tuple(_without_repetition(grants))


@dataclass(frozen=True, slots=True)
class _Part:
    """A statement, limited to one of its principals and one of its resources."""

    statement: Statement
    who: Scope
    resource: Scope

    def remains(self, others: Sequence[Statement]) -> bool:
        """Whether a request is in this part and in none of the others. All of them have the request's action."""
        for candidate in _candidates(self.who, others):
            near = [other for other in others if _admits(other.principals, candidate)]
            for held in conditions.implied(self.statement.conditions, [other.conditions for other in near]):
                if _resource_remains(self.resource, tuple(near[place].resources for place in sorted(held))):
                    return True
        return False

    def always_covered_by(self, other: Statement) -> bool:
        """Whether another statement covers every principal and condition of this part."""
        if not all(_admits(other.principals, candidate) for candidate in _candidates(self.who, (other,))):
            return False
        return all(held for held in conditions.implied(self.statement.conditions, [other.conditions]))


def _units(scope: Scope) -> list[Scope]:
    """A scope's patterns one by one, without those that another pattern covers."""
    if scope.negated or len(scope.patterns) == 1:
        return [scope]
    wide = [pattern for pattern in scope.patterns if globs.has_wildcard(pattern)]
    return [
        Scope((pattern,))
        for pattern in scope.patterns
        if not any(other != pattern and globs.covers(other, pattern) for other in wide)
    ]


def _candidates(who: Scope, others: Iterable[Statement]) -> Iterator[str]:
    """Principals that represent all principals of a scope."""
    if not who.negated and ANYONE not in who.patterns:
        yield from who.patterns
        return
    named = {name for other in others for name in other.principals.patterns} - {ANYONE}
    yield from (name for name in ("somebody else", *sorted(named)) if _admits(who, name))


def _admits(principals: Scope, name: str) -> bool:
    return (name in principals.patterns or ANYONE in principals.patterns) != principals.negated


@lru_cache(maxsize=65_536)
def _resource_remains(resource: Scope, others: tuple[Scope, ...]) -> bool:
    """Whether a resource is in one scope and in none of the others."""
    if not resource.negated and not any(other.negated for other in others):
        return globs.exceeds(resource.patterns[0], tuple(pattern for other in others for pattern in other.patterns))
    scopes = (resource, *others)
    patterns = tuple(dict.fromkeys(pattern for scope in scopes for pattern in scope.patterns))
    try:
        for case in globs.cases(patterns, first=not resource.negated):
            matched = {patterns[place] for place in case}
            inside, *rest = (matched.isdisjoint(scope.patterns) == scope.negated for scope in scopes)
            if inside and not any(rest):
                return True
    except globs.TooManyCasesError:
        return True
    return False


def _grants(part: _Part, others: tuple[Statement, ...], more: Actions) -> Iterator[Grant]:
    statement = part.statement
    found: dict[tuple[Scope, tuple[str, ...], Conditions], set[str]] = {}
    for among, near in _groups(actions.expanded(statement.actions, more), others, more):
        if part.remains(near):
            found.setdefault(_detail(part, near), set()).update(among)
    words = tuple(dict.fromkeys(other.actions for other in others))
    for (resources, excepted, narrowed), left in found.items():
        for action, concerned in name_actions(statement.actions, frozenset(left), words, more):
            yield Grant(
                statement.effect, action, concerned, resources, excepted, part.who, statement.conditions, narrowed
            )


def _groups(whole: Actions, others: Iterable[Statement], more: Actions) -> list[tuple[Actions, tuple[Statement, ...]]]:
    """Actions, grouped by the other statements that contain them."""
    groups: list[tuple[Actions, tuple[Statement, ...]]] = [(whole, ())] if whole else []
    for other in others:
        other_actions = actions.expanded(other.actions, more)
        split: list[tuple[Actions, tuple[Statement, ...]]] = []
        for among, near in groups:
            if other_actions is among or among <= other_actions:
                split.append((among, (*near, other)))
            elif among.isdisjoint(other_actions):
                split.append((among, near))
            else:
                split += [(among & other_actions, (*near, other)), (among - other_actions, near)]
        groups = split
    return groups


def _detail(part: _Part, near: Sequence[Statement]) -> tuple[Scope, tuple[str, ...], Conditions]:
    """The details of a part that remains: its resources, its exceptions, and the conditions on the other side."""
    shown = part.resource
    excepted: set[str] = set()
    narrowed: Conditions = frozenset()
    for other in near:
        if not part.always_covered_by(other):
            if other.effect == part.statement.effect and not _resource_remains(part.resource, (other.resources,)):
                narrowed = narrowed or other.conditions - part.statement.conditions
        elif not other.resources.negated:
            excepted.update(other.resources.patterns)
        elif not shown.negated and all(_inside(shown, pattern) for pattern in other.resources.patterns):
            shown = Scope(other.resources.patterns)
    return shown, tuple(sorted(pattern for pattern in excepted if _inside(shown, pattern))), narrowed


def _inside(scope: Scope, pattern: str) -> bool:
    """Whether a scope contains everything that a pattern matches."""
    if scope.negated:
        return not any(globs.overlap(other, pattern) for other in scope.patterns)
    return any(globs.covers(other, pattern) for other in scope.patterns)


def _without_repetition(grants: Sequence[Grant]) -> Iterator[Grant]:
    """The grants without those that another grant includes."""
    wide = [grant for grant in grants if not grant.excepted and not grant.narrowed]
    for grant in dict.fromkeys(grants):
        if not any(other != grant and _includes(other, grant) for other in wide):
            yield grant


def _includes(wide: Grant, narrow: Grant) -> bool:
    return (
        wide.principals == narrow.principals
        and wide.effect == narrow.effect
        and wide.conditions <= narrow.conditions
        and narrow.actions <= wide.actions
        and not wide.resources.negated
        and not narrow.resources.negated
        and all(_inside(wide.resources, pattern) for pattern in narrow.resources.patterns)
        and not (narrow.actions == wide.actions and wide.resources == narrow.resources and wide.action > narrow.action)
    )
