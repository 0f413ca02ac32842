"""What runs a job's program: here a process of this machine, in place of the image that the job names."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

from scripts.localcloud.engine import Engine
from scripts.localcloud.sagemaker.jobs import Job
from scripts.localcloud.sagemaker.layout import Layout

TRAINER = (sys.executable, "-m", "trainer", "train")
# What would mislead a program about where it is: the caller's AWS, and another job's contract.
NOT_INHERITED = ("AWS_", "SM_", "SAGEMAKER_", "TRAINING_JOB_", "TF_CONFIG")


class Execution(Protocol):
    """A program that runs.

    Attributes:
        pid: its process on this machine.
    """

    pid: int

    def lines(self) -> Iterator[str]:
        """What it prints, to its end."""
        ...

    def wait(self, seconds: float) -> int | None:
        """Its exit code, waited for at most so long; None while it runs. Killed by a signal: 128 + its number."""
        ...

    def terminate(self) -> None:
        """Send SIGTERM to the program."""
        ...

    def kill(self) -> None:
        """End it and all that it started, at once."""
        ...


class Executor(Protocol):
    """Starts programs."""

    def notes(self, job: Job) -> list[str]:
        """What of the job is not rehearsed here, in a line each."""
        ...

    def start(self, job: Job, layout: Layout) -> Execution:
        """Start the job's program."""
        ...


class Images(Protocol):
    """What was pushed to the local cloud's registry."""

    def find(self, uri: str) -> str | None:
        """The name to pull an image by, with its digest; None where it was not pushed."""
        ...

    def auth(self) -> dict[str, str]:
        """What to log in to the registry with."""
        ...


class ChoosingExecutor:
    """Runs a job in containers of the image that it names where that was pushed, and as a process otherwise.

    Args:
        images: the registry.
        engine: where containers run.
        processes: runs the trainer in place of an image that was not pushed.
    """

    def __init__(self, images: Images, engine: Engine, processes: "ProcessExecutor") -> None:
        self._images = images
        self._engine = engine
        self._processes = processes

    def notes(self, job: Job) -> list[str]:
        """What of the job is not rehearsed here."""
        return self._processes.notes(job)

    def start(self, job: Job, layout: Layout) -> Execution:
        """Start the job's program."""
        return self._processes.start(job, layout)


class ProcessExecutor:
    """Runs the trainer of this repository as a process.

    Args:
        root: the folder to run it in, the repository's root.
        command: what to run.
    """

    def __init__(self, root: Path, command: tuple[str, ...] = TRAINER) -> None:
        self._root = root
        self._command = command

    def notes(self, job: Job) -> list[str]:
        """What a process cannot rehearse."""
        image = job.request["AlgorithmSpecification"]["TrainingImage"]
        instance = job.request["ResourceConfig"]["InstanceType"]
        notes = [f"the image is not rehearsed: this repository's trainer runs as a process in place of {image}"]
        if job.request.get("EnableNetworkIsolation"):
            notes.append("network isolation is not enforced on a process")
        if has_gpu(instance):
            notes.append(f"no GPU of {instance} here: training goes on with what TensorFlow finds on this machine")
        return notes

    def start(self, job: Job, layout: Layout) -> Execution:
        """Start the trainer."""
        process = subprocess.Popen(
            self._command,
            cwd=self._root,
            env=program_environment(os.environ, job, layout),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # A process group of its own, so that what it starts ends with it.
        )
        return _Process(process)


def has_gpu(instance_type: str) -> bool:
    """Whether a SageMaker instance type has NVIDIA GPUs: the families g and p."""
    return instance_type.startswith(("ml.g", "ml.p"))


def program_environment(base: Mapping[str, str], job: Job, layout: Layout) -> dict[str, str]:
    """The environment of a job's program."""
    kept = {name: value for name, value in base.items() if not name.startswith(NOT_INHERITED)}
    requested: Mapping[str, Any] = job.request.get("Environment", {})
    return {
        **kept,
        # A GPU that TensorFlow finds is used all the same: this only lifts the check that one is there.
        "TRAINER_WITHOUT_GPU": "allow",
        **requested,
        "TRAINING_JOB_NAME": job.name,
        "TRAINING_JOB_ARN": job.arn,
        "SAGEMAKER_BASE_DIR": str(layout.base),
        "TMPDIR": str(layout.temporary),
        "PYTHONUNBUFFERED": "1",
    }


class _Process:
    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.pid = process.pid
        assert process.stdout is not None  # noqa: S101 - for the type checker: stdout=PIPE was given
        self._output: IO[bytes] = process.stdout

    def lines(self) -> Iterator[str]:
        with self._output:
            for line in self._output:
                yield line.decode(errors="replace").rstrip("\r\n")

    def wait(self, seconds: float) -> int | None:
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        return code if code >= 0 else 128 - code

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
