"""A small training job on this machine: its folders, its hosts' programs, and its state as seen from outside."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from scripts.core import interrupts
from scripts.core.ports import LOOPBACK, reserved_port

CHECKPOINT_STEPS = 10
HYPERPARAMETERS = {
    "image_size": 8,
    "channels": 1,
    "learning_rate": 0.002,
    "batch_size": 32,
    "checkpoint_steps": CHECKPOINT_STEPS,
    # What has a state of its own or draws at random; frozen layers would be compiled twice at each start.
    "flip": "false",
    "mixup": 0.2,
    "ema": 0.99,
    "accumulate_steps": 2,
    "clip_norm": 1,
}
# How long a host waits for a peer that was killed before they connected. On SageMaker it is five minutes.
HOSTS_SECONDS = 20

_STEP = re.compile(r"step-(\d+)")
_RESUMES = re.compile(r"^resumes from .*: step (\d+) of \d+$", re.MULTILINE)
_BEGINS = re.compile(r"^\d+ training images of ", re.MULTILINE)
_STATE = re.compile(r"^state after step (\d+) of (\d+): sha256 ([0-9a-f]{64})", re.MULTILINE)
# The results of an epoch that depend on the clock.
_CLOCK = {"seconds", "images_per_second"}

StartProgram = Callable[[Path, IO[bytes]], "subprocess.Popen[bytes]"]
"""Starts a host's program, given the host's base folder and a file for the output."""


class ProofError(Exception):
    """The run behaved in a way that no kill explains."""


@dataclass(frozen=True)
class Result:
    """The result of a run.

    Args:
        step: the last step.
        digest: the sha256 of the whole state.
        history: the results of the epochs, without the times.
    """

    step: int
    digest: str
    history: list[dict[str, float]]

    @property
    def accuracy(self) -> float:
        """The validation accuracy of the last epoch."""
        return self.history[-1]["val_accuracy"]


class Attempt:
    """One start of the job: the programs of all hosts.

    Args:
        programs: one for each host, the chief's first.
        log: the file with the chief's output.
        checkpoints: the chief's folder of checkpoints.
    """

    def __init__(self, programs: "Sequence[subprocess.Popen[bytes]]", log: Path, checkpoints: Path) -> None:
        self.programs = programs
        self._log = log
        self._checkpoints = checkpoints
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """The seconds since the start."""
        return time.monotonic() - self._began

    @property
    def running(self) -> bool:
        """Whether all programs are running."""
        return all(program.poll() is None for program in self.programs)

    @property
    def output(self) -> str:
        """The chief's output so far."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def resumed_from(self) -> int | None:
        """The step that the attempt resumed from, 0 for the beginning; None before the trainer has printed it."""
        if found := _RESUMES.search(self.output):
            return int(found[1])
        return 0 if _BEGINS.search(self.output) else None

    @property
    def last_state(self) -> tuple[int, int, str] | None:
        """The last step, the number of planned steps, and the state's digest; None before the last step is done."""
        found = _STATE.search(self.output)
        return (int(found[1]), int(found[2]), found[3]) if found else None

    def newest_checkpoint(self) -> tuple[int, bool]:
        """The newest checkpoint's step (0 if there is none), and whether the checkpoint is complete."""
        steps = [(int(found[1]), name) for name in _names(self._checkpoints) if (found := _STEP.fullmatch(name))]
        if not steps:
            return 0, True
        step, name = max(steps)
        return step, (self._checkpoints / name / "manifest.json").exists()

    def wait_until(self, condition: Callable[[], bool], tick: float) -> bool:
        """Wait for a condition, checked every ``tick`` seconds. Return False if a program ends before."""
        while not condition():
            if not self.running:
                return False
            time.sleep(tick)
        return True

    def wait(self, seconds: float) -> None:
        """Wait until all programs have ended.

        Raises:
            ProofError: a program still runs after ``seconds``.
        """
        deadline = time.monotonic() + seconds
        try:
            for program in self.programs:
                program.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise ProofError(f"A program did not end within {seconds:.0f} s.\n{self.tail()}") from None

    def tail(self) -> str:
        """The last lines of the chief's output."""
        return "\n".join(self.output.splitlines()[-12:])


