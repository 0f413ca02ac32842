"""Reads what a job's program left in its folders. The program is not trusted, and it may still run.

A container can put a symbolic link to any file of this machine into its folders, and the link would be followed here,
with the rights of the person who runs the local cloud. It can also put a FIFO there, which nobody ever writes to. So
every place that reads below a job's folder does it here:

- A path is opened one component after the other, each relative to the descriptor of the one before, never through a
  symbolic link. So a folder that becomes a link at this moment leads nowhere either.
- Only regular files are read. The descriptor decides that, not an earlier look at the path.
- Everything else is skipped, and named for the job's log.

A hard link needs no check. A container's folders are separate mounts, and link(2) does not cross mounts (EXDEV). So a
hard link in them can only be another name of a file of this job. A process could make one to a file of yours, but it
runs as you and can read that file anyway.
"""

import errno
import io
import os
import posixpath
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scripts.localcloud.sagemaker.sizes import why_too_large

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
# On Linux this pins a file without opening it: to open a device can have effects.
_PIN = getattr(os, "O_PATH", _FILE) | os.O_NOFOLLOW | os.O_CLOEXEC
# The longest key of S3: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MAX_PATH_BYTES = 1024
# Each folder is opened from the top, so a chain of folders costs the square of its depth.
MAX_DEPTH = 100
MAX_NAMED = 20
_KINDS = {
    stat.S_IFLNK: "it is a symbolic link",
    stat.S_IFIFO: "it is a FIFO",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
}


@dataclass(frozen=True)
class Entry:
    """A regular file or a folder; ``path`` is relative to the listed folder, ``modified`` in nanoseconds.

    ``target`` is set for a symbolic link alone: where it leads, inside the same folder.
    """

    path: str
    is_folder: bool
    size: int
    modified: int
    mode: int
    target: str = ""


@dataclass(frozen=True)
class Skipped:
    """Something that is not read, and why: a clause. The path of the listed folder itself is empty."""

    path: str
    reason: str
    is_too_large: bool = False


@dataclass(frozen=True)
class Listing:
    """What is below a folder, sorted by path, parents first.

    Attributes:
        entries: regular files and folders.
        links: symbolic links that lead to a place inside the folder. They can be kept as links, and never followed.
        skipped: everything else, and what cannot be stored in S3.
        unreadable: the folders that this user may not read.
    """

    entries: tuple[Entry, ...]
    links: tuple[Entry, ...]
    skipped: tuple[Skipped, ...]
    unreadable: tuple[str, ...]

    def not_read(self, with_links: bool) -> list[Skipped]:
        """Return everything that is not read, for the log; the links only if they are not kept as links."""
        links = [] if with_links else [Skipped(link.path, _KINDS[stat.S_IFLNK]) for link in self.links]
        unreadable = [Skipped(path, "only its owner may read it") for path in self.unreadable]
        return sorted([*self.skipped, *links, *unreadable], key=lambda one: one.path)


class ChangedFileError(Exception):
    """A file is not what it was: it was replaced by something else, or it became shorter while it was read."""


class ProgramFolder:
    """A folder that a job's program writes.

    Args:
        base: a folder that only the local cloud can replace: the job's.
        path: the folder's path below it, with slashes.
    """

    def __init__(self, base: Path, path: str) -> None:
        if ".." in PurePosixPath(path).parts:
            raise ValueError(f"{path} leads out of the job's folder")
        self.path = path
        self._base = base

    def list(self) -> Listing:
        """Return everything below the folder; nothing if the folder does not exist."""
        entries: list[Entry] = []
        skipped: list[Skipped] = []
        unreadable: list[str] = []
        free = shutil.disk_usage(self._base).free
        waiting = [""]
        while waiting:
            place = waiting.pop()
            try:
                with self._opened_folder(place) as descriptor:
                    found = [_look(descriptor, place, name, free) for name in os.listdir(descriptor)]  # noqa: PTH208
            except PermissionError:
                unreadable.append(place)
                continue
            except FileNotFoundError:
                continue
            except NotADirectoryError:  # It was a folder a moment ago, or the whole folder is a link.
                skipped += [] if place else [Skipped("", "it is not a folder")]
                continue
            entries += [one for one in found if isinstance(one, Entry)]
            skipped += [one for one in found if isinstance(one, Skipped)]
            waiting += [one.path for one in found if isinstance(one, Entry) and one.is_folder]
        entries.sort(key=lambda entry: entry.path)
        return Listing(
            tuple(entry for entry in entries if not entry.target),
            tuple(entry for entry in entries if entry.target),
            tuple(sorted(skipped, key=lambda one: one.path)),
            tuple(sorted(unreadable)),
        )

    @contextmanager
    def open(self, path: str) -> "Iterator[ProgramFile]":
        """Open a regular file below the folder.

        Raises:
            ChangedFileError: it is not a regular file, or a part of its path is not a folder.
            OSError: it is gone, or this user may not read it.
        """
        place, _, name = path.rpartition("/")
        try:
            with self._opened_folder(place) as folder:
                descriptor = _open_regular(name, folder)
        except NotADirectoryError:
            raise ChangedFileError(f"{path} has a part that is not a folder") from None
        with ProgramFile(descriptor) as file:
            yield file

    def is_foreign(self, uid: int) -> bool:
        """Return whether another user owns anything below the folder; what is unreadable or too deep counts."""
        waiting = [""]
        while waiting:
            place = waiting.pop()
            try:
                with self._opened_folder(place) as descriptor:
                    for name in os.listdir(descriptor):  # noqa: PTH208 -- of a descriptor, not of a path
                        state = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                        if state.st_uid != uid or place.count("/") >= MAX_DEPTH:
                            return True
                        if stat.S_ISDIR(state.st_mode):
                            waiting.append(_join(place, name))
            except PermissionError:
                return True
            except OSError:
                continue
        return False

    @contextmanager
    def _opened_folder(self, place: str) -> Iterator[int]:
        """Open a folder below this one, component by component."""
        descriptor = open_folder(str(self._base), None)
        try:
            for part in (*PurePosixPath(self.path).parts, *PurePosixPath(place).parts):
                inner = open_folder(part, descriptor)
                os.close(descriptor)
                descriptor = inner
            yield descriptor
        finally:
            os.close(descriptor)


