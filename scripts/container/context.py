"""The build context: exactly the files that decide what is in the image, as one archive that depends on nothing else.

They are what git knows or does not ignore, less what .dockerignore keeps out. Of a file count its name, its bytes and
whether it may be executed; not who cloned it, when, and with which umask.
"""

import hashlib
import io
import os
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

# A constant, for the clock is no part of the tree; zip files know no year before 1980.
MTIME = 315_532_800


@dataclass(frozen=True)
class File:
    """A file of the build context.

    Args:
        name: relative, with forward slashes.
        mode: of which git keeps this much.
        content: its bytes; of a link, where it points.
    """

    name: str
    mode: Literal["644", "755", "link"]
    content: bytes


def read(folder: Path | str) -> tuple[File, ...]:
    """The build context below ``folder``, sorted by name.

    Args:
        folder: what git ignores in it is left out; without git, all ``__pycache__``.
    """
    root = Path(folder)
    return tuple(_file(root, name) for name in sorted(_kept(root, _names(root))))


def digest(files: Iterable[File], more: Iterable[str] = ()) -> str:
    """A digest of files and further texts, in hexadecimal."""
    made = hashlib.sha256()
    for file in files:
        _add(made, os.fsencode(file.name), file.mode.encode(), file.content)
    _add(made, *(text.encode() for text in more))
    return made.hexdigest()


def write_archive(files: Iterable[File], to: BinaryIO) -> None:
    """Write files as a tar archive in which nothing but they themselves shows."""
    with tarfile.open(fileobj=to, mode="w", format=tarfile.PAX_FORMAT) as archive:
        known: set[PurePosixPath] = {PurePosixPath(".")}
        for file in files:
            for parent in reversed(PurePosixPath(file.name).parents):
                if parent not in known:
                    known.add(parent)
                    archive.addfile(_entry(str(parent), tarfile.DIRTYPE, 0o755))
            _append(archive, file)


def _append(archive: tarfile.TarFile, file: File) -> None:
    if file.mode == "link":
        entry = _entry(file.name, tarfile.SYMTYPE, 0o777)
        entry.linkname = os.fsdecode(file.content)
        archive.addfile(entry)
        return
    entry = _entry(file.name, tarfile.REGTYPE, int(file.mode, 8))
    entry.size = len(file.content)
    archive.addfile(entry, io.BytesIO(file.content))


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode, entry.mtime = kind, mode, MTIME
    return entry


def _add(made: "hashlib._Hash", *parts: bytes) -> None:
    # Every part with its length: no two trees give the same stream.
    for part in parts:
        made.update(len(part).to_bytes(8, "big") + part)


def _file(root: Path, name: str) -> File:
    path = root / name
    if path.is_symlink():
        return File(name, "link", os.fsencode(path.readlink()))
    return File(name, "755" if path.stat().st_mode & 0o111 else "644", path.read_bytes())


def _names(root: Path) -> Iterator[str]:
    """The files below ``root`` that git knows or does not ignore."""
    # With those not yet added: a new program is in the build context, so it is in the image.
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = os.fsdecode(subprocess.run(command, capture_output=True, check=True).stdout)
    except (OSError, subprocess.CalledProcessError):
        for path in root.rglob("*"):
            if "__pycache__" not in path.parts and (path.is_file() or path.is_symlink()):
                yield path.relative_to(root).as_posix()
        return
    for name in set(listed.split("\0")) - {""}:
        if (root / name).is_file() or (root / name).is_symlink():  # else deleted and not yet committed
            yield name


def _kept(root: Path, names: Iterator[str]) -> Iterator[str]:
    """Those that .dockerignore does not keep out."""
    file = root / ".dockerignore"
    if not file.is_file():
        yield from names
        return
    from docker.utils.build import PatternMatcher

    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    # As with `docker build`, the builder's own two files are always sent.
    patterns = [line for line in lines if line and not line.startswith("#")] + ["!Dockerfile"]
    matcher = PatternMatcher(patterns)
    for name in names:
        kept = True
        # A pattern that matches a folder counts for all below it, however deep, which `matcher.matches` does not see;
        # the last pattern decides. https://docs.docker.com/build/concepts/context/#syntax
        paths = [name, *map(str, PurePosixPath(name).parents)]
        for pattern in matcher.patterns:
            if any(pattern.match(path) for path in paths):
                kept = pattern.exclusion
        if kept:
            yield name
