"""Checkpoints: restored before the program starts, copied to S3 while it runs, deletions mirrored.

Each host has a copy of its own: it uploads what that host wrote, and deletes in S3 what that host had and deleted.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

import os
import threading
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.localcloud.sagemaker import s3paths

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

INTERVAL_SECONDS = 0.5


@dataclass(frozen=True)
class Stamp:
    """How a file is told from its next version."""

    size: int
    modified: int


@dataclass(frozen=True)
class Changes:
    """What S3 lacks, and what it has too much; paths below the folder."""

    uploads: tuple[str, ...]
    deletions: tuple[str, ...]


def changes(copied: Mapping[str, Stamp], before: Mapping[str, Stamp], now: Mapping[str, Stamp]) -> Changes:
    """What to do so that S3 follows a folder.

    Args:
        copied: the files that S3 has from this folder.
        before: the folder at the last look: a file that has changed since is still being written, and waits.
        now: the folder.
    """
    uploads = tuple(
        path for path, stamp in sorted(now.items()) if copied.get(path) != stamp and before.get(path) == stamp
    )
    return Changes(uploads, tuple(sorted(copied.keys() - now.keys())))


class Mirror:
    """Copies a folder to S3 until its ``with`` ends, and then once more.

    Args:
        s3: a client that may read, write and delete there.
        folder: CheckpointConfig's LocalPath.
        uri: CheckpointConfig's S3Uri; it is used as it is, without a suffix for the job or the host.
    """

    def __init__(self, s3: "S3Client", folder: Path, uri: str) -> None:
        self._s3 = s3
        self._folder = folder
        self._bucket, prefix = s3paths.split(uri)
        self._prefix = f"{prefix.rstrip('/')}/" if prefix else ""
        self._copied: dict[str, Stamp] = {}
        self._before: dict[str, Stamp] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"checkpoints {uri}")

    def restored(self) -> None:
        """Take in what the folder holds now as already copied: it was just restored."""
        self._copied = self._look()

    def __enter__(self) -> "Mirror":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._before = self._look()  # The program has ended: nothing is half-written any more.
        self._copy(last=True)

    def _follow(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            try:
                self._copy(last=False)
            except PermissionError:
                continue  # A folder that a container's root keeps to itself: it is handed over at the end.
            except Exception:
                traceback.print_exc()  # The next look tries again; the last one, at the end, raises.

    def _copy(self, last: bool) -> None:
        now = self._look()
        todo = changes(self._copied, self._before, now)
        self._before = now
        for path in todo.uploads:
            try:
                self._s3.upload_file(str(self._folder / path), self._bucket, self._prefix + path)
            except FileNotFoundError:
                continue  # Deleted since the look.
            except PermissionError:
                if last:
                    raise
                continue  # As such a folder.
            self._copied[path] = now[path]
        for path in todo.deletions:
            self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + path)
            del self._copied[path]

    def _look(self) -> dict[str, Stamp]:
        found = {}
        for folder, _, names in os.walk(self._folder, onerror=_raise_unless_gone):
            for name in names:
                path = Path(folder, name)
                try:
                    state = path.stat()
                except FileNotFoundError:
                    continue
                found[path.relative_to(self._folder).as_posix()] = Stamp(state.st_size, state.st_mtime_ns)
        return found


def _raise_unless_gone(error: OSError) -> None:
    # A folder that cannot be read must not look like one whose files were deleted: S3 would lose them.
    if not isinstance(error, FileNotFoundError):
        raise error
