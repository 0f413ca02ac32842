"""Progress at a terminal: a live bar of a transfer, or one live line. Elsewhere: a plain line every few seconds."""

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from scripts.core import console
from scripts.core.printable import one_line

SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_STATUSES = 20.0
ERASE = "\r\x1b[2K"  # go back to the line's start and delete the line


class Transfer(Protocol):
    """Receives the progress of a transfer. Both methods may be called from any thread."""

    def moved(self, count: int) -> None:
        """Count ``count`` more bytes (negative if a part is sent again)."""
        ...

    def finished(self) -> None:
        """Count one more complete file."""
        ...


@contextmanager
def transfer(title: str, files: int, size: int) -> Iterator[Transfer]:
    """Show the progress of a transfer.

    Args:
        title: the activity, such as ``Uploading``.
        files: the number of files.
        size: their size in bytes.
    """
    if sys.stdout.isatty():
        with _bar(title, files, size) as shown:
            yield shown
    else:
        yield _Lines(title, files, size)


class _Lines:
    def __init__(self, title: str, files: int, size: int) -> None:
        self._title, self._files, self._size = title, files, size
        self._done = self._moved = 0
        self._last = time.monotonic()
        self._lock = threading.Lock()

    def moved(self, count: int) -> None:
        with self._lock:
            self._moved += count
            if time.monotonic() - self._last >= SECONDS_BETWEEN_LINES:
                self._say()

    def finished(self) -> None:
        with self._lock:
            self._done += 1
            if self._done == self._files:
                self._say()

    def _say(self) -> None:
        self._last = time.monotonic()
        console.say(
            f"{self._title}: {self._done} of {self._files} files, "
            f"{console.size(self._moved)} of {console.size(self._size)}"
        )


@contextmanager
def _bar(title: str, files: int, size: int) -> Iterator[Transfer]:
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[done]}/{task.fields[files]} files", markup=False),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        task = progress.add_task(title, total=size, done=0, files=files)
        lock = threading.Lock()
        done = 0

        class Shown:
            def moved(self, count: int) -> None:
                progress.advance(task, count)

            def finished(self) -> None:
                nonlocal done
                with lock:
                    done += 1
                    progress.update(task, done=done)

        yield Shown()


class StatusLine:
    """What happens now: one line that changes at a terminal, and a plain line every 20 seconds elsewhere.

    It is written with nothing but a carriage return and one escape sequence, so a killed process leaves the terminal
    in order.
    """

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._last = time.monotonic()

    def show(self, text: str) -> None:
        """Show ``text`` in place of the last status."""
        if self._terminal:
            width = shutil.get_terminal_size((100, 24)).columns - 1
            print(ERASE + console.styled(one_line(text)[:width], "2", True), end="", flush=True)
        elif time.monotonic() - self._last >= SECONDS_BETWEEN_STATUSES:
            self.line(text)

    def line(self, text: str) -> None:
        """Print a line that stays, above the status."""
        self.clear()
        console.say(text)
        self._last = time.monotonic()

    def clear(self) -> None:
        """Remove the status."""
        if self._terminal:
            print(ERASE, end="", flush=True)
