"""Unpacks a model's archive. A job's program made it, so nothing in it is trusted.

First the members are read and checked, each alone and all together; nothing is written before that. Then files and
folders are written, and nothing else. A link that stays inside the model becomes a copy of what it leads to.
"""

import errno
import os
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from scripts.core import console
from scripts.core.errors import UserError
from scripts.core.printable import visible
from scripts.runs.archive import BROKEN, MOST_MEMBERS, TarReader

MODEL = "/opt/ml/model"
"""Where the model's folder is in the container: an absolute link to a place below it stays inside."""

# Linux's longest name and, with room for the run's folder before it, path.
LONGEST_NAME, LONGEST_PATH = 255, 2048
# A disk that knows no difference between A and a, or that is not as Linux's, refuses more.
IMPOSSIBLE_NAME = {errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL}
MOST_NAMED = 20
MOST_LINKS = 40  # the most links that Linux follows for one path
# A model of more than a gigabyte does not shrink to a hundredth: that is zeros, made to fill a disk.
SUSPICIOUS_BYTES, SUSPICIOUS_TIMES = 1_000_000_000, 100


class RefusedMemberError(Exception):
    """A member that is not unpacked: its name, and why, as the end of a sentence."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"its member {visible(name)!r} {reason}")


@dataclass
class Content:
    """What an archive holds, by the paths below the model's folder.

    Attributes:
        files: each with its size.
        folders: those with a member of their own, and the parents of all others.
        links: each with the place that it leads to, as the archive says it.
    """

    files: dict[str, int] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)


def unpack(archive: Path, folder: Path, uri: str) -> None:
    """Unpack a .tar.gz into the new folder ``folder``.

    Args:
        archive: the file.
        folder: the new folder; its parent is a temporary folder in the run's.
        uri: where the archive came from, for messages.

    Raises:
        UserError: a member is not accepted, the disk has no room for the whole, or the archive is broken. In that case
            ``folder`` does not exist.
    """
    try:
        with _explained(folder, uri):
            with archive.open("rb") as file, TarReader(file) as tar:
                content = read_content(tar.members())
            links = resolve_links(content)
            _check_size(content, links.copies, archive, folder, uri)
            folder.mkdir()
            _write(content, links.copies, archive, folder)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    for link, reason in list(links.skipped.items())[:MOST_NAMED]:
        console.say(f"The link {visible(link)} in the model is skipped: {reason}.")
    if len(links.skipped) > MOST_NAMED:
        console.say(f"{len(links.skipped) - MOST_NAMED:,} more links in the model are skipped.")


@contextmanager
def _explained(folder: Path, uri: str) -> Iterator[None]:
    """Turn what is wrong with an archive into two lines; an error of the disk is raised unchanged."""
    fix = f"Make the program write plain files to SM_MODEL_DIR; `aws s3 cp {uri} .` downloads the archive itself."
    try:
        yield
    except RefusedMemberError as error:
        raise UserError(f"The model's archive was not unpacked: {error}.", fix) from None
    except BROKEN as error:
        raise UserError(
            f"The model's archive cannot be read: {error}.",
            f"Run the same command again. If the error stays, `aws s3 cp {uri} .` downloads the archive as it is.",
        ) from error
    except OSError as error:
        if error.errno not in IMPOSSIBLE_NAME:
            raise
        name = visible(os.path.relpath(error.filename, folder))
        raise UserError(
            f"The model's archive was not unpacked: its member {name!r} cannot be on this disk: {error.strerror}.", fix
        ) from None


def read_content(members: Iterable[tarfile.TarInfo]) -> Content:
    """Check each member and sort it by its kind. Of several with the same name, the last counts, as for `tar`.

    Raises:
        RefusedMemberError: a member is not accepted, or is a file and also a folder.
    """
    content = Content()
    for member in members:
        _add(content, member)
    for path in (*content.files, *content.links, *content.folders):
        content.folders.update(str(parent) for parent in PurePosixPath(path).parents)
    content.folders.discard(".")
    for path in (*content.files, *content.links):
        if path in content.folders:
            raise RefusedMemberError(path, "is a file and also a folder")
    return content


def _add(content: Content, member: tarfile.TarInfo) -> None:
    path = _checked_path(member)
    if member.isdir():
        content.folders.add(path)
        return
    for found in (content.files, content.links):
        found.pop(path, None)
    if member.isfile():
        content.files[path] = member.size
    elif member.issym():
        content.links[path] = member.linkname
    elif member.islnk():  # A hard link names a member, from the top of the archive.
        content.links[path] = f"{MODEL}/{member.linkname}"
    else:
        raise RefusedMemberError(member.name, "is neither a file nor a folder")


@dataclass
class Links:
    """What the links of an archive become.

    Attributes:
        copies: each new path with the file that is copied there. A link to a folder stands for all its files.
        skipped: the links that lead to nothing that could be copied, each with the reason as a clause.
    """

    copies: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)


def resolve_links(content: Content) -> Links:
    """Decide what the links become.

    Raises:
        RefusedMemberError: a link leads out of the folder, or the links stand for too many files.
    """
    children: dict[str, list[str]] = {}
    for path in (*content.files, *content.links, *content.folders):
        children.setdefault(str(PurePosixPath(path).parent).removeprefix("."), []).append(path)
    links = Links()
    for link in content.links:
        _copy(link, content, children, links)
    return links


def _copy(link: str, content: Content, children: Mapping[str, list[str]], links: Links) -> None:
    """Add the files that a link stands for: the file that it leads to, or those of the folder, at any depth."""
    waiting = [(link, link, frozenset[str]())]
    while waiting:
        place, source, holders = waiting.pop()
        found = _resolve(source, content)
        if found is None:
            links.skipped[place] = "it leads to nothing"
        elif found in content.files:
            links.copies[_checked_length(place)] = found
        elif found in holders or (found != source and _holds(found, source)):
            links.skipped[place] = "it leads to a folder that holds it"
        else:
            inside = children.get(found, [])
            waiting += [(f"{place}/{PurePosixPath(path).name}", path, holders | {found}) for path in inside]
        if len(content.files) + len(links.copies) + len(links.skipped) + len(waiting) > MOST_MEMBERS:
            raise RefusedMemberError(link, f"is a link, and the links stand for more than {MOST_MEMBERS:,} files")


def _resolve(path: str, content: Content) -> str | None:
    """Follow all links in a path.

    Returns:
        The path of a file or a folder, empty for the model's own folder; None if there is nothing.
    """
    done: list[str] = []
    parts = path.split("/")
    followed = 0
    while parts:
        part = parts.pop(0)
        if part == "..":
            if not done:
                raise RefusedMemberError(path, "is a link that leads out of the folder")
            done.pop()
        elif part not in {"", "."}:
            done.append(part)
        target = content.links.get("/".join(done))
        if target is None or part in {"", ".", ".."}:
            continue
        followed += 1
        if followed > MOST_LINKS:
            return None
        done.pop()
        if target.startswith("/"):
            if not PurePosixPath(target).is_relative_to(MODEL):
                raise RefusedMemberError(path, "is a link that leads out of the folder")
            done, target = [], target.removeprefix(MODEL)
        parts = [*target.split("/"), *parts]
    found = "/".join(done)
    return found if not found or found in content.files or found in content.folders else None


def _holds(folder: str, path: str) -> bool:
    return not folder or path.startswith(f"{folder}/")


def _checked_path(member: tarfile.TarInfo) -> str:
    path = PurePosixPath(member.name)
    if "\0" in member.name:
        raise RefusedMemberError(member.name, "has a NUL in its name")
    if path.is_absolute() or ".." in path.parts:
        raise RefusedMemberError(member.name, "leads out of the folder")
    if member.size < 0:
        raise RefusedMemberError(member.name, "has a negative size")
    if str(path) == "." and not member.isdir():
        raise RefusedMemberError(member.name, "is not the name of a file")
    return _checked_length(str(path))


def _checked_length(path: str) -> str:
    longest = max(len(os.fsencode(part)) for part in path.split("/"))
    if longest > LONGEST_NAME or len(os.fsencode(path)) > LONGEST_PATH:
        shown = f"{path[:60]}…"
        raise RefusedMemberError(shown, "has a longer name than a file can have")
    return path


def check_space(needed: int, run: Path, uri: str) -> None:
    """Check that the disk of a run's folder has room for so many bytes of its model.

    Raises:
        UserError: it has less.
    """
    free = shutil.disk_usage(run).free
    if needed > free:
        raise UserError(
            f"The model does not fit on the disk: it needs {console.size(needed)}, and the disk of {run} has "
            f"{console.size(free)} left.",
            f"Free some space, then run the same command again. `aws s3 cp {uri} FOLDER` downloads it elsewhere.",
        )


def _check_size(content: Content, copies: Mapping[str, str], archive: Path, folder: Path, uri: str) -> None:
    packed = archive.stat().st_size
    whole = sum(content.files.values()) + sum(content.files[source] for source in copies.values())
    check_space(whole, folder.parent.parent, uri)
    if whole > max(SUSPICIOUS_BYTES, SUSPICIOUS_TIMES * packed):
        raise UserError(
            f"The model's archive was not unpacked: its {console.size(packed)} would become {console.size(whole)}.",
            f"If you trust the program that made it: `aws s3 cp {uri} .` downloads it, and `tar xzf` unpacks it.",
        )


def _write(content: Content, copies: Mapping[str, str], archive: Path, folder: Path) -> None:
    for path in content.folders:
        (folder / path).mkdir(parents=True, exist_ok=True)
    with archive.open("rb") as file, TarReader(file) as tar:
        for member in tar.members():
            path = str(PurePosixPath(member.name))
            if member.isfile() and path in content.files:
                with (folder / path).open("wb") as target:
                    for piece in tar.pieces(member):
                        target.write(piece)
    for path, source in copies.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / source, folder / path)
