"""Work for a second processor: in a process that begins with all that this one has."""

import multiprocessing
import signal
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def begin(work: Callable[[], Result]) -> Callable[[], Result]:
    """Begin some work; this process goes on meanwhile.

    Args:
        work: changes nothing that is read here; its result can be pickled.

    Returns:
        What waits for its result. It raises RuntimeError where there is none: then the traceback has been shown.
    """
    # Forked: nothing of the plan is copied, and nothing is imported again. No other thread is at work then.
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)

    def run() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C is answered by this process's parent alone
        sender.send(work())

    process = context.Process(target=run, daemon=True)
    process.start()
    sender.close()

    def result() -> Result:
        try:
            found: Result = receiver.recv()
        except EOFError:
            raise RuntimeError("A part of the review ended early; why is said above.") from None
        finally:
            process.join()
        return found

    return result
