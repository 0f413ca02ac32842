"""An interrupt during a block that must not be left half done is delivered at its end."""

import signal
import threading

from scripts.core import interrupts


def interrupted_block(*numbers: signal.Signals) -> list[str]:
    """Run a block in which signals arrive; what was done."""
    done: list[str] = []
    with interrupts.delayed(lambda: done.append("announced")):
        for number in numbers:
            signal.raise_signal(number)
        done.append("the block's end")
    return done


def test_the_first_signal_is_announced_once_and_delivered_after_the_block() -> None:
    delivered: list[int] = []

    def deliver(number: int, _frame: object) -> None:
        delivered.append(number)

    with interrupts.handled(signal.SIGINT, deliver), interrupts.handled(signal.SIGTERM, deliver):
        assert interrupted_block(signal.SIGTERM, signal.SIGINT, signal.SIGTERM) == ["announced", "the block's end"]
        assert delivered == [signal.SIGTERM]
        assert interrupted_block() == ["the block's end"]
        assert delivered == [signal.SIGTERM]


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        assert interrupted_block(signal.SIGINT) == ["the block's end"]
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_get_no_signals_to_delay() -> None:
    done: list[list[str]] = []
    thread = threading.Thread(target=lambda: done.append(interrupted_block()))
    thread.start()
    thread.join()
    assert done == [["the block's end"]]
