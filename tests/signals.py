"""Whether a process handles SIGTERM already: a test that sends it before would end the process."""

import re
import signal
import time
from collections.abc import Callable


def wait_for_handler(status: Callable[[], str]) -> None:
    """Wait until a process handles SIGTERM.

    Args:
        status: reads the process's file ``/proc/PID/status``. Its line SigCgt has a bit for each signal that the
            process handles (`man 5 proc_pid_status`).
    """
    deadline = time.monotonic() + 60
    while not _handled(status()) >> (signal.SIGTERM - 1) & 1:
        assert time.monotonic() < deadline, "the process does not handle SIGTERM"
        time.sleep(0.01)


def _handled(status: str) -> int:
    found = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    assert found is not None, status
    return int(found[1], 16)
