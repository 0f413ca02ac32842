"""Mirrors the checkpoints' folder to S3 while the program runs: it uploads new files and repeats deletions.

Each host has its own copy of the checkpoints. It uploads the files that the host wrote, and deletes in S3 the files
that the host deleted from its copy.
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
class FileState:
    """A file's size and time of change. Two versions of a file differ in one of them."""

    size: int
    modified: int


@dataclass(frozen=True)
class Changes:
    """The files to upload to S3 and to delete there, as paths below the folder."""

    uploads: tuple[str, ...]
    deletions: tuple[str, ...]


def changes(copied: Mapping[str, FileState], before: Mapping[str, FileState], now: Mapping[str, FileState]) -> Changes:
    """Return what to do so that S3 has the same files as a folder.

    Args:
        copied: the files that S3 has from this folder.
        before: the folder's files at the last scan. A file that has changed since is still being written, so it is
            uploaded later.
        now: the folder's files now.
    """
    uploads = tuple(
        path for path, state in sorted(now.items()) if copied.get(path) != state and before.get(path) == state
    )
    return Changes(uploads, tuple(sorted(copied.keys() - now.keys())))


class Mirror:
    """Copies a folder to S3 again and again during its ``with``, and a last time at its end.

    Args:
        s3: a client that may read, write and delete there.
        folder: CheckpointConfig's LocalPath.
        uri: CheckpointConfig's S3Uri, without a suffix for the job or the host.
    """

    def __init__(self, s3: "S3Client", folder: Path, uri: str) -> None:
        self._s3 = s3
        self._folder = folder
        self._bucket, prefix = s3paths.split(uri)
        self._prefix = f"{prefix.rstrip('/')}/" if prefix else ""
        self._copied: dict[str, FileState] = {}
        self._before: dict[str, FileState] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._copy_until_end, name=f"checkpoints {uri}")

    def mark_as_copied(self) -> None:
        """Treat the folder's present files as copied, because they were just downloaded from S3."""
        self._copied = self._scan()

    def __enter__(self) -> "Mirror":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._before = self._scan()  # The program has ended, so no file is half-written.
        self._copy(last=True)

    def _copy_until_end(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            try:
                self._copy(last=False)
            except PermissionError:
                continue  # Only a container's root may read this folder. At the job's end it becomes readable.
            except Exception:
                traceback.print_exc()  # The next scan tries again; the last one, at the end, raises.

    def _copy(self, last: bool) -> None:
        now = self._scan()
        todo = changes(self._copied, self._before, now)
        self._before = now
        for path in todo.uploads:
            try:
                self._s3.upload_file(str(self._folder / path), self._bucket, self._prefix + path)
            except FileNotFoundError:
                continue  # Deleted since the scan.
            except PermissionError:
                if last:
                    raise
                continue  # Like a folder that only a container's root may read.
            self._copied[path] = now[path]
        for path in todo.deletions:
            self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + path)
            del self._copied[path]

    def _scan(self) -> dict[str, FileState]:
        found = {}
        for folder, _, names in os.walk(self._folder, onerror=_raise_unless_gone):
            for name in names:
                path = Path(folder, name)
                try:
                    state = path.stat()
                except FileNotFoundError:
                    continue
                found[path.relative_to(self._folder).as_posix()] = FileState(state.st_size, state.st_mtime_ns)
        return found


def _raise_unless_gone(error: OSError) -> None:
    # If an unreadable folder counted as empty, its files would be deleted in S3.
    if not isinstance(error, FileNotFoundError):
        raise error
