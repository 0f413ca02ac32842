"""If a program leaves nothing in SM_MODEL_DIR: where it wrote instead.

SageMaker keeps only what is in a few folders of /opt/ml. A job whose program writes elsewhere is Completed, and its
model is an empty archive.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from trainer.contract.folders import Folders

FOLDERS_SHOWN = 5
MOST_FILES = 100_000
"""The search ends after this many files: it must not delay the end of the job."""

CLOCK_STEP = 0.05
"""File systems round times: a file may seem a little older than it is."""


def warn_of_empty_model(program: str, folders: Folders, code: Path, started: float) -> None:
    """Print a warning if the model's folder holds no file, with the folders in which the program did write.

    Args:
        program: its name, for the message.
        folders: the folders of the job.
        code: the folder in which the program started.
        started: when it started.
    """
    if any(_files(folders.model, ())):
        return
    counts = count_written(folders, code, started)
    shown = [f"{number} {'file' if number == 1 else 'files'} in {folder}" for folder, number in counts.most_common()]
    more = [f"files in {len(shown) - FOLDERS_SHOWN} more folders"] if len(shown) > FOLDERS_SHOWN else []
    wrote = f"wrote {', '.join(shown[:FOLDERS_SHOWN] + more)}" if shown else "wrote no file"
    places = code if code == folders.base else f"{code} and {folders.base}"
    print(
        f"warning: {program} left nothing in {folders.model} (SM_MODEL_DIR), which becomes the model. "
        f"Below {places}, it {wrote}.",
        file=sys.stderr,
        flush=True,
    )


def count_written(folders: Folders, code: Path, started: float) -> Counter[str]:
    """Count, by folder, the files that are new or changed since ``started``, but not SageMaker's own.

    Args:
        folders: the folders of the job.
        code: the folder in which the program started.
        started: a time in seconds since the epoch.
    """
    counts: Counter[str] = Counter()
    ours = (folders.base / "input", folders.output / "failure")
    roots = [folders.base, *([] if code.is_relative_to(folders.base) else [code])]
    for number, path in enumerate(path for root in roots for path in _files(root, ours)):
        if number >= MOST_FILES:
            break
        try:
            status = path.lstat()
        except OSError:
            continue
        # A copy may have the old time of modification, but never an old time of change.
        if max(status.st_mtime, status.st_ctime) >= started - CLOCK_STEP:
            counts[str(path.parent)] += 1
    return counts


def _files(root: Path, without: tuple[Path, ...]) -> Iterator[Path]:
    for current, folders, names in os.walk(root):
        here = Path(current)
        folders[:] = [name for name in folders if name != "__pycache__" and here / name not in without]
        yield from (here / name for name in names if here / name not in without)
