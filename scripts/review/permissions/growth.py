"""Finds what a permission that is granted was before: the same actions on fewer resources, or under more conditions."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ...policies import conditions, globs
from ...policies.conditions import Conditions
from ...policies.documents import ANYONE, EVERYTHING, Scope, Statement
from .comparison import Grant

_EXCEPT = " except "


@dataclass(frozen=True, slots=True)
class Growth:
    """A permission before the plan and after it.

    Attributes:
        pattern: the pattern of its actions after the plan.
        places: its resources.
        before: what is allowed before it, as text; empty if the permission is new and does not grow.
        after: what is allowed after it, as text; empty likewise.
    """

    pattern: str
    places: tuple[str, ...] = ()
    before: str = ""
    after: str = ""


def growths(groups: Sequence[Sequence[Grant]], before: Iterable[Statement], this: str) -> list[Growth]:
    """How permissions that the plan adds widen what is allowed before it.

    Args:
        groups: for each permission, its grants: the same actions and conditions on several resources.
        before: every statement before the plan.
        this: the name of the resource that `*` stands for; empty if it stands for every resource.

    Returns:
        One for each permission. If it is a part of another that also grows, it has the growth of the whole.
    """
    allowed = [each for each in before if each.effect == "Allow" and not each.actions.negated]
    found = [_growth(grants, allowed, this) for grants in groups]
    wide = [each for each in found if each.before and globs.has_wildcard(each.pattern)]
    return [next((each for each in wide if growth.before and _contains(each, growth)), growth) for growth in found]


def _contains(wide: Growth, narrow: Growth) -> bool:
    return wide.places == narrow.places and _covers(wide.pattern, narrow.pattern)


def _growth(grants: Sequence[Grant], allowed: Sequence[Statement], this: str) -> Growth:
    first = grants[0]
    pattern = first.action.partition(_EXCEPT)[0]
    if not allowed or first.effect != "Allow" or any(grant.resources.negated for grant in grants):
        return Growth(pattern)
    places = tuple(dict.fromkeys(place for grant in grants for place in grant.resources.patterns))
    wider = [each for each in allowed if _contains_principals(first.principals, each.principals)]
    parts = "; ".join(dict.fromkeys(_parts(first, pattern, places, wider, this)))
    if not parts:
        return Growth(pattern)
    opened = any(each.principals != first.principals for each in wider) and first.principals == EVERYTHING
    after = _text((pattern,), places, first.conditions, this, " for everybody" if opened else "")
    return Growth(pattern, places, parts, after)


def _parts(grant: Grant, pattern: str, places: Sequence[str], allowed: Iterable[Statement], this: str) -> Iterator[str]:
    """The parts of earlier statements that a permission contains."""
    for statement in allowed:
        if statement.resources.negated or not grant.conditions <= statement.conditions:
            continue
        acts = [each for each in statement.actions.patterns if _covers(pattern, each)]
        held = [each for each in statement.resources.patterns if any(globs.covers(place, each) for place in places)]
        if acts and held:
            opened = grant.principals == EVERYTHING != statement.principals
            who = f" for {', '.join(statement.principals.patterns)}" if opened else ""
            yield _text(acts, held, statement.conditions, this, who)


def _covers(wide: str, narrow: str) -> bool:
    """Whether a pattern of actions, whose case does not matter, contains another."""
    return globs.covers(wide.lower(), narrow.lower())


def _contains_principals(now: Scope, before: Scope) -> bool:
    """Whether a permission is for principals that had a statement before, or for everybody and so for them too."""
    if now.negated or before.negated:
        return now == before
    return now == EVERYTHING or set(now.patterns) <= set(before.patterns)


def _text(acts: Iterable[str], places: Iterable[str], required: Conditions, this: str, who: str = "") -> str:
    named = ", ".join(this if this and each == ANYONE else each for each in places)
    text = f"{', '.join(acts)} on {named}{who}"
    return f"{text} if {conditions.describe(required)}" if required else text
