"""Searches texts line by line and remembers the lines, because the scripts of a plan have most lines in common."""

from collections.abc import Callable, Sequence
from functools import lru_cache

Span = tuple[int, int]
"""A place in a text: its start and its end."""

_LONGEST = 200  # longer lines are rarely the same, and would fill the memory


def line_by_line(find: Callable[[str], Sequence[Span]]) -> Callable[[str], list[Span]]:
    """Make a function that finds places in one line search all lines of a text."""
    remembered = lru_cache(maxsize=32_768)(find)

    def found_in(text: str) -> list[Span]:
        lines, places = text.split("\n"), list[Span]()
        found = list(map(remembered if max(map(len, lines)) <= _LONGEST else find, lines))
        if any(found):
            at = 0
            for line, inside in zip(lines, found, strict=True):
                places += [(at + start, at + end) for start, end in inside]
                at += len(line) + 1
        return places

    return found_in