class Job:
    """A job, with folders that every attempt shares.

    Args:
        root: the folder of everything; its subfolder ``digits`` has the images.
        name: the name of the job's folder in ``root``.
        hosts: the number of hosts.
        start: starts the program of a host.
        epochs: the length of the run.
    """

    def __init__(self, root: Path, name: str, hosts: int, start: StartProgram, epochs: int) -> None:
        self._start = start
        self._bases = [root / name / str(number) for number in range(1, hosts + 1)]
        self._attempts = 0
        for base in self._bases:
            (base / "input" / "config").mkdir(parents=True)
            (base / "input" / "config" / "hyperparameters.json").write_text(
                json.dumps({key: str(value) for key, value in {**HYPERPARAMETERS, "epochs": epochs}.items()})
            )
            (base / "input" / "data").mkdir()
            for channel in ("training", "validation"):
                (base / "input" / "data" / channel).symlink_to(root / "digits" / channel)

    @contextmanager
    def attempt(self) -> Iterator[Attempt]:
        """Start the job. All of its programs are killed at the end of the block."""
        chief = self._bases[0]
        self._attempts += 1
        with contextlib.ExitStack() as held:
            hosts = _hosts(len(self._bases), held)
            for base, host in zip(self._bases, hosts, strict=True):
                resources = {"hosts": hosts, "current_host": host}
                (base / "input" / "config" / "resourceconfig.json").write_text(json.dumps(resources))
                if base != chief:  # S3 gives every host the checkpoints that the chief has uploaded
                    shutil.rmtree(base / "checkpoints", ignore_errors=True)
                    if (chief / "checkpoints").is_dir():
                        shutil.copytree(chief / "checkpoints", base / "checkpoints")
            logs = [base / f"log-{self._attempts:02}.txt" for base in self._bases]
            programs = []
            for base, log in zip(self._bases, logs, strict=True):
                output = held.enter_context(log.open("wb"))
                with interrupts.delayed():
                    program = self._start(base, output)
                    held.callback(program.wait)
                    held.callback(program.kill)
                programs.append(program)
            yield Attempt(programs, logs[0], chief / "checkpoints")

    def result(self, attempt: Attempt) -> Result:
        """The result of the run, from the attempt that ended by itself.

        Raises:
            ProofError: a program failed, or printed no final state.
        """
        exit_codes = [program.returncode for program in attempt.programs]
        state = attempt.last_state
        if any(exit_codes) or state is None:
            raise ProofError(f"The run ended by itself with {exit_codes}:\n{attempt.tail()}")
        step, _, digest = state
        output: dict[str, Any] = json.loads((self._bases[0] / "output" / "data" / "history.json").read_text())
        history = [{name: each[name] for name in each.keys() - _CLOCK} for each in output["history"]]
        return Result(step, digest, history)


def start_process(base: Path, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start the program of a host as a process on this machine, with this Python."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SM_", "SAGEMAKER_", "TRAINER_", "TRAINING_JOB_"))
    }
    return subprocess.Popen(
        [sys.executable, "-m", "trainer", "train"],
        env={**kept, **environment(base)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C must not reach it: `attempt` kills it
    )


def environment(base: Path) -> dict[str, str]:
    """The environment variables for the program of a host."""
    return {"SAGEMAKER_BASE_DIR": str(base), "TRAINER_HOSTS_SECONDS": str(HOSTS_SECONDS)}


def _hosts(count: int, held: contextlib.ExitStack) -> list[str]:
    """The names of the hosts. All are this machine, each with a port that is reserved until ``held`` is closed."""
    if count == 1:
        return ["algo-1"]
    return [f"{LOOPBACK}:{held.enter_context(reserved_port())}" for _ in range(count)]


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 -- called a thousand times a second
    except FileNotFoundError:
        return []
