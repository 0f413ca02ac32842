"""Decides from two listings what a synchronisation uploads and deletes. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
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
    """The uploads and deletions that make the prefix equal to the folder.

    Args:
        upload: files that are new or have changed; every other file is in ``unchanged``.
        unchanged: files whose object has the same content.
        delete: keys of objects that have no file, relative to the prefix.
    """

    upload: tuple[LocalFile, ...]
    unchanged: tuple[LocalFile, ...]
    delete: tuple[str, ...]


def same_size_pairs(local: Sequence[LocalFile], remote: Sequence[RemoteObject]) -> list[tuple[LocalFile, RemoteObject]]:
    """The files and objects with the same key and size; only their contents tell whether the file has changed."""
    objects = {found.key: found for found in remote}
    return [(file, objects[file.key]) for file in local if file.key in objects and objects[file.key].size == file.size]


def plan(local: Sequence[LocalFile], remote: Sequence[RemoteObject], same: Collection[str]) -> Plan:
    """Decide for every file and object.

    Args:
        local: the files in the folder.
        remote: the objects below the prefix.
        same: the keys of `same_size_pairs` whose contents are equal.
    """
    unchanged, files = set(same), {file.key for file in local}
    return Plan(
        upload=tuple(file for file in local if file.key not in unchanged),
        unchanged=tuple(file for file in local if file.key in unchanged),
        delete=tuple(sorted(found.key for found in remote if found.key not in files)),
    )


def unexpected_keys(local: Iterable[LocalFile], etags: Mapping[str, str], after: Iterable[RemoteObject]) -> set[str]:
    """The keys at which a prefix may differ from the folder after a synchronisation.

    Args:
        local: the files in the folder.
        etags: the expected ETag of each of their objects.
        after: the objects below the prefix.

    Returns:
        The keys of objects without a file, of files without an object, and of objects of another size or ETag.
    """
    files, objects = {file.key: file for file in local}, {found.key: found for found in after}
    differ = {
        key
        for key in files.keys() & objects.keys()
        if (objects[key].size, objects[key].etag) != (files[key].size, etags.get(key))
    }
    return differ | (files.keys() ^ objects.keys())
