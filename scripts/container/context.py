"""The build context: exactly the files that go into the image, as one archive that depends on nothing else.

These are the files that git tracks or does not ignore, without those that .dockerignore excludes. A file counts with
its name, its bytes and whether it is executable. Owner, time and umask of the clone do not count.
"""

import hashlib
import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from scripts.container import ignored
from scripts.core.errors import UserError
from scripts.core.texts import read_text

# A constant, because the archive must not depend on the clock. Zip files cannot hold a year before 1980.
MTIME = 315_532_800
PACKAGE = "trainyard"


@dataclass(frozen=True)
class File:
    """A file of the build context.

    Args:
        name: relative, with forward slashes.
        mode: the part of the mode that git keeps.
        content: its bytes; for a link, its target.
    """

    name: str
    mode: Literal["644", "755", "link"]
    content: bytes


def read(folder: Path | str) -> tuple[File, ...]:
    """The build context below ``folder``, sorted by name.

    Args:
        folder: files in it that git ignores are skipped.
    """
    root = Path(folder)
    return tuple(file(root, name) for name in sorted(kept(root, names(root))))


def of_trainer(folder: Path | str = "trainer") -> tuple[File, ...]:
    """The build context of the trainer's image: the files of its folder, and the package that it imports."""
    return (*read(folder), *package(Path(folder).parent))


def package(root: Path) -> tuple[File, ...]:
    """The Python files of the package `trainyard` below ``root``, in a folder of its name; it is in every image."""
    folder = root / PACKAGE
    found = read(folder) if folder.is_dir() else ()
    return tuple(File(f"{PACKAGE}/{each.name}", each.mode, each.content) for each in found if each.name.endswith(".py"))


def check_program(program: str, folder: Path | str = "trainer") -> None:
    """Check that a program of ``folder`` goes into the image.

    Raises:
        UserError: git ignores it, or .dockerignore excludes it.
    """
    root = Path(folder)
    rule = None
    if program not in set(names(root)):
        rule = _git_rule(root, program)
    elif not list(kept(root, [program])):
        rule = f"{root}/.dockerignore"
    if rule:
        raise UserError(
            f"The program {root}/{program} would not be in the image: {rule} excludes it.",
            "Rename the program, or change that rule.",
        )


def digest(files: Iterable[File], more: Iterable[str] = ()) -> str:
    """The hexadecimal digest of files and further texts."""
    made = hashlib.sha256()
    for file in files:
        _add(made, os.fsencode(file.name), file.mode.encode(), file.content)
    _add(made, *(text.encode() for text in more))
    return made.hexdigest()


def write_archive(files: Iterable[File], to: BinaryIO) -> None:
    """Write files as a tar archive that depends only on the files."""
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
    # Each part starts with its length, so that two different trees never give the same stream.
    for part in parts:
        made.update(len(part).to_bytes(8, "big") + part)


def file(root: Path, name: str) -> File:
    """One file of a build context."""
    path = root / name
    if path.is_symlink():
        return File(name, "link", os.fsencode(path.readlink()))
    return File(name, "755" if path.stat().st_mode & 0o111 else "644", path.read_bytes())


def names(root: Path) -> Iterator[str]:
    """The files below ``root`` that git tracks or does not ignore, those of repositories inside it too.

    Outside of git, or if git ignores the whole folder (a copy inside another repository), .gitignore files in it count,
    and every ``__pycache__`` is skipped.
    """
    # --others: a new file that was not added yet belongs to the build context too.
    kinds = ("-z", "--cached", "--others", "--exclude-standard")
    listed = _git_files(["git", "-C", str(root), "ls-files", *kinds])
    if not listed:
        with tempfile.TemporaryDirectory() as empty:
            _git_files(["git", "init", "--quiet", "--bare", empty])
            repository = ["git", "-C", str(root), f"--git-dir={empty}", "--work-tree=."]
            found = _git_files([*repository, "ls-files", *kinds]) or _all_files(root)
        listed = {name for name in found if "__pycache__" not in PurePosixPath(name).parts}
    for name in listed:
        path = root / name
        if path.is_dir() and not path.is_symlink():
            yield from (f"{name.rstrip('/')}/{inner}" for inner in names(path))
        elif path.is_file() or path.is_symlink():  # otherwise deleted, but not yet in a commit
            yield name


def _git_files(command: list[str]) -> set[str]:
    """The names that a command of git lists; none if there is no git or no repository."""
    try:
        listed = os.fsdecode(subprocess.run(command, capture_output=True, check=True).stdout)
    except (OSError, subprocess.CalledProcessError):
        return set()
    return set(listed.split("\0")) - {""}


def _all_files(root: Path) -> Iterator[str]:
    for path in root.rglob("*"):
        if path.is_file() or path.is_symlink():
            yield path.relative_to(root).as_posix()


def _git_rule(root: Path, name: str) -> str:
    """The rule by which git ignores a file: the file that contains it, its line and the rule."""
    command = ["git", "-C", str(root), "check-ignore", "--verbose", name]
    found = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout
    return f"git's rule {found.partition(chr(9))[0]}" if found else "git"


def kept(root: Path, listed: Iterable[str]) -> Iterator[str]:
    """The names that .dockerignore does not exclude."""
    ignored_file = root / ".dockerignore"
    if not ignored_file.is_file():
        yield from listed
        return
    try:
        yield from ignored.kept(listed, read_text(ignored_file))
    except ignored.PatternError as error:
        raise UserError(f"{ignored_file}: {error}.", "Correct that line.") from None
