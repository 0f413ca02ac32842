"""Programs that need TensorFlow, as forks of one process that has imported it: the import costs 3 s, a fork 0.05 s.

For tests that are not about how a program starts. A fork is a process of its own, with its own environment, working
directory, standard output and standard error.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import reduction
from pathlib import Path
from typing import IO, Any

_CONTEXT = multiprocessing.get_context("forkserver")
# Two threads that start programs at once would start two servers.
_STARTING = threading.Lock()


class Program:
    """A program that runs; in what tests use of it, it is a ``subprocess.Popen`` with text from two pipes.

    Args:
        args: a module's name and its arguments, or ``-c``, a program's text and its arguments: what follows ``python``
            (``-m`` is left out).
        cwd: its working directory.
        env: its environment.
        log: a file for all that it prints, in place of the pipes.
    """

    def __init__(self, args: Sequence[str], cwd: Path, env: Mapping[str, str], log: IO[bytes] | None = None) -> None:
        self.args = list(args)
        pipes = [os.pipe(), os.pipe()]
        writers = [pipe[1] for pipe in pipes]
        if log is not None:
            for writer in writers:
                os.dup2(log.fileno(), writer)
        with _STARTING:
            _CONTEXT.set_forkserver_preload(["tests.unit.trainer.preloaded"])
            self._process = _CONTEXT.Process(target=_run, args=(self.args, str(cwd), dict(env), _Pipes(writers)))
            self._process.start()
        for writer in writers:
            os.close(writer)
        self.stdout, self.stderr = (os.fdopen(pipe[0], encoding="utf-8") for pipe in pipes)

    @property
    def returncode(self) -> int | None:
        """Its exit code; minus a signal's number; None while it runs."""
        return self._process.exitcode

    def poll(self) -> int | None:
        """Its exit code, None while it runs."""
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        assert self._process.pid is not None
        if self.returncode is None:
            os.kill(self._process.pid, number)

    def kill(self) -> None:
        """Kill it, unless it has ended."""
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end.

        Raises:
            subprocess.TimeoutExpired: it still runs after so many seconds.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it prints from now on to its end.

        Raises:
            subprocess.TimeoutExpired: it still runs after so many seconds.
        """
        printed = ["", ""]

        def read(number: int, file: Any) -> None:
            printed[number] = file.read()

        readers = [
            threading.Thread(target=read, args=(number, file), daemon=True)
            for number, file in enumerate((self.stdout, self.stderr))
        ]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader in readers:
            reader.join()
        return printed[0], printed[1]


def run(args: Sequence[str], cwd: Path, env: Mapping[str, str], timeout: float) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end."""
    program = Program(args, cwd, env)
    try:
        out, err = program.communicate(timeout)
    finally:
        program.kill()
    assert program.returncode is not None
    return subprocess.CompletedProcess(program.args, program.returncode, out, err)


class _Pipes:
    """File descriptors on their way to the new process."""

    def __init__(self, writers: list[int]) -> None:
        self.writers = writers

    def __reduce__(self) -> tuple[Any, ...]:
        return _received, (*(reduction.DupFd(writer) for writer in self.writers),)


def _received(*sent: Any) -> list[int]:
    return [each.detach() for each in sent]


def _run(args: list[str], cwd: str, env: dict[str, str], writers: Any) -> None:
    """The new process: it becomes ``python ARGS``."""
    for number, writer in enumerate(writers, 1):
        os.dup2(writer, number)
        os.close(writer)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    if args[0] == "-c":
        sys.argv = ["-c", *args[2:]]
        exec(compile(args[1], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 -- a test's own text
    else:
        sys.argv = list(args)
        runpy.run_module(args[0], run_name="__main__", alter_sys=True)
