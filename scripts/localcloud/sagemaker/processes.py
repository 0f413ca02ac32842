"""Runs a job's program as a process of this machine, in place of the image that the job names."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

from scripts.localcloud.sagemaker.instances import has_gpu
from scripts.localcloud.sagemaker.jobs import Job
from scripts.localcloud.sagemaker.layout import DEFAULT_CHECKPOINTS, OPT_ML, Layout
from scripts.localcloud.sagemaker.support import LOCAL

TRAINER = (sys.executable, "-m", "trainer", "train")
# What would mislead a program about where it is: the caller's AWS, and another job's contract.
NOT_INHERITED = ("AWS_", "SM_", "SAGEMAKER_", "TRAINING_JOB_", "TF_CONFIG")


class ProcessExecutor:
    """Runs the trainer of this repository as a process.

    Args:
        root: the folder to run it in, the repository's root.
        command: what to run.
    """

    def __init__(self, root: Path, command: tuple[str, ...] = TRAINER) -> None:
        self._root = root
        self._command = command

    def refusal(self, request: Mapping[str, Any], why: str) -> str | None:
        """Why a process cannot stand in for the image of a request.

        Args:
            request: CreateTrainingJob's parameters.
            why: why it would be a process, in a clause.

        Returns:
            A sentence; None where a process can.
        """
        count = request["ResourceConfig"]["InstanceCount"]
        if count > 1:
            return (
                f"{LOCAL}InstanceCount is {count}, and programs run as processes of one machine here, which cannot "
                f"share the one port that the hosts of a training job agree on; in containers they could, but {why}. "
                "Set InstanceCount to 1."
            )
        for member in ("ContainerEntrypoint", "ContainerArguments"):
            if member in request["AlgorithmSpecification"]:
                return f"{LOCAL}{member}: programs run as processes here, not in a container: {why}."
        path = PurePosixPath(request.get("CheckpointConfig", {}).get("LocalPath", DEFAULT_CHECKPOINTS))
        if not path.is_relative_to(OPT_ML):
            return f"{LOCAL}CheckpointConfig's LocalPath is {path}; a process has only folders below {OPT_ML}."
        return None

    def programs(self, job: Job, why: str) -> "ProcessPrograms":
        """The job's program; ``why`` it is a process goes into its log."""
        return ProcessPrograms(job, why, self.start)

    def start(self, job: Job, layout: Layout) -> "Process":
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
        return Process(process)


@dataclass(frozen=True)
class ProcessPrograms:
    """A job that runs as one process."""

    job: Job
    why: str
    start: "Callable[[Job, Layout], Process]"
    in_containers = False

    def notes(self) -> list[str]:
        """What a process cannot rehearse."""
        image = self.job.request["AlgorithmSpecification"]["TrainingImage"]
        instance = self.job.request["ResourceConfig"]["InstanceType"]
        notes = [
            f"the image is not rehearsed: this repository's trainer runs as a process in place of {image}, since "
            f"{self.why}"
        ]
        if self.job.request.get("EnableNetworkIsolation"):
            notes.append("network isolation is not enforced on a process")
        if has_gpu(instance):
            notes.append(f"no GPU of {instance} here: training goes on with what TensorFlow finds on this machine")
        return notes

    def fetch(self, begins: Callable[[], None], cancelled: Callable[[], bool]) -> None:
        """Nothing has to be fetched: the program is here."""

    @contextmanager
    def running(self, layouts: Sequence[Layout]) -> "Iterator[list[Process]]":
        """Run the program while the ``with`` lasts."""
        process = self.start(self.job, layouts[0])
        try:
            yield [process]
        finally:
            process.kill()  # Whatever the program has started goes with it.


def program_environment(base: Mapping[str, str], job: Job, layout: Layout) -> dict[str, str]:
    """The environment of a job's process."""
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


class Process:
    """A process that runs; see ``executor.Execution``."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.pid = process.pid
        assert process.stdout is not None  # noqa: S101 - for the type checker: stdout=PIPE was given
        self._output: IO[bytes] = process.stdout

    def lines(self) -> Iterator[str]:
        """What it prints, to its end."""
        with self._output:
            for line in self._output:
                yield line.decode(errors="replace").rstrip("\r\n")

    def wait(self, seconds: float) -> int | None:
        """Its exit code, waited for at most so long; None while it runs."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        return code if code >= 0 else 128 - code

    def explanation(self) -> str:
        """Nothing is known of a process's end but its exit code."""
        return ""

    def terminate(self) -> None:
        """Send SIGTERM to the program."""
        self._process.terminate()

    def kill(self) -> None:
        """End it and all that it started, at once."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
