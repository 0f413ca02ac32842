"""Starts verbs, waits for conditions and checks processes, for the tests of the local cloud."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts import localcloud

SWAP = """
import os, sys
os.chdir(sys.argv[1])
os.symlink(sys.argv[2], "link")
print(flush=True)
while True:
    # The name "place" is a folder, nothing, a link, nothing, and so on.
    os.rename("folder", "place"); os.rename("place", "folder")
    os.rename("link", "place"); os.rename("place", "link")
"""


def verb(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "scripts.cloud", *arguments],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def wait_until(reached: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def kill(cloud: localcloud.Cloud) -> None:
    """Kill a local cloud. The kernel ends its threads one after the other, and the last of them frees its lock."""
    os.kill(cloud.pid, signal.SIGKILL)
    wait_until(lambda: is_gone(cloud.pid))
    wait_until(lambda: localcloud.running() is None)


def is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter if it ends between the opening and the reading
        return True


@contextmanager
def swapping(folder: Path, secret: Path) -> Iterator[None]:
    """Run a program that swaps ``folder/folder`` and a link to ``secret`` as fast as it can."""
    command = [sys.executable, "-c", SWAP, str(folder), str(secret)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as program:
        try:
            assert program.stdout is not None
            program.stdout.readline()
            yield
        finally:
            program.kill()
