"""Temporary folders and partial files in runs/ that do not stay: what a killed command left is removed by the next."""

import contextlib
import time
from contextlib import AbstractContextManager
from pathlib import Path

from scripts.core import scratch

PREFIX = ".model-"
OLD_SECONDS = 60
"""A JSON file is written in much less time."""


def temporary_folder(parent: Path) -> AbstractContextManager[Path]:
    """A new folder in ``parent`` for the time of the block. `remove_leftovers` of other commands does not touch it."""
    return scratch.temporary_folder(parent, PREFIX)


def remove_leftovers(runs: Path) -> None:
    """Remove what killed commands left below ``runs``: folders that no living command holds, and old partial files."""
    for path in runs.glob("*/.*.json*"):  # of request.json, record.json and data.jsonl
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > OLD_SECONDS:
                path.unlink()
    scratch.remove_abandoned(runs.glob(f"*/{PREFIX}*"))
