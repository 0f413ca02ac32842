"""Records SIGTERM. This module imports almost nothing, so that the program can import it first and listen early."""

import contextlib
import signal
from collections.abc import Iterator


class Stop:
    """Whether SageMaker has asked the job to stop: it sends SIGTERM, and SIGKILL 120 seconds later."""

    def __init__(self) -> None:
        self.requested = False

    def listen(self) -> None:
        """Handle SIGTERM. Call it again after TensorFlow is set up, because TensorFlow replaces the handler."""
        signal.signal(signal.SIGTERM, self._record)

    def _record(self, _signal: int, _frame: object) -> None:
        self.requested = True


@contextlib.contextmanager
def sigterm_blocked() -> Iterator[None]:
    """Hold SIGTERM back until the ``with`` block ends. Threads that start in the block never get it.

    The kernel gives a signal to any thread that does not block it (`man 7 signal`). So this thread alone cannot hold
    SIGTERM back, unless all others were started in such a block.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
