"""Which commands use the local cloud, so that none of them loses it.

Each holds a shared lock on one file. The kernel frees it when the command ends, however that happens.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from scripts.localcloud.lifecycle import FOLDER

LOCK = FOLDER.with_name("local-cloud.users")  # Outside FOLDER, which is emptied when the local cloud stops.


def use() -> int:
    """Use the local cloud until this process, and the program that it becomes by exec, has ended.

    Returns:
        A descriptor; to close it ends the use.
    """
    held = _open()
    os.set_inheritable(held, True)
    fcntl.flock(held, fcntl.LOCK_SH)  # It waits for a command that is stopping the local cloud now.
    return held


@contextlib.contextmanager
def unused() -> Iterator[bool]:
    """Whether no command uses the local cloud. If so, none begins to use it in this block."""
    held = _open()
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        free = True
    except BlockingIOError:
        free = False
    try:
        yield free
    finally:
        os.close(held)


def _open() -> int:
    path = Path(LOCK)
    path.parent.mkdir(parents=True, exist_ok=True)
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
