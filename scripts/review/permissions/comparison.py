"""What one set of statements allows and forbids that another one does not, in the shortest form that is true.

A statement is a box of requests: actions x resources x principals x conditions. What is left of one box without some
others is decided as AWS evaluates policies (an explicit Deny wins, and whatever is not allowed is denied), and told in
the statement's own words: `s3:*` where the whole of it is left, the few actions that are left where not.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from scripts.policies import actions, conditions, globs
from scripts.policies.actions import Actions
from scripts.policies.conditions import Conditions
from scripts.policies.documents import ANYONE, Scope, Statement
from scripts.review.permissions.action_names import told


@dataclass(frozen=True, slots=True)
class Grant:
    """A part of a statement that the other side does not have.

    Attributes:
        effect: `Allow` or `Deny`.
        action: in words: a pattern as it was written where the whole of it is concerned.
        actions: each action that is concerned, in small letters.
        resources: to which resources the statement does it.
        excepted: resources among these with which nothing changes.
        principals: one of the statement's principals; or everybody, with or without exceptions.
        conditions: under which the statement does it.
        narrowed: the other side does the same under these conditions, too.
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
    """What can be done after and could not before, and the other way round.

    Args:
        before: every statement that held before.
        after: every statement that holds after.

    Returns:
        What is added, and what is removed. A Deny among what is added is one that forbids no more; among what is
        removed, one that forbids from now on. Each holds at least one request that is really concerned, and every
        request that is concerned is in one of them.
    """
    if set(before) == set(after):
        return (), ()
    allowed = _with_effect("Allow", before), _with_effect("Allow", after)
    denied = _with_effect("Deny", before), _with_effect("Deny", after)
    more = actions.unlisted(statement.actions for statement in (*before, *after))
    return (
        _left(allowed[1], allowed[0] + denied[1], more) + _left(denied[0], denied[1], more),
        _left(allowed[0], allowed[1] + denied[0], more) + _left(denied[1], denied[0], more),
    )


def _with_effect(effect: str, statements: Iterable[Statement]) -> tuple[Statement, ...]:
    return tuple(dict.fromkeys(statement for statement in statements if statement.effect == effect))


def _left(whole: Sequence[Statement], others: tuple[Statement, ...], more: Actions) -> tuple[Grant, ...]:
    """What the others leave of some statements."""
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
    """What a statement says of one principal and one resource."""

    statement: Statement
    who: Scope
    resource: Scope

    def left(self, others: Sequence[Statement]) -> bool:
        """Whether a request is in this part and in none of the others, all of which have its action."""
        for candidate in _candidates(self.who, others):
            near = [other for other in others if _admits(other.principals, candidate)]
            for held in conditions.met(self.statement.conditions, [other.conditions for other in near]):
                if _resource_left(self.resource, tuple(near[place].resources for place in sorted(held))):
                    return True
        return False

    def always(self, other: Statement) -> bool:
        """Whether another statement has every principal and condition of this part."""
        if not all(_admits(other.principals, candidate) for candidate in _candidates(self.who, (other,))):
            return False
        return all(held for held in conditions.met(self.statement.conditions, [other.conditions]))


def _units(scope: Scope) -> list[Scope]:
    """A scope's patterns one by one, without those that another one covers."""
    if scope.negated or len(scope.patterns) == 1:
        return [scope]
    wide = [pattern for pattern in scope.patterns if globs.wild(pattern)]
    return [
        Scope((pattern,))
        for pattern in scope.patterns
        if not any(other != pattern and globs.covers(other, pattern) for other in wide)
    ]


def _candidates(who: Scope, others: Iterable[Statement]) -> Iterator[str]:
    """Principals that stand for all those that a scope is about."""
    if not who.negated and ANYONE not in who.patterns:
        yield from who.patterns
        return
    named = {name for other in others for name in other.principals.patterns} - {ANYONE}
    yield from (name for name in ("somebody else", *sorted(named)) if _admits(who, name))


def _admits(principals: Scope, name: str) -> bool:
    return (name in principals.patterns or ANYONE in principals.patterns) != principals.negated


@lru_cache(maxsize=65_536)
def _resource_left(resource: Scope, others: tuple[Scope, ...]) -> bool:
    """Whether a resource is in one scope and in none of the others."""
    if not resource.negated and not any(other.negated for other in others):
        return globs.left(resource.patterns[0], tuple(pattern for other in others for pattern in other.patterns))
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
        if part.left(near):
            found.setdefault(_detail(part, near), set()).update(among)
    words = tuple(dict.fromkeys(other.actions for other in others))
    for (resources, excepted, narrowed), left in found.items():
        for action, concerned in told(statement.actions, frozenset(left), words, more):
            yield Grant(
                statement.effect, action, concerned, resources, excepted, part.who, statement.conditions, narrowed
            )


def _groups(whole: Actions, others: Iterable[Statement], more: Actions) -> list[tuple[Actions, tuple[Statement, ...]]]:
    """Actions by which of the other statements have them."""
    groups: list[tuple[Actions, tuple[Statement, ...]]] = [(whole, ())] if whole else []
    for other in others:
        theirs = actions.expanded(other.actions, more)
        split: list[tuple[Actions, tuple[Statement, ...]]] = []
        for among, near in groups:
            if theirs is among or among <= theirs:
                split.append((among, (*near, other)))
            elif among.isdisjoint(theirs):
                split.append((among, near))
            else:
                split += [(among & theirs, (*near, other)), (among - theirs, near)]
        groups = split
    return groups


def _detail(part: _Part, near: Sequence[Statement]) -> tuple[Scope, tuple[str, ...], Conditions]:
    """What is to be said of a part that is left: of which resources, without which, and under what it was there."""
    shown = part.resource
    excepted: set[str] = set()
    narrowed: Conditions = frozenset()
    for other in near:
        if not part.always(other):
            if other.effect == part.statement.effect and not _resource_left(part.resource, (other.resources,)):
                narrowed = narrowed or other.conditions - part.statement.conditions
        elif not other.resources.negated:
            excepted.update(other.resources.patterns)
        elif not shown.negated and all(_inside(shown, pattern) for pattern in other.resources.patterns):
            shown = Scope(other.resources.patterns)
    return shown, tuple(sorted(pattern for pattern in excepted if _inside(shown, pattern))), narrowed


def _inside(scope: Scope, pattern: str) -> bool:
    """Whether a scope has everything that a pattern matches."""
    if scope.negated:
        return not any(globs.meet(other, pattern) for other in scope.patterns)
    return any(globs.covers(other, pattern) for other in scope.patterns)


def _without_repetition(grants: Sequence[Grant]) -> Iterator[Grant]:
    """The grants without those that another one says, too."""
    wide = [grant for grant in grants if not grant.excepted and not grant.narrowed]
    for grant in dict.fromkeys(grants):
        if not any(other != grant and _says(other, grant) for other in wide):
            yield grant


def _says(wide: Grant, narrow: Grant) -> bool:
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
