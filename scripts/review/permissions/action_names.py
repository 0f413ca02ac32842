"""Short names for sets of actions: patterns as written, `s3:* except s3:Get*`, or one by one."""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from ...policies import actions, globs
from ...policies.actions import Actions
from ...policies.documents import Scope

_MAX_LISTED = 3
"""Up to this many actions are listed one by one instead of as a pattern with exceptions."""

Name = tuple[str, Actions]
"""The name of some actions, and the actions."""


@lru_cache(maxsize=16_384)
def name_actions(scope: Scope, left: Actions, others: tuple[Scope, ...], more: Actions) -> tuple[Name, ...]:
    """Name some of a statement's actions.

    Args:
        scope: the statement's actions.
        left: the actions to name.
        others: the actions of other statements; their patterns name parts and exceptions.
        more: actions that are not on AWS's list.

    Returns:
        Names that together cover exactly the actions to name.
    """
    return tuple(_names(scope, left, others, more))


def _names(scope: Scope, left: Actions, others: Sequence[Scope], more: Actions) -> Iterator[Name]:
    if scope.negated:
        patterns = _expand_each(scope.patterns, more)
        yield from _name_part(
            ("*", actions.expanded(scope, more)), left, scope.patterns, [*patterns, *_words(others, more)], more
        )
        return
    named: set[str] = set()
    for pattern, whole in sorted(_expand_each(scope.patterns, more), key=lambda name: (-len(name[1]), name[0])):
        concerned = whole & left
        if concerned and not concerned <= named:
            named |= concerned
            yield from _name_part((pattern, whole), concerned, (), _words(others, more), more)


def _words(scopes: Sequence[Scope], more: Actions) -> list[Name]:
    return _expand_each(tuple(dict.fromkeys(pattern for scope in scopes for pattern in scope.patterns)), more)


def _expand_each(patterns: Sequence[str], more: Actions) -> list[Name]:
    return [(pattern, actions.expanded(Scope((pattern,)), more)) for pattern in patterns]


def _name_part(
    whole: Name, left: Actions, exceptions: tuple[str, ...], words: Sequence[Name], more: Actions
) -> Iterator[Name]:
    """Name some actions of one pattern, which may have exceptions."""
    pattern, meant = whole
    if left == meant:
        yield _except(pattern, exceptions), left
        return
    if len(left) <= _MAX_LISTED:
        yield from (_single(action) for action in sorted(left))
        return
    without = [name for name, _ in _parts(meant - left, words)]
    parts = _parts(left, [*words, *_services(left, more)]) if len(without) > 1 else []
    if parts and len(parts) <= len(without):
        yield from parts
    else:
        yield _except(pattern, (*exceptions, *without)), left


@cache
def _single(action: str) -> Name:
    return actions.spelling(action), frozenset({action})


def _except(pattern: str, exceptions: Sequence[str]) -> str:
    name = pattern if globs.has_wildcard(pattern) else actions.spelling(pattern)
    return f"{name} except {', '.join(dict.fromkeys(exceptions))}" if exceptions else name


def _services(left: Actions, more: Actions) -> list[Name]:
    return _expand_each(
        tuple(f"{service}:*" for service in sorted({action.partition(":")[0] for action in left})), more
    )


def _parts(wanted: Actions, words: Sequence[Name]) -> list[Name]:
    """Names for exactly the wanted actions: first the widest patterns that fit, then the rest one by one."""
    found: list[Name] = []
    rest = wanted
    for name, meant in sorted(words, key=lambda word: -len(word[1])):
        if meant <= wanted and not meant.isdisjoint(rest):
            found.append((_except(name, ()), meant))
            rest -= meant
    return found + [_single(action) for action in sorted(rest)]
