"""Runs a job's program as a process on this machine instead of the job's image."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

from scripts.localcloud.environment import Cloud, isolate
from scripts.localcloud.sagemaker import role
from scripts.localcloud.sagemaker.container import split_lines
from scripts.localcloud.sagemaker.instances import has_gpu
from scripts.localcloud.sagemaker.jobs import Job
from scripts.localcloud.sagemaker.layout import DEFAULT_CHECKPOINTS, OPT_ML, Layout
from scripts.localcloud.sagemaker.support import CANNOT_RUN

TRAINER = (sys.executable, "-m", "trainer", "train")
# The caller's AWS settings, and variables of another SageMaker job, would mislead the program.
NOT_INHERITED = ("AWS_", "SM_", "SAGEMAKER_", "TRAINING_JOB_", "TF_CONFIG")

MULTI_WORKER_MIRRORED = "sagemaker_multi_worker_mirrored_strategy_enabled"


class ProcessExecutor:
    """Runs this repository's trainer as a process.

    Args:
        root: the folder to run it in, the repository's root.
        cloud: the local cloud, which answers what the program calls of AWS.
        command: the command line of the program.
    """

    def __init__(self, root: Path, cloud: Cloud, command: tuple[str, ...] = TRAINER) -> None:
        self._root = root
        self._cloud = cloud
        self._command = command

    def refusal(self, request: Mapping[str, Any], reason: str) -> str | None:
        """Return why a process cannot run the job of a request.

        Args:
            request: CreateTrainingJob's parameters.
            reason: why the job would run as a process, as a clause.

        Returns:
            A sentence; None if a process can run it.
        """
        count = request["ResourceConfig"]["InstanceCount"]
        if count > 1:
            return (
                f"{CANNOT_RUN}InstanceCount is {count}. The hosts of a job all use the same port, so they can only run "
                f"in containers, not as processes of one machine. Here it runs as a process: {reason}. "
                "Set InstanceCount to 1."
            )
        for member in ("ContainerEntrypoint", "ContainerArguments"):
            if member in request["AlgorithmSpecification"]:
                return f"{CANNOT_RUN}{member}: the program runs as a process, not in a container: {reason}."
        if "sagemaker_submit_directory" in request.get("HyperParameters", {}):
            return (
                f"{CANNOT_RUN}sagemaker_submit_directory, the code that SageMaker's SDK sends: a process would install "
                f"its packages into this machine's own environment, so it runs only in a container: {reason}."
            )
        if request.get("HyperParameters", {}).get(MULTI_WORKER_MIRRORED) == "true":
            return (
                f"{CANNOT_RUN}{MULTI_WORKER_MIRRORED}: TensorFlow would wait for the host algo-1, a name that only a "
                f"container has. Here the job runs as a process: {reason}."
            )
        path = PurePosixPath(request.get("CheckpointConfig", {}).get("LocalPath", DEFAULT_CHECKPOINTS))
        if not path.is_relative_to(OPT_ML):
            return f"{CANNOT_RUN}CheckpointConfig's LocalPath is {path}; a process has only folders below {OPT_ML}."
        return None

    def programs(self, job: Job, reason: str) -> "ProcessPrograms":
        """Return the job's program; the job's log gets ``reason``, why it is a process."""
        return ProcessPrograms(job, reason, self.start)

    def start(self, job: Job, layout: Layout) -> "Process":
        """Start the trainer."""
        process = subprocess.Popen(
            self._command,
            cwd=self._root,
            env=program_environment(os.environ, job, layout, self._cloud),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # With its own process group, kill() also ends the programs that it starts.
        )
        return Process(process)


@dataclass(frozen=True)
class ProcessPrograms:
    """A job that runs as one process."""

    job: Job
    reason: str
    start: "Callable[[Job, Layout], Process]"
    in_containers = False

    def notes(self) -> list[str]:
        """Return what a process does not rehearse, for the job's log."""
        image = self.job.request["AlgorithmSpecification"]["TrainingImage"]
        instance = self.job.request["ResourceConfig"]["InstanceType"]
        notes = [
            f"the image is not rehearsed: this repository's trainer runs as a process instead of {image}, because "
            f"{self.reason}"
        ]
        if self.job.request.get("EnableNetworkIsolation"):
            notes.append("network isolation is not enforced on a process")
        if "VpcConfig" in self.job.request:
            notes.append("VpcConfig is not enforced on a process")
        if has_gpu(instance):
            notes.append(f"no GPU of {instance} here: TensorFlow trains on the devices of this machine")
        return notes

    def fetch(self, on_start: Callable[[], None], cancelled: Callable[[], bool]) -> None:
        """Do nothing: the program is already on this machine."""

    @contextmanager
    def running(self, layouts: Sequence[Layout], note: Callable[[str], None]) -> "Iterator[list[Process]]":  # noqa: ARG002
        """Run the program while the ``with`` lasts."""
        process = self.start(self.job, layouts[0])
        try:
            yield [process]
        finally:
            process.kill()  # Also ends the processes that the program started.


def program_environment(base: Mapping[str, str], job: Job, layout: Layout, cloud: Cloud) -> dict[str, str]:
    """Return the environment of a job's process: what it calls of AWS goes to the local cloud, or nowhere."""
    kept = {name: value for name, value in base.items() if not name.startswith(NOT_INHERITED)}
    requested: Mapping[str, Any] = job.request.get("Environment", {})
    isolated = job.request.get("EnableNetworkIsolation")
    return {
        **isolate(cloud.folder, kept),
        **({} if isolated else role.variables(cloud.url, layout.role_in_program)),
        # This only switches off the trainer's check for a GPU: TensorFlow still uses one if it finds it.
        "TRAINER_WITHOUT_GPU": "allow",
        **requested,
        "AWS_REGION": job.region,
        "TRAINING_JOB_NAME": job.name,
        "TRAINING_JOB_ARN": job.arn,
        "SAGEMAKER_BASE_DIR": str(layout.base),
        **layout.variables,
        "TMPDIR": str(layout.temporary),
        "PYTHONUNBUFFERED": "1",
    }


class Process:
    """A running process; see ``executor.RunningProgram``."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.pid = process.pid
        self._output = cast(io.BufferedReader, process.stdout)

    def lines(self) -> Iterator[str]:
        """Yield the lines that it prints, until it ends."""
        with self._output:
            yield from split_lines((piece, None) for piece in iter(self._output.read1, b""))

    def wait(self, seconds: float) -> int | None:
        """Wait at most that long and return the exit code; None while it runs."""
        try:
            code = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        return code if code >= 0 else 128 - code

    def explanation(self) -> str:
        """Return nothing: of a process's end, only the exit code is known."""
        return ""

    def terminate(self) -> None:
        """Send SIGTERM to the program."""
        self._process.terminate()

    def kill(self) -> None:
        """Kill the program and the processes that it started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
