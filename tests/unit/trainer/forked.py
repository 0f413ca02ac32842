"""Programs that need TensorFlow, as forks of one process that has imported it: an import takes 3 s, a fork 0.05 s.

Only for tests that do not test how a program starts. Each fork has its own environment, working directory, standard
output and standard error.
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
# Without the lock, two threads could start two fork servers.
_STARTING = threading.Lock()


class Program:
    """A running program, with the methods of ``subprocess.Popen`` that the tests use. Its output is text in two pipes.

    Args:
        args: a module's name and its arguments, without ``-m``; or ``-c``, Python code and its arguments.
        cwd: its working directory.
        env: its environment.
        log: a file for its whole output, instead of the pipes.
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
        """Its exit code, or minus the number of the signal that ended it; None while it runs."""
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
        """Wait until it ends, and return its exit code.

        Raises:
            subprocess.TimeoutExpired: it still runs after ``timeout`` seconds.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait until it ends, and return the output that was not read yet.

        Raises:
            subprocess.TimeoutExpired: it still runs after ``timeout`` seconds.
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
    """File descriptors that can be sent to the new process."""

    def __init__(self, writers: list[int]) -> None:
        self.writers = writers

    def __reduce__(self) -> tuple[Any, ...]:
        return _receive, (*(reduction.DupFd(writer) for writer in self.writers),)


def _receive(*sent: Any) -> list[int]:
    return [each.detach() for each in sent]


def _run(args: list[str], cwd: str, env: dict[str, str], writers: Any) -> None:
    """Run the program in the new process, like ``python ARGS``."""
    for number, writer in enumerate(writers, 1):
        os.dup2(writer, number)
        os.close(writer)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    if args[0] == "-c":
        sys.argv = ["-c", *args[2:]]
        exec(compile(args[1], "<string>", "exec"), {"__name__": "__main__"})  # noqa: S102 -- the test's own code
    else:
        sys.argv = list(args)
        runpy.run_module(args[0], run_name="__main__", alter_sys=True)
