"""What a synchronisation has to do: decided here, from two listings, without asking anyone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from scripts.channels.local import LocalFile


@dataclass(frozen=True)
class RemoteObject:
    """An object below the channel's prefix; ``key`` is relative to it, ``etag`` without its quotes."""

    key: str
    size: int
    etag: str


@dataclass(frozen=True)
class Plan:
    """What makes the prefix become the folder: every file is in one of the first two, every other object in the last.

    Args:
        upload: files that are new or have changed.
        unchanged: files whose object has the same content.
        delete: keys of objects that have no file, relative to the prefix.
    """

    upload: tuple[LocalFile, ...]
    unchanged: tuple[LocalFile, ...]
    delete: tuple[str, ...]


def alike(local: Sequence[LocalFile], remote: Sequence[RemoteObject]) -> list[tuple[LocalFile, RemoteObject]]:
    """The pairs of one key and one size: only their contents can tell whether the file has changed."""
    objects = {found.key: found for found in remote}
    return [(file, objects[file.key]) for file in local if file.key in objects and objects[file.key].size == file.size]


def plan(local: Sequence[LocalFile], remote: Sequence[RemoteObject], same: Collection[str]) -> Plan:
    """Decide for every file and object.

    Args:
        local: what the folder holds.
        remote: what is below the prefix.
        same: keys of `alike` pairs whose contents were found to be equal.
    """
    kept, files = set(same), {file.key for file in local}
    return Plan(
        upload=tuple(file for file in local if file.key not in kept),
        unchanged=tuple(file for file in local if file.key in kept),
        delete=tuple(sorted(found.key for found in remote if found.key not in files)),
    )
