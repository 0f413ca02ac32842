"""Progress of a transfer: a live bar with bytes and files at a terminal, a line every few seconds elsewhere."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from scripts.core import console

SECONDS_BETWEEN_LINES = 5.0


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
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TextColumn("{task.fields[done]}/{task.fields[files]} files"),
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
