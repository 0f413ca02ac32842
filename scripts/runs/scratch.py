"""Temporary folders in runs/ that do not stay: what a killed command left is removed by the next one.

A folder is locked as long as its process lives, and the kernel frees the lock however the process ends.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = ".model-"
OLD_SECONDS = 60
"""A JSON file is written in much less time."""


@contextlib.contextmanager
def temporary_folder(parent: Path) -> Iterator[Path]:
    """A new folder in ``parent`` for the time of the block. `remove_leftovers` of other commands does not touch it."""
    path, held = _create(parent)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(held)


def remove_leftovers(runs: Path) -> None:
    """Remove what killed commands left below ``runs``: folders that no living command holds, and old partial files."""
    for path in runs.glob("*/.*.json*"):  # of request.json, record.json and data.jsonl
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > OLD_SECONDS:
                path.unlink()
    for path in runs.glob(f"*/{PREFIX}*"):
        held = _lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if held is not None:
            shutil.rmtree(path, ignore_errors=True)
            os.close(held)


def _create(parent: Path) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        held = _lock(path, fcntl.LOCK_EX)
        # Another command may have taken the folder for a leftover before it was locked.
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
