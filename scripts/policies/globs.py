r"""What patterns with `*` and `?` have in common: whether one text can match some of them and not the others.

Decided exactly: all patterns are read at once, character by character, and each way they can come out is one *case*. A
policy's `${aws:username}` stands for itself; `${*}`, `${?}` and `${$}` are AWS's way to write these characters.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

_TOKEN = re.compile(r"\$\{([*?$])\}|(\$\{[^}]*\})|([*]+)|(.)", re.DOTALL)
_OTHER = "\N{REPLACEMENT CHARACTER}"
"""Stands for every character that no pattern names."""
_MOST_STATES = 20_000


class TooManyCasesError(Exception):
    """The patterns can come out in more ways than are worth looking at."""


def literal(text: str) -> str:
    """A pattern that only this text matches."""
    return text.replace("$", "${$}").replace("*", "${*}").replace("?", "${?}")


def wild(pattern: str) -> bool:
    """Whether a pattern may match several texts."""
    return "*" in pattern or "?" in pattern


@lru_cache(maxsize=65_536)
def covers(wide: str, narrow: str) -> bool:
    """Whether every text that matches ``narrow`` matches ``wide``."""
    glance = _at_a_glance(wide, narrow)
    return not _left(narrow, (wide,)) if glance is None else glance


def left(pattern: str, others: tuple[str, ...]) -> bool:
    """Whether a text can match a pattern and none of the others; where that is not decided in time: it can."""
    near = tuple(sorted({other for other in others if _may_meet(pattern, other)}))
    if any(_at_a_glance(other, pattern) for other in near):
        return False
    return _left(pattern, near) if near else True


def _at_a_glance(wide: str, narrow: str) -> bool | None:
    """Whether one pattern covers another, where that is plain to see, as it is of most."""
    if wide in ("*", narrow):
        return True
    if "$" in wide or "$" in narrow:
        return None
    if not wild(wide) or not _may_meet(wide, narrow):
        return False
    if wide.endswith("*") and not wild(wide[:-1]):
        return narrow.startswith(wide[:-1])
    return None


@lru_cache(maxsize=65_536)
def _left(pattern: str, others: tuple[str, ...]) -> bool:
    try:
        return any(0 in case and len(case) == 1 for case in cases((pattern, *others), first=True))
    except TooManyCasesError:
        return True


@lru_cache(maxsize=65_536)
def meet(one: str, other: str) -> bool:
    """Whether a text can match both patterns."""
    if "*" in (one, other) or one == other:
        return True
    if not _may_meet(one, other):
        return False
    try:
        return any(len(case) == 2 for case in cases((one, other), first=True))
    except TooManyCasesError:
        return True


def cases(patterns: tuple[str, ...], first: bool = False) -> Iterator[frozenset[int]]:
    """The ways in which one text can match some patterns and not the others.

    Args:
        patterns: the patterns.
        first: only the ways in which the first of them matches.

    Yields:
        The places of the patterns that match; some ways come more than once.

    Raises:
        TooManyCasesError: after those that were found in time.
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
        if len(seen) > _MOST_STATES:
            raise TooManyCasesError


@dataclass(frozen=True, slots=True)
class _Machine:
    """A pattern as a set of places in it, each a bit: where in the pattern one may be after what was read.

    Attributes:
        letters: the places that a character leads on from.
        any_letter: the places that any character leads on from: `?`.
        stars: the places where any character leads nowhere: `*`.
        start: the places at the beginning.
        end: the place where the whole pattern is matched.
    """

    letters: dict[str, int]
    any_letter: int
    stars: int
    start: int
    end: int

    def step(self, mask: int, letter: str) -> int:
        """The places after one more character."""
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
    """The characters that make a difference here."""
    found = {_OTHER}
    for machine, mask in zip(machines, state, strict=True):
        found.update(letter for letter, places in machine.letters.items() if places & mask)
    return found


def _may_meet(one: str, other: str) -> bool:
    """Whether the plain beginnings of two patterns agree: a cheap no to most questions."""
    first, second = _beginning(one), _beginning(other)
    return first.startswith(second) or second.startswith(first)


@lru_cache(maxsize=65_536)
def _beginning(pattern: str) -> str:
    return re.split(r"[*?]|\$\{", pattern, maxsplit=1)[0]
