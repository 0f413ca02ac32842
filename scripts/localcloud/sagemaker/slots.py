"""Limits how many jobs run at once. The others wait, in the order of their creation."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MEMORY_PER_JOB = 4 << 30
POLL_SECONDS = 0.2


def machine_slots() -> int:
    """Return how many jobs this machine runs at once: one for each core and 4 GiB of memory."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(os.cpu_count() or 1, memory // MEMORY_PER_JOB))


@dataclass
class Hold:
    """Slots that a job has.

    Attributes:
        slots: how many.
        kept: set it to keep them after the ``with`` of ``Slots.hold``; ``Slots.release`` frees them then.
    """

    slots: int
    kept: bool = False


class Slots:
    """Slots for jobs. Jobs get them in the order in which they ask."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._waiting: deque[object] = deque()
        self._used = 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(
        self,
        on_wait: Callable[[], None],
        cancelled: Callable[[], bool],
        slots: int = 1,
        inherit: Callable[[], bool] = lambda: False,
    ) -> Iterator[Hold | None]:
        """Hold slots during the ``with``.

        Args:
            on_wait: called once if the slots are not free at once.
            cancelled: called while waiting; True stops the wait.
            slots: how many slots. A job that wants more than exist gets all of them.
            inherit: called before and while waiting; True says that as many slots, which were kept, are now this
                job's.

        Yields:
            The slots; None if the wait was cancelled.
        """
        hold = Hold(min(slots, self.count))
        if not self._wait(on_wait, cancelled, hold.slots, inherit):
            yield None
            return
        try:
            yield hold
        finally:
            if not hold.kept:
                self.release(hold.slots)

    def release(self, slots: int) -> None:
        """Free slots that were kept."""
        with self._changed:
            self._used -= slots
            self._changed.notify_all()

    def _wait(
        self, on_wait: Callable[[], None], cancelled: Callable[[], bool], slots: int, inherit: Callable[[], bool]
    ) -> bool:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            inherited = inherit()
            if not inherited and not self._is_next(ticket, slots):
                on_wait()
            while not inherited and not self._is_next(ticket, slots):
                if cancelled():
                    self._waiting.remove(ticket)
                    return False
                self._changed.wait(POLL_SECONDS)
                inherited = inherit()
            self._waiting.remove(ticket)
            self._used += 0 if inherited else slots
            self._changed.notify_all()
            return True

    def _is_next(self, ticket: object, slots: int) -> bool:
        return self._waiting[0] is ticket and self._used + slots <= self.count
