"""Temporary folders that only the user may open and that do not stay: the next command removes those of a killed one.

A folder is locked as long as its process lives, and the kernel frees the lock however the process ends.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path


@contextlib.contextmanager
def temporary_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A new folder in ``parent`` for the time of the block. `remove_abandoned` of other commands does not touch it."""
    path, held = _create(parent, prefix)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(held)


def remove_abandoned(folders: Iterable[Path]) -> None:
    """Remove those temporary folders that no living command holds."""
    for path in folders:
        held = _lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if held is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(held)


def _create(parent: Path, prefix: str) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        held = _lock(path, fcntl.LOCK_EX)
        # Another command may have taken the folder for an abandoned one before it was locked.
        if held is not None and path.exists():
            return path, held
        if held is not None:
            os.close(held)


def _lock(path: Path, how: int) -> int | None:
    """Lock a folder; gives its descriptor, or None if the folder is gone or another process holds it."""
    try:
        held = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(held, how)
    except BlockingIOError:
        os.close(held)
        return None
    return held
