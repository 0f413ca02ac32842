"""Reads the output of the programs of a job's hosts, waits for their end, and finds the first that failed."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from scripts.localcloud.sagemaker.executor import RunningProgram

POLL_SECONDS = 0.1


class Instruction(Enum):
    """What to do with running programs."""

    RUN = "let them run"
    STOP = "send SIGTERM, and SIGKILL after the grace period"
    ABORT = "send SIGKILL"


@dataclass(frozen=True)
class HostFailure:
    """A host whose program ended by itself with an exit code other than 0.

    Attributes:
        host: the host's name.
        code: the exit code.
        explanation: what else is known about the failure.
    """

    host: str
    code: int
    explanation: str


@contextmanager
def read_output(programs: Mapping[str, RunningProgram], on_line: Callable[[str, str], None]) -> Iterator[None]:
    """Call ``on_line(host, text)`` for each line of the programs.

    The end of the ``with`` block kills the programs and reads the rest of their output.
    """

    def follow(host: str, program: RunningProgram) -> None:
        for text in program.lines():
            on_line(host, text)

    readers = [
        threading.Thread(target=follow, args=(host, program), name=f"output {host}")
        for host, program in programs.items()
    ]
    for reader in readers:
        reader.start()
    try:
        yield
    finally:
        _kill(programs)
        for reader in readers:
            reader.join()


def wait_for_all(
    programs: Mapping[str, RunningProgram], instruction: Callable[[], Instruction], grace: float
) -> HostFailure | None:
    """Wait until all programs have ended, by themselves or by ``instruction``.

    If a program fails by itself, the others are killed at once, as SageMaker does it.

    Args:
        programs: each host's program.
        instruction: called repeatedly; returns what to do with the programs.
        grace: seconds between SIGTERM and SIGKILL.

    Returns:
        The first failure; None if no program failed, or if they were stopped.
    """
    running = dict(programs)
    failure: HostFailure | None = None
    kill_at: float | None = None
    while running:
        for host, program in tuple(running.items()):
            code = program.wait(POLL_SECONDS / len(running))
            if code is None:
                continue
            del running[host]
            if code and failure is None and instruction() is Instruction.RUN:
                failure = HostFailure(host, code, program.explanation())
                _kill(running)
        if not running:
            break
        current = instruction()
        if current is Instruction.ABORT or (kill_at is not None and time.monotonic() > kill_at):
            _kill(running)
        elif kill_at is None and current is Instruction.STOP:
            for program in running.values():
                program.terminate()
            kill_at = time.monotonic() + grace
    return failure


def _kill(programs: Mapping[str, RunningProgram]) -> None:
    for program in programs.values():
        program.kill()
