"""The registry's program as a process on this machine."""

import contextlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from scripts.core.ports import LOOPBACK, reserved_port
from scripts.localcloud.registry.configuration import FILE, configuration

STOP_SECONDS = 10
LOG = "registry.log"
NAMES = ("docker-registry", "registry")  # Debian's name of the program, and its own.
# Ends the program when its standard input closes. That happens when the local cloud ends, for whatever reason.
_WITH_LIFELINE = 'exec 3<&0; { read -r _ <&3; kill $$; } & exec 3<&- "$@"'


def binary() -> str | None:
    """Return the program's file, or None if it is not installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Process:
    """A running process of the registry.

    Args:
        program: the program's file.
        folder: where it writes its files.
    """

    def __init__(self, program: str, folder: Path) -> None:
        self._reserved = contextlib.ExitStack()
        self.port = self._reserved.enter_context(reserved_port())
        file = folder / FILE
        file.write_text(json.dumps(configuration(str(folder), f"{LOOPBACK}:{self.port}")))
        self._log = folder / LOG
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _WITH_LIFELINE, "sh", program, "serve", str(file)],
                # REGISTRY_* variables override the configuration file.
                env={name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )

    def is_running(self) -> bool:
        """Return whether the program is still running."""
        return self._process.poll() is None

    def last_log_line(self) -> str:
        """Return the last line of the program's log."""
        return (self._log.read_text(errors="replace").strip().splitlines() or ["its log is empty"])[-1]

    def stop(self) -> None:
        """Stop the program and wait until it has ended."""
        self._process.terminate()
        assert self._process.stdin is not None  # noqa: S101 - for the type checker: stdin=PIPE was given
        self._process.stdin.close()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reserved.close()
