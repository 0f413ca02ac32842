"""Runs work in a second process that starts with a copy of this process's memory."""

import multiprocessing
import signal
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

SPLIT_FROM = 2_000
"""From this many changes on, a second process does half of the work. Smaller reviews finish before it would start."""


def start_if_large(changes: int, work: Callable[[], Result]) -> Callable[[], Result]:
    """Start some work in a second process, as `start` does, if it is about many changes; else give it back."""
    return start(work) if changes >= SPLIT_FROM else work


def start(work: Callable[[], Result]) -> Callable[[], Result]:
    """Start some work in a second process while this one continues.

    Args:
        work: must not change anything that this process reads; its result can be pickled.

    Returns:
        A function that waits for the result. It raises RuntimeError if the work failed; its traceback is already
        printed. Where processes cannot be forked, as on Windows, it does the work itself.
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        return work
    # Fork shares the plan without copying it and imports nothing again. It is safe because no other thread is running.
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def run() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # only the parent process handles Ctrl-C
        sender.send(work())

    process = context.Process(target=run, daemon=True)
    process.start()
    sender.close()

    def result() -> Result:
        try:
            found: Result = receiver.recv()
        except EOFError:
            raise RuntimeError("A part of the review failed; the reason is printed above.") from None
        finally:
            process.join()
        return found

    return result
