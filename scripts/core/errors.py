"""The one way to fail in a manner that the person at the keyboard can mend."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Something the user can put right: shown as two lines, exit code 2.

    Args:
        problem: what is wrong, with the value and the place in it.
        fix: what to do about it, preferably a command.
    """

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.problem}\n{self.fix}"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word most like ``word``, or None where nothing comes close."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else None
