"""How many jobs run at once: as many as the machine takes, the others in the order they came."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

MEMORY_PER_JOB = 4 << 30
POLL_SECONDS = 0.2


def machine_slots() -> int:
    """One job per core, and 4 GiB of memory each."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(os.cpu_count() or 1, memory // MEMORY_PER_JOB))


class Slots:
    """Places for jobs, given in the order they are asked for."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._waiting: deque[object] = deque()
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, on_wait: Callable[[], None], cancelled: Callable[[], bool], places: int = 1) -> Iterator[bool]:
        """Hold places while the ``with`` lasts.

        Args:
            on_wait: called once when there is none at once.
            cancelled: asked while waiting; True gives up.
            places: how many; one that wants more than there are gets them all.

        Yields:
            Whether they are held; False after giving up.
        """
        places = min(places, self.count)
        got = self._wait(on_wait, cancelled, places)
        try:
            yield got
        finally:
            if got:
                with self._changed:
                    self._taken -= places
                    self._changed.notify_all()

    def _wait(self, on_wait: Callable[[], None], cancelled: Callable[[], bool], places: int) -> bool:
        ticket = object()
        with self._changed:
            self._waiting.append(ticket)
            if not self._is_next(ticket, places):
                on_wait()
            while not self._is_next(ticket, places):
                if cancelled():
                    self._waiting.remove(ticket)
                    return False
                self._changed.wait(POLL_SECONDS)
            self._waiting.popleft()
            self._taken += places
            self._changed.notify_all()
            return True

    def _is_next(self, ticket: object, places: int) -> bool:
        return self._waiting[0] is ticket and self._taken + places <= self.count
