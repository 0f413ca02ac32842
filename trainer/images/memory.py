"""How much memory is free: on the machine, and in the control groups (a container's limit) of this process.

Linux only: https://docs.kernel.org/filesystems/proc.html#meminfo,
https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files and
https://docs.kernel.org/admin-guide/cgroup-v1/memory.html.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class _Version:
    """The files of a version of control groups, and the pages that the kernel drops when memory is short."""

    folder: str
    controller: str
    limit: str
    used: str
    droppable: str


_VERSIONS = (
    _Version("sys/fs/cgroup", "", "memory.max", "memory.current", "inactive_file"),
    _Version("sys/fs/cgroup/memory", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def free(root: Path = Path("/")) -> int:
    """The bytes that this process can still use; 0 if the system does not report it.

    Args:
        root: the folder with ``proc`` and ``sys``.
    """
    machine = _table(root / "proc" / "meminfo").get("MemAvailable:", 0) * 1024
    return max(0, min([machine, *_left_in_groups(root)]))


class Budget:
    """Bytes of memory that may still be taken, by any thread.

    Args:
        size: the bytes at the start.
    """

    def __init__(self, size: int) -> None:
        self.size, self._left, self._lock = size, size, threading.Lock()

    @property
    def taken(self) -> int:
        """The bytes that were taken."""
        return self.size - self._left

    def take(self, size: int) -> bool:
        """Take some bytes; return whether enough were left."""
        with self._lock:
            if size > self._left:
                return False
            self._left -= size
            return True


def _left_in_groups(root: Path) -> Iterator[int]:
    """The bytes left in each control group with a limit. In a container, the group itself is the top of the tree."""
    for line in _lines(root / "proc" / "self" / "cgroup"):
        _, controllers, path = line.split(":", 2)
        for version in _VERSIONS:
            if version.controller in controllers.split(","):
                top = root / version.folder
                own = top / path.strip("/")
                for group in [own, *own.parents]:
                    if group == top or top in group.parents:
                        yield from _left(group, version)


def _left(group: Path, version: _Version) -> Iterator[int]:
    limit, used = (next(iter(_lines(group / name)), "") for name in (version.limit, version.used))
    if limit.isdecimal() and used.isdecimal():  # without a limit, version 2 has "max" in the file
        yield int(limit) - int(used) + _table(group / "memory.stat").get(version.droppable, 0)


def _table(file: Path) -> dict[str, int]:
    """A file of lines such as ``name 123``."""
    words = [line.split() for line in _lines(file)]
    return {each[0]: int(each[1]) for each in words if len(each) > 1 and each[1].isdecimal()}


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
