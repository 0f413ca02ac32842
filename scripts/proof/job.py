"""A small training job on this machine: its folders, the programs of its hosts, and what is seen of it from outside."""

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

CHECKPOINT_STEPS = 10
EPOCHS = 8
HYPERPARAMETERS = {
    "image_size": 8,
    "channels": 1,
    "learning_rate": 0.002,
    "batch_size": 32,
    "checkpoint_steps": CHECKPOINT_STEPS,
}
# A host whose peer was killed before the two met waits so long for it, instead of five minutes.
HOSTS_SECONDS = 20

_STEP = re.compile(r"step-(\d+)")
_GOES_ON = re.compile(r"^goes on from .*: step (\d+) of \d+$", re.MULTILINE)
_BEGINS = re.compile(r"^\d+ training images of ", re.MULTILINE)
_STATE = re.compile(r"^state after step (\d+) of (\d+): sha256 ([0-9a-f]{64})", re.MULTILINE)
# Of an epoch's results, what the clock has to do with.
_CLOCK = {"seconds", "images_per_second"}

Start = Callable[[Path, IO[bytes]], "subprocess.Popen[bytes]"]
"""Starts the program of the host whose base folder this is, with a file for all that it prints."""


class BrokenError(Exception):
    """The run did what no kill explains."""


@dataclass(frozen=True)
class Result:
    """What a run came to.

    Args:
        step: the last one.
        digest: the sha256 of its whole state.
        history: the results of its epochs, but for the times.
    """

    step: int
    digest: str
    history: list[dict[str, float]]

    @property
    def accuracy(self) -> float:
        """Of the last epoch, on the validation images."""
        return self.history[-1]["val_accuracy"]


class Attempt:
    """The programs of all hosts, started together.

    Args:
        programs: of each host, the chief's first.
        log: what the chief prints.
        checkpoints: the chief's folder of them.
    """

    def __init__(self, programs: "Sequence[subprocess.Popen[bytes]]", log: Path, checkpoints: Path) -> None:
        self.programs = programs
        self._log = log
        self._checkpoints = checkpoints
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """Since its start."""
        return time.monotonic() - self._began

    @property
    def running(self) -> bool:
        """Whether none of its programs has ended."""
        return all(program.poll() is None for program in self.programs)

    @property
    def said(self) -> str:
        """All that the chief has printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    @property
    def went_on_from(self) -> int | None:
        """The step, 0 for the beginning; None as long as it has not come so far."""
        if found := _GOES_ON.search(self.said):
            return int(found[1])
        return 0 if _BEGINS.search(self.said) else None

    @property
    def last_state(self) -> tuple[int, int, str] | None:
        """The last step's number, how many were planned, and the state's digest; None before that."""
        found = _STATE.search(self.said)
        return (int(found[1]), int(found[2]), found[3]) if found else None

    def newest(self) -> tuple[int, bool]:
        """The newest checkpoint's step, 0 where there is none, and whether all of it is there."""
        steps = [(int(found[1]), name) for name in _names(self._checkpoints) if (found := _STEP.fullmatch(name))]
        if not steps:
            return 0, True
        step, name = max(steps)
        return step, (self._checkpoints / name / "manifest.json").exists()

    def wait_until(self, sign: Callable[[], bool], tick: float) -> bool:
        """Look again and again, ``tick`` seconds apart; whether the sign came before a program ended."""
        while not sign():
            if not self.running:
                return False
            time.sleep(tick)
        return True

    def wait(self, seconds: float) -> None:
        """Wait for the end of all programs.

        Raises:
            BrokenError: one still runs after that time.
        """
        deadline = time.monotonic() + seconds
        try:
            for program in self.programs:
                program.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise BrokenError(f"A program did not end within {seconds:.0f} s.\n{self.tail()}") from None

    def tail(self) -> str:
        """The end of the chief's log."""
        return "\n".join(self.said.splitlines()[-12:])


class Job:
    """A job's folders, which stay from one attempt to the next.

    Args:
        root: of all of it; ``digits`` below it has the images.
        name: of its folder there.
        hosts: how many.
        start: starts the program of a host.
        epochs: how long it is; one of a few seconds has no room for many kills.
    """

    def __init__(self, root: Path, name: str, hosts: int, start: Start, epochs: int = EPOCHS) -> None:
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
        """Start it; none of its programs outlives this."""
        chief = self._bases[0]
        self._attempts += 1
        with contextlib.ExitStack() as held:
            for base, resources in zip(self._bases, _resources(len(self._bases)), strict=True):
                (base / "input" / "config" / "resourceconfig.json").write_text(json.dumps(resources))
                if base != chief:  # as S3 gives every host what the chief has sent there
                    shutil.rmtree(base / "checkpoints", ignore_errors=True)
                    if (chief / "checkpoints").is_dir():
                        shutil.copytree(chief / "checkpoints", base / "checkpoints")
            logs = [base / f"log-{self._attempts:02}.txt" for base in self._bases]
            programs = []
            for base, log in zip(self._bases, logs, strict=True):
                program = self._start(base, held.enter_context(log.open("wb")))
                held.callback(program.wait)
                held.callback(program.kill)
                programs.append(program)
            yield Attempt(programs, logs[0], chief / "checkpoints")

    def result(self, attempt: Attempt) -> Result:
        """What it came to, in the attempt that has ended by itself.

        Raises:
            BrokenError: that one did not end well.
        """
        codes = [program.returncode for program in attempt.programs]
        state = attempt.last_state
        if any(codes) or state is None:
            raise BrokenError(f"The run ended by itself with {codes}:\n{attempt.tail()}")
        step, _, digest = state
        written: dict[str, Any] = json.loads((self._bases[0] / "output" / "data" / "history.json").read_text())
        history = [{name: each[name] for name in each.keys() - _CLOCK} for each in written["history"]]
        return Result(step, digest, history)


def as_process(base: Path, log: IO[bytes]) -> "subprocess.Popen[bytes]":
    """Start the program of a host as a process of this machine, with the Python that this is."""
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
        start_new_session=True,  # an interrupt from the keyboard is for who has started this; `attempt` ends it
    )


def environment(base: Path) -> dict[str, str]:
    """What the program of a host is to find in its environment."""
    return {"SAGEMAKER_BASE_DIR": str(base), "TRAINER_HOSTS_SECONDS": str(HOSTS_SECONDS)}


def _resources(hosts: int) -> list[dict[str, Any]]:
    """The facts that each host gets: all are this machine, and each has a port of its own, another each time."""
    if hosts == 1:
        return [{"hosts": ["algo-1"], "current_host": "algo-1"}]
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(hosts)]
        names = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    return [{"hosts": names, "current_host": name} for name in names]


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 -- asked a thousand times a second
    except FileNotFoundError:
        return []