class ProgramFile(io.FileIO):
    """An open regular file. If it becomes shorter while it is read, reading fails.

    Without that, whoever has announced its size waits for the rest for ever.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "rb")
        self.state = os.fstat(descriptor)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read at most ``size`` bytes, or everything.

        Raises:
            ChangedFileError: the file ends before the size that it had when it was opened.
        """
        data = super().read(-1 if size is None else size) or b""
        if not data and size != 0 and self.tell() < self.state.st_size:
            raise ChangedFileError("the file became shorter while it was read")
        return data


def sentences(folder: str, skipped: Sequence[Skipped]) -> list[str]:
    """Return the lines about what is skipped in a folder, for the job's log."""
    lines = [f"{shown(_join(folder, one.path))} is skipped: {one.reason}" for one in skipped[:MAX_NAMED]]
    more = len(skipped) - MAX_NAMED
    return [*lines, f"{more} more in {folder} are skipped"] if more > 0 else lines


def shown(path: str) -> str:
    """Return a path as a log line shows it: quoted if it has a character that cannot be printed."""
    return path if path.isprintable() else ascii(path)


def open_folder(name: str, parent: int | None) -> int:
    """Open a folder by its name in an open folder, and return the descriptor.

    Raises:
        NotADirectoryError: it is something else, such as a symbolic link to a folder.
    """
    try:
        return os.open(name, _FOLDER, dir_fd=parent)
    except OSError as error:
        if error.errno == errno.ELOOP:  # On macOS; Linux says ENOTDIR for a symbolic link, too.
            raise NotADirectoryError(errno.ENOTDIR, "a symbolic link") from None
        raise


def is_folder(name: str, parent: int) -> bool:
    """Return whether a name in an open folder is a folder, and not a link to one."""
    return stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode)


def _look(folder: int, place: str, name: str, free: int) -> Entry | Skipped | None:
    """Look at a name in an open folder; None if it is gone."""
    path = _join(place, name)
    try:
        state = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    is_folder, target = stat.S_ISDIR(state.st_mode), ""
    if stat.S_ISLNK(state.st_mode):
        target = _target_inside(folder, place, name)
    if not is_folder and not target and not stat.S_ISREG(state.st_mode):
        return Skipped(path, _KINDS.get(stat.S_IFMT(state.st_mode), "it is not a regular file"))
    try:
        length = len(path.encode())
    except UnicodeEncodeError:
        return Skipped(path, "its name is not UTF-8")
    if length > MAX_PATH_BYTES:
        return Skipped(path, f"its path is longer than {MAX_PATH_BYTES} bytes, the longest key of S3")
    if path.count("/") >= MAX_DEPTH:
        return Skipped(path, f"it is below {MAX_DEPTH} folders")
    if not is_folder and (reason := why_too_large(state, free)):
        return Skipped(path, reason, is_too_large=True)
    return Entry(path, is_folder, state.st_size, state.st_mtime_ns, stat.S_IMODE(state.st_mode), target)


def _target_inside(folder: int, place: str, name: str) -> str:
    """Return where a symbolic link leads, as it says it; empty if that is outside of the listed folder."""
    try:
        target = os.readlink(name, dir_fd=folder)
    except OSError:  # It was replaced meanwhile.
        return ""
    leads_to = posixpath.normpath(posixpath.join(place, target))
    return "" if target.startswith("/") or leads_to in {".", ".."} or leads_to.startswith("../") else target


def _open_regular(name: str, folder: int) -> int:
    """Open a regular file for reading; the descriptor was checked, so the name may change meanwhile."""
    try:
        pinned = os.open(name, _PIN, dir_fd=folder)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENXIO}:  # Where nothing can be pinned: a link, a socket.
            raise ChangedFileError(f"{name} is not a regular file") from None
        raise
    try:
        if not stat.S_ISREG(os.fstat(pinned).st_mode):
            raise ChangedFileError(f"{name} is not a regular file")
        return os.open(f"/dev/fd/{pinned}", _FILE)
    finally:
        os.close(pinned)


def _join(place: str, name: str) -> str:
    return f"{place}/{name}" if place and name else place or name
