"""The error that a user can correct."""

import difflib
from collections.abc import Iterable

AGAIN = "run the same command again"


class UserError(Exception):
    """An error that the user can correct: printed as two lines, exit code 2.

    Args:
        problem: the first line: what is wrong, with its value and place.
        fix: the second line: what to do about it, preferably a command.
    """

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.problem}\n{self.fix}"

    def continue_with(self, command: str) -> None:
        """Name ``command`` in the fix where it says to run the same command again: that would start a second job."""
        self.fix = self.fix.replace(AGAIN, f"run {command}").replace(AGAIN.capitalize(), f"Run {command}")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is most similar to ``word``; None if none is similar."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else None
