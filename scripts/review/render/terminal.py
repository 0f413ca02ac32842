"""The summary for a terminal: short enough to read in 20 seconds, with the paths of the full review."""

import shutil
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path

from ...core import console
from ...core.printable import visible
from ..model import Finding, PrincipalChange, Review, Severity, Status
from . import words

_PRINCIPALS, _PERMISSIONS = 4, 3
_MOST_FIXES = 4  # up to this many rules, each with how to fix it
_WIDEST, _NARROWEST = 110, 40
_LONGEST_TEXT = 300
_RED, _GREEN, _YELLOW, _BOLD, _GREY = "1;31", "32", "33", "1", "2"
_COLOURS = {
    Severity.CRITICAL: _RED,
    Severity.HIGH: _RED,
    Severity.MEDIUM: _YELLOW,
    Severity.LOW: _BOLD,
    Severity.INFO: _GREY,
}


def terminal(review: Review, pages: Sequence[Path] = ()) -> list[str]:
    """Write the summary of one review.

    Args:
        review: the review.
        pages: the files with the full review, listed at the end.

    Returns:
        Lines that fit the terminal's width, in colour if stdout is a terminal. Only a longer word, such as an address,
        exceeds the width, so that you can copy it.
    """
    return list(_Summary(review).lines(pages))


class _Summary:
    """Formats one review for the terminal's width and colours."""

    def __init__(self, review: Review) -> None:
        self.review = review
        self.colour = sys.stdout.isatty()
        self.width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((100, 24)).columns))

    def lines(self, pages: Sequence[Path]) -> Iterator[str]:
        review = self.review
        yield from self.wrapped(f"Plan of {review.source}, Terraform {review.terraform_version}", "", _GREY)
        yield from self.wrapped(review.verdict, "", _BOLD)
        for warning in words.warnings(review):
            yield from self.wrapped(warning, "", _RED)
        for fact in review.summary:
            yield from self.wrapped(fact, "")
        counted = ", ".join(f"{count:,} {name}" for name, count in words.counts(review))
        yield from self.wrapped(counted or "no changes", "  ")
        yield from self.serious()
        yield from self.permissions()
        yield ""
        yield from self.wrapped(": ".join(words.approval(review)), "", _BOLD)
        for page in pages:
            yield f"  {page}"

    def serious(self) -> Iterator[str]:
        """Every critical and high finding, by rule; the others and the fixed ones as numbers."""
        still = words.open_findings(self.review)
        fixed = len(self.review.findings) - len(still)
        yield ""
        title = f"Findings: {words.severities(still) or 'none'}"
        yield self.painted(title + (f"; {fixed:,} fixed" if fixed else ""), _BOLD)
        groups = words.by_rule(words.serious(self.review))
        for group in groups:
            for finding in group:
                yield from self.finding(finding)
            if len(groups) <= _MOST_FIXES:
                yield from self.wrapped(f"Fix: {group[0].fix}", " " * 11, _GREY)

    def finding(self, finding: Finding) -> Iterator[str]:
        """A finding in one line, wrapped at the terminal's width."""
        name = finding.severity.name
        there = f" ({finding.status})" if finding.status is Status.THERE else ""
        address = words.shortened(visible(finding.address), _LONGEST_TEXT)
        text = f"{address}{there}: {words.shortened(visible(finding.what), _LONGEST_TEXT)}"
        first, *more = self.wrapped(text, " " * 11, length=3 * _LONGEST_TEXT)
        yield f"  {self.painted(f'{name:8}', _COLOURS[finding.severity])} {first.strip()}"
        yield from more

    def permissions(self) -> Iterator[str]:
        """What existing principals gain and lose, and what new ones get as a number."""
        if not self.review.permissions:
            return
        yield ""
        yield from self.wrapped(f"Permissions: {words.permissions(self.review)}", "", _BOLD)
        changes = words.existing(self.review)
        for change in changes[:_PRINCIPALS]:
            yield from self.principal(change)
        if len(changes) > _PRINCIPALS:
            yield f"  and {words.plural(len(changes) - _PRINCIPALS, 'more principal')}"

    def principal(self, change: PrincipalChange) -> Iterator[str]:
        yield from self.wrapped(f"{change.principal} ({change.kind}: {change.place})", "  ")
        if change.unknown:
            yield from self.wrapped(f"? known only after the apply: {change.unknown}", "    ", _YELLOW)
        listed = [
            *(("+", permission, _GREEN) for permission in words.marked_first(change.added)),
            *(("-", permission, "31") for permission in words.marked_first(change.removed)),
        ]
        for sign, permission, colour in listed[:_PERMISSIONS]:
            yield from self.wrapped(f"{sign} {words.permission(permission)}", "    ", colour)
        if len(listed) > _PERMISSIONS:
            yield f"    and {len(listed) - _PERMISSIONS:,} more"

    def wrapped(self, text: str, indent: str, colour: str = "", length: int = _LONGEST_TEXT) -> Iterator[str]:
        lines = textwrap.wrap(
            words.shortened(visible(text), length),
            self.width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines:
            yield self.painted(line, colour)

    def painted(self, text: str, colour: str) -> str:
        return console.styled(text, colour, self.colour and bool(colour))
