"""The programs of a job's hosts while they run: their lines, their end, and who of them failed first."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from scripts.localcloud.sagemaker.executor import Execution

POLL_SECONDS = 0.1


class Wanted(Enum):
    """What shall become of programs that run."""

    RUN = "they go on"
    STOP = "SIGTERM, and SIGKILL after a while"
    ABORT = "SIGKILL"


@dataclass(frozen=True)
class Failed:
    """A program that ended by itself with an exit code other than 0.

    Attributes:
        host: where it ran.
        code: the exit code.
        explanation: what else is known of its end.
    """

    host: str
    code: int
    explanation: str


@contextmanager
def read(executions: Mapping[str, Execution], line: Callable[[str, str], None]) -> Iterator[None]:
    """Hand on all lines of programs, ``line(host, text)``; at the end of the ``with`` they are killed and read out."""

    def follow(host: str, execution: Execution) -> None:
        for text in execution.lines():
            line(host, text)

    readers = [
        threading.Thread(target=follow, args=(host, execution), name=f"output {host}")
        for host, execution in executions.items()
    ]
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        _kill(executions)
        for reader in readers:
            reader.join()


def watch(executions: Mapping[str, Execution], wanted: Callable[[], Wanted], grace: float) -> Failed | None:
    """Wait for the end of all programs, however it comes.

    The first that fails by itself ends the others at once, as SageMaker does.

    Args:
        executions: each host's program.
        wanted: asked again and again.
        grace: seconds between SIGTERM and SIGKILL.

    Returns:
        The first that failed; None where none did, or where their end was wanted.
    """
    running = dict(executions)
    failed: Failed | None = None
    kill_at: float | None = None
    while running:
        for host, execution in tuple(running.items()):
            code = execution.wait(POLL_SECONDS / len(running))
            if code is None:
                continue
            del running[host]
            if code and failed is None and wanted() is Wanted.RUN:
                failed = Failed(host, code, execution.explanation())
                _kill(running)
        now = wanted()
        if now is Wanted.ABORT or (kill_at is not None and time.monotonic() > kill_at):
            _kill(running)
        elif kill_at is None and now is Wanted.STOP:
            for execution in running.values():
                execution.terminate()
            kill_at = time.monotonic() + grace
    return failed


def _kill(executions: Mapping[str, Execution]) -> None:
    for execution in executions.values():
        execution.kill()
