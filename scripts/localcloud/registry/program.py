"""Starts the registry's program when it is first needed: the reference registry, as a process or as a container."""

import threading
import time
from pathlib import Path
from typing import Protocol

import urllib3

from scripts.core.ports import LOOPBACK
from scripts.localcloud.registry import container, process

START_SECONDS = 20
POLL_SECONDS = 0.02
CONNECTIONS = 16


class RegistryStartError(Exception):
    """The registry's program does not start."""


class RunningProgram(Protocol):
    """A running process or container of the registry.

    Attributes:
        port: where it listens, on 127.0.0.1.
    """

    port: int

    def is_running(self) -> bool:
        """Return whether the program is still running."""
        ...

    def last_log_line(self) -> str:
        """Return the last line of the program's log."""
        ...

    def stop(self) -> None:
        """Stop the program and wait until it has ended."""
        ...


class Program:
    """Starts the program and gives connections to it.

    Args:
        folder: where the program writes its files, an absolute path.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._running: RunningProgram | None = None
        self._pool: urllib3.HTTPConnectionPool | None = None
        self._closed = False
        if process.binary() is None:
            container.remove_stale(folder)

    def missing(self) -> str | None:
        """Return why no program is available here, or None if one is."""
        return None if process.binary() else container.missing()

    def connections(self) -> urllib3.HTTPConnectionPool:
        """Return connections to the program, and start it if it does not run.

        Raises:
            RegistryStartError: the program does not start.
        """
        with self._lock:
            if self._pool is None or self._running is None or not self._running.is_running():
                self._stop()
                self._running = self._start()
                self._pool = _connect(self._running)
            return self._pool

    def close(self) -> None:
        """Stop the program for good."""
        with self._lock:
            self._closed = True
            self._stop()

    def _start(self) -> RunningProgram:
        missing = "it is being stopped" if self._closed else self.missing()
        if missing:
            raise RegistryStartError(f"The local cloud cannot keep images: {missing}")
        binary = process.binary()
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return process.Process(binary, self._folder) if binary else container.Container(self._folder)
        except Exception as error:  # The system, the engine and the connection to it raise different exceptions.
            raise RegistryStartError(f"The local cloud's registry does not start: {error}") from error

    def _stop(self) -> None:
        if self._running is not None:
            self._running.stop()
        self._running = self._pool = None


def _connect(running: RunningProgram) -> urllib3.HTTPConnectionPool:
    pool = urllib3.HTTPConnectionPool(LOOPBACK, running.port, maxsize=CONNECTIONS, timeout=None)
    deadline = time.monotonic() + START_SECONDS
    while running.is_running() and time.monotonic() < deadline:
        try:
            pool.request("GET", "/v2/", retries=False, timeout=1)
        except urllib3.exceptions.HTTPError:
            time.sleep(POLL_SECONDS)
        else:
            return pool
    raise RegistryStartError(f"The local cloud's registry does not start: {running.last_log_line()}")
