"""Deletes a job's folder when its program has ended."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from scripts.localcloud.sagemaker.program_files import is_folder, open_folder


def remove(folder: Path) -> None:
    """Delete a job's folder, whatever its program left there: read-only folders, links, any depth.

    The program has ended. What belongs to another user stays.
    """
    try:
        top = open_folder(str(folder), None)
    except OSError:
        return
    try:
        waiting = os.listdir(top)  # noqa: PTH208 -- of a descriptor, not of a path
        while waiting:
            with suppress(OSError):
                waiting += _remove_entry(waiting.pop(), top)
    finally:
        os.close(top)
    with suppress(OSError):
        folder.rmdir()


def _remove_entry(name: str, top: int) -> list[str]:
    """Delete a file or a folder of the folder ``top``.

    Folders in it are moved to ``top`` and not entered: a program that makes folders in a loop goes deeper than Python's
    recursion and the system's longest path.

    Returns:
        The new names of the moved folders.
    """
    if not is_folder(name, top):
        os.unlink(name, dir_fd=top)
        return []
    moved = []
    os.chmod(name, stat.S_IRWXU, dir_fd=top)
    descriptor = open_folder(name, top)
    try:
        for inner in os.listdir(descriptor):  # noqa: PTH208
            with suppress(OSError):
                if not is_folder(inner, descriptor):
                    os.unlink(inner, dir_fd=descriptor)
                    continue
                os.chmod(inner, stat.S_IRWXU, dir_fd=descriptor)  # A folder that is read-only cannot be moved.
                new = f".removed-{secrets.token_hex(8)}"
                os.rename(inner, new, src_dir_fd=descriptor, dst_dir_fd=top)
                moved.append(new)
    finally:
        os.close(descriptor)
    with suppress(OSError):
        os.rmdir(name, dir_fd=top)
    return moved
