"""The registry's program: the reference registry, as a process or as a container of the image ``registry:2``."""

import json
import os
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import urllib3

START_SECONDS = 20
STOP_SECONDS = 10
POLL_SECONDS = 0.02
CONNECTIONS = 16
LOOPBACK = "127.0.0.1"
CONFIGURATION = "config.json"
LOG = "registry.log"
NAMES = ("docker-registry", "registry")  # Debian's name for it, and its own.
# Ends the program when standard input closes: that is when the local cloud is gone, whatever killed it.
_WITH_LIFELINE = 'exec 3<&0; { read -r _ <&3; kill $$; } & exec 3<&- "$@"'


class NotStartedError(Exception):
    """The program does not come up."""


def configuration(root: str, address: str) -> dict[str, Any]:
    """What the program is told: https://distribution.github.io/distribution/about/configuration/.

    Args:
        root: the folder that it keeps everything in.
        address: where it listens.
    """
    return {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        # Without its cache in memory: files are removed under it.
        "storage": {"filesystem": {"rootdirectory": root}},
        "http": {"addr": address},
    }


class Program:
    """The registry's program, started at first need.

    Args:
        folder: for its files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._pool: urllib3.HTTPConnectionPool | None = None

    def missing(self) -> str | None:
        """Why there is none to be had here; None where there is one."""
        return None if _binary() else "no registry program (docker-registry) is installed"

    def connections(self) -> urllib3.HTTPConnectionPool:
        """The connections to it.

        Raises:
            NotStartedError: it does not come up.
        """
        with self._lock:
            if self._pool is None or self._process is None or self._process.poll() is not None:
                self._pool = self._started()
            return self._pool

    def close(self) -> None:
        """End it."""
        with self._lock:
            if self._process is not None:
                _end(self._process)
            self._process = self._pool = None

    def _started(self) -> urllib3.HTTPConnectionPool:
        binary = _binary()
        if binary is None:
            raise NotStartedError(str(self.missing()))
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        port = _free_port()
        file = self._folder / CONFIGURATION
        file.write_text(json.dumps(configuration(str(self._folder), f"{LOOPBACK}:{port}")))
        with (self._folder / LOG).open("wb") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _WITH_LIFELINE, "sh", binary, "serve", str(file)],
                # Its variables would change the configuration.
                env={name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        pool = urllib3.HTTPConnectionPool(LOOPBACK, port, maxsize=CONNECTIONS, timeout=None)
        self._await(self._process, pool)
        return pool

    def _await(self, process: "subprocess.Popen[bytes]", pool: urllib3.HTTPConnectionPool) -> None:
        deadline = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                pool.request("GET", "/v2/", retries=False, timeout=1)
            except urllib3.exceptions.HTTPError:
                time.sleep(POLL_SECONDS)
            else:
                return
        _end(process)
        raise NotStartedError(f"The local cloud's registry does not start: see {self._folder / LOG}.")


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _binary() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        return int(taken.getsockname()[1])
