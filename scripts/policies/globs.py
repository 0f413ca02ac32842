r"""Compares patterns with `*` and `?`: whether one text can match some of them and not the others.

The answer is exact. All patterns are read at once, character by character, and each possible set of matching patterns
is one *case*. A policy's `${aws:username}` matches only itself; `${*}`, `${?}` and `${$}` are AWS's escapes for these
characters.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"\$\{([*?$])\}|(\$\{[^}]*\})|([*]+)|(.)", re.DOTALL)
_OTHER = "\N{REPLACEMENT CHARACTER}"
"""Represents every character that is in no pattern."""
_MAX_STATES = 20_000


class TooManyCasesError(Exception):
    """The patterns have more cases than the limit."""


def literal(text: str) -> str:
    """A pattern that matches only this text."""
    return text.replace("$", "${$}").replace("*", "${*}").replace("?", "${?}")


def has_wildcard(pattern: str) -> bool:
    """Whether a pattern may match several texts."""
    return "*" in pattern or "?" in pattern


@lru_cache(maxsize=65_536)
def covers(wide: str, narrow: str) -> bool:
    """Whether every text that matches ``narrow`` matches ``wide``."""
    answer = _quick_answer(wide, narrow)
    return not _exceeds(narrow, (wide,)) if answer is None else answer


def exceeds(pattern: str, others: tuple[str, ...]) -> bool:
    """Whether a text can match a pattern and none of the others; True if there are too many cases to tell."""
    near = tuple(sorted({other for other in others if _may_overlap(pattern, other)}))
    if any(_quick_answer(other, pattern) for other in near):
        return False
    return _exceeds(pattern, near) if near else True


def _quick_answer(wide: str, narrow: str) -> bool | None:
    """Whether one pattern covers another, if a quick look is enough, as for most patterns; else None."""
    if wide in ("*", narrow):
        return True
    if "$" in wide or "$" in narrow:
        return None
    if not has_wildcard(wide) or not _may_overlap(wide, narrow):
        return False
    if wide.endswith("*") and not has_wildcard(wide[:-1]):
        return narrow.startswith(wide[:-1])
    return None


@lru_cache(maxsize=65_536)
def _exceeds(pattern: str, others: tuple[str, ...]) -> bool:
    try:
        return any(0 in case and len(case) == 1 for case in cases((pattern, *others), first=True))
    except TooManyCasesError:
        return True


@lru_cache(maxsize=65_536)
def overlap(one: str, other: str) -> bool:
    """Whether a text can match both patterns."""
    if "*" in (one, other) or one == other:
        return True
    if not _may_overlap(one, other):
        return False
    try:
        return any(len(case) == 2 for case in cases((one, other), first=True))
    except TooManyCasesError:
        return True


def cases(patterns: tuple[str, ...], first: bool = False) -> Iterator[frozenset[int]]:
    """The cases in which one text matches some patterns and not the others.

    Args:
        patterns: the patterns.
        first: only the cases in which the first pattern matches.

    Yields:
        The indices of the patterns that match; the same case may come more than once.

    Raises:
        TooManyCasesError: after the limit of cases.
    """
    machines = [_machine(pattern) for pattern in patterns]
    start = tuple(machine.start for machine in machines)
    seen, waiting = {start}, [start]
    while waiting:
        state = waiting.pop()
        yield frozenset(place for place, machine in enumerate(machines) if state[place] & machine.end)
        for letter in _letters(machines, state):
            following = tuple(machine.step(mask, letter) for machine, mask in zip(machines, state, strict=True))
            if following not in seen and (following[0] or not first):
                seen.add(following)
                waiting.append(following)
        if len(seen) > _MAX_STATES:
            raise TooManyCasesError


@dataclass(frozen=True, slots=True)
class _Machine:
    """A pattern as a state machine: each bit is a position in the pattern that the text read so far can reach.

    Attributes:
        letters: for each character, the positions that it moves on from.
        any_letter: the positions that any character moves on from: `?`.
        stars: the positions that any character stays at: `*`.
        start: the positions at the beginning.
        end: the position after the whole pattern.
    """

    letters: dict[str, int]
    any_letter: int
    stars: int
    start: int
    end: int

    def step(self, mask: int, letter: str) -> int:
        """The positions after one more character."""
        moved = (mask & (self.letters.get(letter, 0) | self.any_letter)) << 1 | mask & self.stars
        return moved | (moved & self.stars) << 1


@lru_cache(maxsize=16_384)
def _machine(pattern: str) -> _Machine:
    letters: dict[str, int] = {}
    any_letter = stars = 0
    bit = 1
    for token in _TOKEN.finditer(pattern):
        escaped, variable, star, letter = token.groups()
        if star:
            stars |= bit
            bit <<= 1
        elif letter == "?":
            any_letter |= bit
            bit <<= 1
        else:
            for each in escaped or variable or letter:
                letters[each] = letters.get(each, 0) | bit
                bit <<= 1
    return _Machine(letters, any_letter, stars, 1 | (1 & stars) << 1, bit)


def _letters(machines: list[_Machine], state: tuple[int, ...]) -> set[str]:
    """The characters that make a difference in this state."""
    found = {_OTHER}
    for machine, mask in zip(machines, state, strict=True):
        found.update(letter for letter, places in machine.letters.items() if places & mask)
    return found


def _may_overlap(one: str, other: str) -> bool:
    """Whether the plain prefixes of two patterns agree: a cheap check that rules out most overlaps."""
    first, second = _plain_prefix(one), _plain_prefix(other)
    return first.startswith(second) or second.startswith(first)


@lru_cache(maxsize=65_536)
def _plain_prefix(pattern: str) -> str:
    return re.split(r"[*?]|\$\{", pattern, maxsplit=1)[0]
