"""The output of a followed tuning: at a terminal a live table, the best trial first; elsewhere plain lines."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from scripts.core import console
from scripts.core.printable import printable
from scripts.tuning import lines
from scripts.tuning.results import Tuning

if TYPE_CHECKING:
    from rich.console import RenderableType

MOST_ROWS = 20


class Screen(Protocol):
    """Receives what there is to print about a tuning."""

    def status(self, text: str) -> None:
        """Print a line about the tuning, such as one about an outage."""
        ...

    def show(self, before: Tuning | None, tuning: Tuning) -> None:
        """Show a tuning as it is now; ``before`` is what was shown last."""
        ...


@contextmanager
def screen() -> Iterator[Screen]:
    """A screen with a live table at a terminal, and one of plain lines elsewhere."""
    if sys.stdout.isatty():
        with _live() as live:
            yield live
    else:
        yield _Plain()


class _Plain:
    def status(self, text: str) -> None:
        console.say(text)

    def show(self, before: Tuning | None, tuning: Tuning) -> None:
        for line in lines.changes(before, tuning):
            console.say(line)


@contextmanager
def _live() -> Iterator[Screen]:
    from rich.live import Live

    with Live(auto_refresh=False, vertical_overflow="crop") as live:

        class Table:
            def status(self, text: str) -> None:
                shown = printable(text)
                live.console.print(shown, style="cyan", markup=False, highlight=False, emoji=False, soft_wrap=True)

            def show(self, before: Tuning | None, tuning: Tuning) -> None:  # noqa: ARG002 - the table shows all
                rows = min(MOST_ROWS, max(3, live.console.height - 4))
                live.update(_table(tuning, rows), refresh=True)

        yield Table()


def _table(tuning: Tuning, rows: int) -> "RenderableType":
    """The table of a tuning's trials; every text is shown as it is, without markup."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False)
    for heading in lines.HEADINGS:
        shown.add_column(Text(heading), overflow="ellipsis", no_wrap=True)
    for cells in lines.table(tuning, rows):
        best = cells[0].endswith("*")
        shown.add_row(*(Text(cell, style="bold" if best else "") for cell in cells))
    return Group(shown, Text(printable(lines.progress(tuning))))
