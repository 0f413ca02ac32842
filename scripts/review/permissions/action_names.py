"""Actions in few words: patterns as they were written, `s3:* except s3:Get*`, or one by one."""

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache

from scripts.policies import actions, globs
from scripts.policies.actions import Actions
from scripts.policies.documents import Scope

_FEW = 3
"""So many actions are named one by one rather than as a pattern with exceptions."""

Name = tuple[str, Actions]
"""What to call some actions, and which these are."""


@lru_cache(maxsize=16_384)
def told(scope: Scope, left: Actions, others: tuple[Scope, ...], more: Actions) -> tuple[Name, ...]:
    """Says what is left of a statement's actions.

    Args:
        scope: the statement's actions.
        left: those that are concerned.
        others: what other statements have; parts and exceptions are told in their words.
        more: actions that are not on AWS's list.

    Returns:
        Names that together are the actions that are concerned, and no others.
    """
    return tuple(_names(scope, left, others, more))


def _names(scope: Scope, left: Actions, others: Sequence[Scope], more: Actions) -> Iterator[Name]:
    if scope.negated:
        named = _named(scope.patterns, more)
        yield from _told(
            ("*", actions.expanded(scope, more)), left, scope.patterns, [*named, *_words(others, more)], more
        )
        return
    said: set[str] = set()
    for pattern, whole in sorted(_named(scope.patterns, more), key=lambda name: (-len(name[1]), name[0])):
        concerned = whole & left
        if concerned and not concerned <= said:
            said |= concerned
            yield from _told((pattern, whole), concerned, (), _words(others, more), more)


def _words(scopes: Sequence[Scope], more: Actions) -> list[Name]:
    return _named(tuple(dict.fromkeys(pattern for scope in scopes for pattern in scope.patterns)), more)


def _named(patterns: Sequence[str], more: Actions) -> list[Name]:
    return [(pattern, actions.expanded(Scope((pattern,)), more)) for pattern in patterns]


def _told(
    whole: Name, left: Actions, exceptions: tuple[str, ...], words: Sequence[Name], more: Actions
) -> Iterator[Name]:
    """Says what is left of one pattern, which may have exceptions of its own."""
    pattern, meant = whole
    if left == meant:
        yield _except(pattern, exceptions), left
        return
    if len(left) <= _FEW:
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
    name = pattern if globs.wild(pattern) else actions.spelling(pattern)
    return f"{name} except {', '.join(dict.fromkeys(exceptions))}" if exceptions else name


def _services(left: Actions, more: Actions) -> list[Name]:
    return _named(tuple(f"{service}:*" for service in sorted({action.partition(":")[0] for action in left})), more)


def _parts(wanted: Actions, words: Sequence[Name]) -> list[Name]:
    """Names for exactly the wanted actions: the widest words that fit, and one by one what these leave."""
    found: list[Name] = []
    rest = wanted
    for name, meant in sorted(words, key=lambda word: -len(word[1])):
        if meant <= wanted and not meant.isdisjoint(rest):
            found.append((_except(name, ()), meant))
            rest -= meant
    return found + [_single(action) for action in sorted(rest)]
