"""Signals within a block: handled otherwise, or held back until what must not be left half done is done."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager


@contextmanager
def handled(number: signal.Signals, handler: Callable[[int, object], None]) -> Iterator[None]:
    """Handle a signal with ``handler`` inside this block."""
    before = signal.signal(number, handler)
    try:
        yield
    finally:
        signal.signal(number, before)


@contextmanager
def delayed(announce: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Hold SIGINT and SIGTERM back until the block has ended, then deliver the first one.

    A process must be started in such a block, together with what ends it again: an interrupt between the two would
    leave it running.

    Args:
        announce: called when the first one arrives.
    """
    if threading.current_thread() is not threading.main_thread():  # signals interrupt the main thread alone
        yield
        return
    arrived: list[int] = []

    def delay(number: int, _frame: object) -> None:
        if not arrived:
            announce()
        arrived.append(number)

    with ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as in a shell's background process: it stays ignored
                stack.enter_context(handled(number, delay))
        yield
    if arrived:
        signal.raise_signal(arrived[0])
