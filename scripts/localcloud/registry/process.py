"""The registry's program as a process of this machine."""

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

from scripts.localcloud.registry.configuration import FILE, LOOPBACK, configuration

STOP_SECONDS = 10
LOG = "registry.log"
NAMES = ("docker-registry", "registry")  # Debian's name for it, and its own.
# Ends the program when standard input closes: that is when the local cloud is gone, whatever killed it.
_WITH_LIFELINE = 'exec 3<&0; { read -r _ <&3; kill $$; } & exec 3<&- "$@"'


def binary() -> str | None:
    """The program's file, or None where it is not installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Process:
    """A program that runs.

    Args:
        program: its file.
        folder: keeps all that it writes.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self.port = _free_port()
        file = folder / FILE
        file.write_text(json.dumps(configuration(str(folder), f"{LOOPBACK}:{self.port}")))
        self._log = folder / LOG
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _WITH_LIFELINE, "sh", program, "serve", str(file)],
                # Its variables would change the configuration.
                env={name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def runs(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """The last line that it wrote."""
        return (self._log.read_text(errors="replace").strip().splitlines() or ["it wrote nothing"])[-1]

    def end(self) -> None:
        """End it and wait until it has gone."""
        self._process.terminate()
        assert self._process.stdin is not None  # noqa: S101 - for the type checker: stdin=PIPE was given
        self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        return int(taken.getsockname()[1])
