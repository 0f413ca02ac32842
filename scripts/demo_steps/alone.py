"""One demo at a time in a folder: two would apply one stack and write the same logs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.core.errors import UserError
from scripts.demo_steps.process import LOGS


@contextmanager
def alone() -> Iterator[None]:
    """Run the block as the only demo of this folder.

    Raises:
        UserError: another one is running.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    held = os.open(LOGS / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        process = os.read(held, 20).decode(errors="replace").strip()
        os.close(held)
        raise UserError(
            f"A demo is running in this folder already (process {process}).",
            "Wait until it has ended, or interrupt it. `make train CLOUD=local` can run beside it.",
        ) from None
    os.ftruncate(held, 0)
    os.write(held, str(os.getpid()).encode())
    try:
        yield
    finally:
        os.close(held)
