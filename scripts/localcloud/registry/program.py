"""The registry's program, started at first need: the reference registry, as a process or as a container."""

import threading
import time
from pathlib import Path
from typing import Protocol

import urllib3

from scripts.localcloud.registry import container, process
from scripts.localcloud.registry.configuration import LOOPBACK

START_SECONDS = 20
POLL_SECONDS = 0.02
CONNECTIONS = 16


class NotStartedError(Exception):
    """The program does not come up."""


class Running(Protocol):
    """A program that runs.

    Attributes:
        port: where it listens on this machine's loopback.
    """

    port: int

    def runs(self) -> bool:
        """Whether it has not ended."""
        ...

    def last_words(self) -> str:
        """The last line that it wrote."""
        ...

    def end(self) -> None:
        """End it and wait until it has gone."""
        ...


class Program:
    """Starts the program and gives connections to it.

    Args:
        folder: keeps all that it writes, absolute.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._running: Running | None = None
        self._pool: urllib3.HTTPConnectionPool | None = None
        self._closed = False
        if process.binary() is None:
            container.remove_left(folder)

    def missing(self) -> str | None:
        """Why there is none to be had here; None where there is one."""
        return None if process.binary() else container.missing()

    def connections(self) -> urllib3.HTTPConnectionPool:
        """The connections to it.

        Raises:
            NotStartedError: it does not come up.
        """
        with self._lock:
            if self._pool is None or self._running is None or not self._running.runs():
                self._end()
                self._running = self._start()
                self._pool = _answering(self._running)
            return self._pool

    def close(self) -> None:
        """End it, and start it no more."""
        with self._lock:
            self._closed = True
            self._end()

    def _start(self) -> Running:
        missing = "it is being stopped" if self._closed else self.missing()
        if missing:
            raise NotStartedError(f"The local cloud keeps no images: {missing}")
        binary = process.binary()
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return process.Process(binary, self._folder) if binary else container.Container(self._folder)
        except Exception as error:  # The system, the engine and the way to it each fail in their own way.
            raise NotStartedError(f"The local cloud's registry does not start: {error}") from error

    def _end(self) -> None:
        if self._running is not None:
            self._running.end()
        self._running = self._pool = None


def _answering(running: Running) -> urllib3.HTTPConnectionPool:
    pool = urllib3.HTTPConnectionPool(LOOPBACK, running.port, maxsize=CONNECTIONS, timeout=None)
    deadline = time.monotonic() + START_SECONDS
    while running.runs() and time.monotonic() < deadline:
        try:
            pool.request("GET", "/v2/", retries=False, timeout=1)
        except urllib3.exceptions.HTTPError:
            time.sleep(POLL_SECONDS)
        else:
            return pool
    raise NotStartedError(f"The local cloud's registry does not start: {running.last_words()}")
