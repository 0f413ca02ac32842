"""The output of a followed job: lines, and at a terminal a live bar of its epochs below them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from scripts.core import console
from scripts.core.printable import printable
from scripts.runs.logs import Epoch

BAR_METRICS = ("val_accuracy", "accuracy", "val_loss", "loss")
"""The bar shows the first of these that the job prints."""


class Screen(Protocol):
    """Receives the lines and the epochs of a followed job."""

    def line(self, text: str) -> None:
        """Print a line that the job printed; it has no colours."""
        ...

    def status(self, text: str) -> None:
        """Print a line about the job, in colour at a terminal: the job's own lines cannot look like it."""
        ...

    def epoch(self, epoch: Epoch) -> None:
        """Update the bar, if there is one."""
        ...


@contextmanager
def screen() -> Iterator[Screen]:
    """A screen with a live bar at a terminal, and one of plain lines elsewhere."""
    if sys.stdout.isatty():
        with _live() as live:
            yield live
    else:
        yield _Plain()


class _Plain:
    def line(self, text: str) -> None:
        console.say(text)

    def status(self, text: str) -> None:
        console.say(text)

    def epoch(self, epoch: Epoch) -> None:
        """Print nothing: the epoch has its own line."""


@contextmanager
def _live() -> Iterator[Screen]:
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[metric]}", markup=False),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:

        class Live:
            task: TaskID | None = None

            def line(self, text: str) -> None:
                self._print(text, None)

            def status(self, text: str) -> None:
                self._print(text, "cyan")

            def _print(self, text: str, style: str | None) -> None:
                shown = printable(text)
                progress.console.print(shown, style=style, markup=False, highlight=False, emoji=False, soft_wrap=True)

            def epoch(self, epoch: Epoch) -> None:
                metric = next((f"{name} {epoch.values[name]}" for name in BAR_METRICS if name in epoch.values), "")
                if self.task is None:  # the number of epochs is unknown before the first one ends
                    self.task = progress.add_task("", total=epoch.epochs, metric="")
                title = f"epoch {epoch.epoch} of {epoch.epochs}"
                progress.update(self.task, description=title, completed=epoch.epoch, total=epoch.epochs, metric=metric)

        yield Live()
