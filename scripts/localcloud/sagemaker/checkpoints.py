"""Mirrors the checkpoints' folder to S3 while the program runs: it uploads new files and repeats deletions.

Each host has its own copy of the checkpoints. It uploads the files that the host wrote, and deletes in S3 the files
that the host deleted from its copy.
https://docs.aws.amazon.com/sagemaker/latest/dg/model-checkpoints.html
"""

import threading
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.localcloud.sagemaker import s3paths
from scripts.localcloud.sagemaker.program_files import (
    MAX_NAMED,
    ChangedFileError,
    Listing,
    ProgramFolder,
    Skipped,
    sentences,
    shown,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

INTERVAL_SECONDS = 0.5
# A program that always writes has no moment at which S3 has all of its files.
MOST_SCANS = 4


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


def is_complete(scans: int, copied: Mapping[str, FileState], now: Mapping[str, FileState]) -> bool:
    """Return whether S3 has a new checkpoint with all of its files: a program writes them one after another.

    Args:
        scans: the scans since a new file was copied, that one included; 0 if none was.
        copied: the files that S3 has from this folder.
        now: the folder's files at the last scan.
    """
    is_equal = all(copied.get(path) == state for path, state in now.items())
    return (scans > 1 and is_equal) or scans > MOST_SCANS


class Mirror:
    """Copies a folder to S3 again and again during its ``with``, and a last time at its end.

    Args:
        s3: a client that may read, write and delete there.
        folder: CheckpointConfig's LocalPath.
        uri: CheckpointConfig's S3Uri, without a suffix for the job or the host.
    """

    def __init__(self, s3: "S3Client", folder: ProgramFolder, uri: str) -> None:
        self._s3 = s3
        self._folder = folder
        self._bucket, prefix = s3paths.split(uri)
        self._prefix = f"{prefix.rstrip('/')}/" if prefix else ""
        self._copied: dict[str, FileState] = {}
        self._before: dict[str, FileState] = {}
        self._reported: dict[Skipped, None] = {}
        self._scans_since_new = 0
        self._log: Callable[[str], None] = _no_log
        self._ended = threading.Event()
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._copy_until_end, name=f"checkpoints {uri}")

    @property
    def has_checkpoint(self) -> bool:
        """Whether S3 has a new checkpoint: one that the program has written, not one that was downloaded."""
        return is_complete(self._scans_since_new, self._copied, self._before)

    def mark_as_copied(self) -> None:
        """Treat the folder's present files as copied, because they were just downloaded from S3."""
        self._copied = _states(self._folder.list())

    def report_to(self, log: Callable[[str], None]) -> "Mirror":
        """Write a line to ``log`` for each path that is skipped; returns the mirror itself."""
        self._log = log
        return self

    def abandon(self) -> None:
        """Copy nothing more, not even at the end: the instance is gone, and its disk with it."""
        self._abandoned.set()

    def __enter__(self) -> "Mirror":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        if self._abandoned.is_set():
            return
        self._before = _states(self._folder.list())  # The program has ended, so no file is half-written.
        self.copy(last=True)

    def copy(self, last: bool) -> None:
        """Make S3 equal to the folder once.

        Args:
            last: whether the program has ended. Before, a folder that only a container's root may read is left for
                later: at the job's end it becomes readable.
        """
        found = self._folder.list()
        if found.unreadable and not last:
            return
        self._report(found, last)
        now = _states(found)
        todo = changes(self._copied, self._before, now)
        self._before = now
        for path in todo.uploads:
            if self._abandoned.is_set():
                return
            with suppress(FileNotFoundError, ChangedFileError):  # The next scan sees what it has become.
                self._upload(path, now[path], last)
        if self._scans_since_new or any(self._copied.get(path) == now[path] for path in todo.uploads):
            self._scans_since_new += 1
        # What was copied has taken its space: a file that is too large now is still there, and so is its copy.
        too_large = {one.path for one in found.skipped if one.is_too_large}
        for path in sorted(set(todo.deletions) - too_large):
            if not any(path.startswith(f"{folder}/" if folder else "") for folder in found.unreadable):
                self._s3.delete_object(Bucket=self._bucket, Key=self._prefix + path)
                del self._copied[path]

    def _copy_until_end(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            try:
                self.copy(last=False)
            except Exception:
                traceback.print_exc()  # The next scan tries again; the last one, at the end, raises.

    def _upload(self, path: str, listed: FileState, last: bool) -> None:
        try:
            with self._folder.open(path) as file:
                if FileState(file.state.st_size, file.state.st_mtime_ns) == listed:
                    self._s3.upload_fileobj(file, self._bucket, self._prefix + path)
                    self._copied[path] = listed
        except PermissionError:
            if last:
                self._log(f"{shown(f'{self._folder.path}/{path}')} is skipped: only its owner may read it")

    def _report(self, found: Listing, last: bool) -> None:
        new = [one for one in found.not_read(with_links=False) if one not in self._reported]
        room = max(0, MAX_NAMED - len(self._reported))
        self._reported |= dict.fromkeys(new[:room])
        for line in sentences(self._folder.path, new[:room]):
            self._log(line)
        if last and len(new) > room:
            self._log(f"{len(new) - room} more in {self._folder.path} are skipped")


def _states(found: Listing) -> dict[str, FileState]:
    return {entry.path: FileState(entry.size, entry.modified) for entry in found.entries if not entry.is_folder}


def _no_log(_: str) -> None:
    """Drop a line: nobody has asked for it."""
