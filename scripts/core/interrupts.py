"""Interrupts that wait for the end of what must not be left half done."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


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

    # A signal that is ignored, as in a shell's background process, stays ignored.
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    held = [number for number, handler in before.items() if handler is not signal.SIG_IGN]
    for number in held:
        signal.signal(number, delay)
    try:
        yield
    finally:
        for number in held:
            signal.signal(number, before[number])
    if arrived:
        signal.raise_signal(arrived[0])
