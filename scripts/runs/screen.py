"""Where a followed job is shown: lines, and at a terminal a live bar of its epochs below them."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from scripts.core import console
from scripts.runs.logs import Epoch

SHOWN = ("val_accuracy", "accuracy", "val_loss", "loss")


class Screen(Protocol):
    """What following writes to."""

    def line(self, text: str) -> None:
        """Show one line, as it is."""
        ...

    def epoch(self, epoch: Epoch) -> None:
        """Show how far the training is."""
        ...


@contextmanager
def screen() -> Iterator[Screen]:
    """The screen that fits where the output goes."""
    if sys.stdout.isatty():
        with _live() as shown:
            yield shown
    else:
        yield _Plain()


class _Plain:
    def line(self, text: str) -> None:
        console.say(text)

    def epoch(self, epoch: Epoch) -> None:
        """Nothing beside the log line itself."""


@contextmanager
def _live() -> Iterator[Screen]:
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"), TimeRemainingColumn())
    with Progress(*columns) as progress:

        class Live:
            task: TaskID | None = None

            def line(self, text: str) -> None:
                progress.console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)

            def epoch(self, epoch: Epoch) -> None:
                told = next((f"{name} {epoch.values[name]}" for name in SHOWN if name in epoch.values), "")
                if self.task is None:  # not before the first: until then there is nothing to tell
                    self.task = progress.add_task("", total=epoch.epochs, told="")
                title = f"epoch {epoch.epoch} of {epoch.epochs}"
                progress.update(self.task, description=title, completed=epoch.epoch, total=epoch.epochs, told=told)

        yield Live()
