"""The files in a channel's folder."""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.core.errors import UserError

# The size of an upload's parts. S3's ETag of a multipart object depends on it: see `expected_etag`.
PART_SIZE = 64 * 1024 * 1024
# The longest key below a prefix, in bytes: S3 allows 1,024 in total, and our prefixes have at most 108.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
LONGEST_KEY = 1024 - 108
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # Unicode's category Cc


@dataclass(frozen=True)
class LocalFile:
    """A file in the folder.

    Args:
        key: its path below the folder, with forward slashes.
        path: its path on this machine.
        size: its size in bytes.
        modified: its modification time in nanoseconds, to notice a change during the upload.
    """

    key: str
    path: Path
    size: int
    modified: int

    def changed(self) -> bool:
        """Whether the file has changed on disk since it was listed."""
        try:
            now = self.path.stat()
        except OSError:
            return True
        return (now.st_size, now.st_mtime_ns) != (self.size, self.modified)


@dataclass(frozen=True)
class Folder:
    """The files below a channel's folder, and the number of hidden files that were skipped."""

    files: tuple[LocalFile, ...]
    hidden: int


@dataclass(frozen=True)
class Digests:
    """Two digests of a file's content: the SHA-256 that we store with the object, and the ETag that S3 gives it."""

    sha256: str
    etag: str


def read_folder(folder: Path, where: str) -> Folder:
    """List the files of a channel's folder, sorted by key.

    Names that start with a dot (``.DS_Store``, ``.git``, ``.ipynb_checkpoints``) are skipped, and ``__MACOSX``.

    Args:
        folder: the channel's source.
        where: the place in the job file that names it, for messages.

    Raises:
        UserError: the folder is missing, is a file, is empty or cannot be read, or a file in it cannot become an
            object.
    """
    try:
        exists = folder.exists()
    except OSError as error:
        raise _unreadable(error) from None
    fix = f"Put the files there or correct {where}; `make digits` writes the folders of the example."
    if not exists:
        raise UserError(f"The folder {folder} ({where}) does not exist.", fix)
    if not folder.is_dir():
        raise UserError(f"{folder} ({where}) is a file, but a channel's source must be a folder.", fix)
    root = folder.resolve()
    files, hidden = [], 0
    for here, names in _walk(folder, where):
        above = "" if here == folder else f"{here.relative_to(folder).as_posix()}/"
        visible = [name for name in names if not _is_hidden(name)]
        hidden += len(names) - len(visible)
        files += [_file(here / name, above + name, folder, root) for name in visible]
    if not files:
        raise UserError(f"The folder {folder} ({where}) contains no file.", fix)
    return Folder(tuple(sorted(files, key=lambda file: file.key)), hidden)


def digests(path: Path) -> Digests:
    """Read a file once and return its digests."""
    whole, parts, size = hashlib.sha256(), [], 0
    with path.open("rb") as file:
        # Python reserves all the memory that it is asked to read, whatever the file's size.
        amount = min(PART_SIZE, os.fstat(file.fileno()).st_size + 1)
        for content in iter(lambda: file.read(amount), b""):
            whole.update(content)
            parts.append(hashlib.md5(content, usedforsecurity=False).digest())
            size += len(content)
    return Digests(whole.hexdigest(), expected_etag(parts, size))


def expected_etag(parts: list[bytes], size: int) -> str:
    """The ETag that S3 gives an object that we upload, without encryption or with S3's own keys.

    It is the MD5 of the content. For a multipart upload it is the MD5 of the parts' MD5s, with their number.
    With KMS keys it is neither: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
    """
    if size < PART_SIZE:
        return (parts[0] if parts else hashlib.md5(b"", usedforsecurity=False).digest()).hex()
    return f"{hashlib.md5(b''.join(parts), usedforsecurity=False).hexdigest()}-{len(parts)}"


def _walk(folder: Path, where: str) -> Iterator[tuple[Path, list[str]]]:
    """Each folder from this one on, with the names of its files and of the hidden folders, which are not entered."""

    def fail(error: OSError) -> None:
        raise _unreadable(error)

    for current, folders, files in os.walk(folder, onerror=fail):
        here = Path(current)
        hidden = [name for name in folders if _is_hidden(name)]
        for name in hidden:
            folders.remove(name)
        if here != folder and not folders and all(_is_hidden(name) for name in files):
            raise UserError(
                f"The folder {here} ({where}) contains no file: S3 has no empty folders, so the job would not see it.",
                "Put files there, or delete the folder.",
            )
        for name in folders:
            if (here / name).is_symlink():
                raise UserError(
                    f"{here / name} is a symbolic link to a folder, which would not be uploaded.",
                    "Put the folder itself there, or name its real path as the channel's source.",
                )
        yield here, hidden + files


def _is_hidden(name: str) -> bool:
    # Archives that macOS has packed contain the folder __MACOSX, with a hidden file for each file of the archive.
    return name.startswith(".") or name == "__MACOSX"


def _unreadable(error: OSError) -> UserError:
    return UserError(f"{error.filename} cannot be read: {error.strerror}.", "Give yourself permission to read it.")


def _file(path: Path, below: str, folder: Path, root: Path) -> LocalFile:
    """One file.

    Args:
        path: the file's path.
        below: the part of it below the folder, with forward slashes.
        folder: the channel's source.
        root: the folder without symbolic links.
    """
    name = os.fsencode(below)
    try:
        key = name.decode()  # whatever encoding this machine has for file names
    except UnicodeDecodeError:
        raise UserError(f"The name of {os.fsdecode(name)!r} in {folder} is not UTF-8.", "Rename the file.") from None
    if len(name) > LONGEST_KEY or CONTROL.search(key):
        raise UserError(
            f"{key!r} in {folder} cannot be an object's key: it is longer than {LONGEST_KEY} bytes "
            "or contains a control character.",
            "Rename the file.",
        )
    try:
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            _check_link(path, root)
            found = path.stat()
    except OSError:
        found = None
    if found is None or not stat.S_ISREG(found.st_mode) or not os.access(path, os.R_OK):
        raise UserError(f"{path} cannot be read as a file.", "Give yourself permission to read it, or delete it.")
    return LocalFile(key, path, found.st_size, found.st_mtime_ns)


def _check_link(path: Path, root: Path) -> None:
    if not path.resolve().is_relative_to(root):
        raise UserError(
            f"{path} is a symbolic link that leads out of the folder, to {path.resolve()}.",
            "Put the file itself into the folder.",
        )
