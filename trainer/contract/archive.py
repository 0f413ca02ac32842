"""Unpacks the archive with a program's code. All its members are checked before anything is written.

They are written without owners and special permissions. Python's filter ``data`` does that too, but Python
3.10 before 3.10.12 and 3.11 before 3.11.4 lack it. https://docs.python.org/3/library/tarfile.html#extraction-filters
"""

import os
import posixpath
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from trainyard.errors import JobError

MOST_MEMBERS = 100_000
# Code of more than a gigabyte does not shrink to a hundredth: that is zeros, made to fill a disk.
SUSPICIOUS_BYTES, SUSPICIOUS_TIMES = 1_000_000_000, 100
FIX = "Pack the folder with the code again, with plain files and links inside it."


def unpack(packed: Path, folder: Path, origin: str) -> None:
    """Unpack a .tar.gz into the new folder ``folder``.

    Args:
        packed: the archive.
        folder: the new folder.
        origin: where the archive came from, for messages.

    Raises:
        JobError: a member leads out of the folder or is neither a file, a folder nor a link; or the archive is too
            large or cannot be read.
    """
    try:
        with tarfile.open(packed, "r:gz") as tar:
            members = list(_small(tar, packed.stat().st_size, shutil.disk_usage(folder.parent).free))
            _check(members)
            folder.mkdir()
            # The filter is named by an attribute, which a Python without filters ignores (PEP 706).
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            tar.extractall(folder, [_without_owner(member) for member in members])  # noqa: S202 - all are checked
    except _RefusedError as error:
        raise JobError(f"The code in {origin} was not unpacked: {error}.", FIX) from None
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise JobError(f"The code in {origin} is not a readable .tar.gz: {error}", FIX) from None


class _RefusedError(Exception):
    """What is wrong with an archive, as the end of a sentence."""


def _small(tar: tarfile.TarFile, packed: int, free: int) -> Iterator[tarfile.TarInfo]:
    """Give the members; stop at the one with which the archive is too large."""
    total = 0
    for number, member in enumerate(tar, start=1):
        total += member.size
        if number > MOST_MEMBERS:
            raise _RefusedError(f"it has more than {MOST_MEMBERS:,} members")
        if total > free:
            raise _RefusedError(f"it needs more than the {free:,} bytes that are free")
        if total > max(SUSPICIOUS_BYTES, SUSPICIOUS_TIMES * packed):
            raise _RefusedError("it is packed to less than a hundredth: that is no code")
        yield member


def _check(members: list[tarfile.TarInfo]) -> None:
    """Refuse members that could write outside the folder.

    No path goes through a link. So where a path leads can be read from its text.
    """
    links = {_normal(member.name) for member in members if member.issym() or member.islnk()}
    places = {"."}
    for member in members:
        place = _normal(member.name)
        if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
            raise _RefusedError(f"its member {member.name!r} is neither a file, a folder nor a link")
        if _leads_out(member.name) or any(str(parent) in links for parent in PurePosixPath(place).parents):
            raise _RefusedError(f"its member {member.name!r} leads out of the folder or through a link")
        if place in places and not member.isdir():
            raise _RefusedError(f"its member {member.name!r} is there twice")
        places.add(place)
        if member.issym() or member.islnk():
            _check_link(member, place, links)


def _check_link(member: tarfile.TarInfo, place: str, links: set[str]) -> None:
    base = posixpath.dirname(place) if member.issym() else ""
    target = posixpath.join(base, member.linkname)
    way = PurePosixPath(_normal(target))
    # Text tells where `a/../b` leads only if `a` is no link; so no part of the target as it is written may be one.
    parts = PurePosixPath(target).parts
    written = {_normal("/".join(parts[: number + 1])) for number in range(len(parts))}
    if _leads_out(target) or written & links or any(str(parent) in links for parent in way.parents):
        raise _RefusedError(f"its link {member.name!r} leads out of the folder or to another link")


def _without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Return a member that belongs to this user, and whose permissions are those of a program's file."""
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    return member


def _normal(path: str) -> str:
    return posixpath.normpath(path)


def _leads_out(path: str) -> bool:
    normal = _normal(path)
    return normal == ".." or normal.startswith(("/", "../"))
