"""Runs a job's programs: in containers of the job's image, or as a process instead."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from scripts.localcloud.engine import Engine
from scripts.localcloud.sagemaker.containers import ContainerExecutor, Images
from scripts.localcloud.sagemaker.jobs import Job
from scripts.localcloud.sagemaker.layout import Layout
from scripts.localcloud.sagemaker.processes import ProcessExecutor

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class RunningProgram(Protocol):
    """The running program of one host."""

    @property
    def pid(self) -> int | None:
        """Its process ID; None for a container."""
        ...

    def lines(self) -> Iterator[str]:
        """Yield the lines that it prints, until it ends."""
        ...

    def wait(self, seconds: float) -> int | None:
        """Wait at most that long and return the exit code; None while it runs.

        The code of a program that a signal killed is 128 + the signal's number.
        """
        ...

    def explanation(self) -> str:
        """Return the reason for its end, in addition to the exit code; empty if it is not known."""
        ...

    def terminate(self) -> None:
        """Send SIGTERM to the program."""
        ...

    def kill(self) -> None:
        """Kill the program and the processes that it started."""
        ...


class Programs(Protocol):
    """The programs of a job's hosts."""

    @property
    def in_containers(self) -> bool:
        """Whether the programs see ``/opt/ml`` and reach other hosts by name."""
        ...

    def notes(self) -> list[str]:
        """Return a line for each part of the job that is not rehearsed here."""
        ...

    def fetch(self, on_start: Callable[[], None], cancelled: Callable[[], bool]) -> None:
        """Download what the programs need.

        Args:
            on_start: called when a download starts; not called if everything is here already.
            cancelled: the download stops when it returns True.

        Raises:
            ContainerError: the download failed.
        """
        ...

    def running(
        self, layouts: Sequence[Layout], note: Callable[[str], None]
    ) -> AbstractContextManager[Sequence[RunningProgram]]:
        """Run a program for each host during the ``with`` block; its end kills them and all that they started.

        Args:
            layouts: the hosts' folders.
            note: writes a line into the job's log.

        Raises:
            ContainerError: a program did not start.
        """
        ...


class Executor(Protocol):
    """Runs jobs' programs."""

    def refusal(self, request: Mapping[str, Any]) -> str | None:
        """Return why such a job cannot run here, as a sentence; None if it can."""
        ...

    def programs(self, job: Job) -> Programs:
        """Return the job's programs, not yet started."""
        ...


class ChoosingExecutor:
    """Runs a job in containers if its image was pushed, and otherwise as a process.

    Args:
        images: the pushed images.
        engine: runs the containers.
        processes: runs the trainer instead of an image that was not pushed.
        aws: answers what the programs in containers call of AWS.
    """

    def __init__(self, images: Images, engine: Engine, processes: ProcessExecutor, aws: "WSGIApplication") -> None:
        self._images = images
        self._engine = engine
        self._containers = ContainerExecutor(images, engine, aws)
        self._processes = processes

    def refusal(self, request: Mapping[str, Any]) -> str | None:
        """Return why such a job cannot run here, as a sentence; None if it can."""
        if self._images.find(request["AlgorithmSpecification"]["TrainingImage"]):
            return self._containers.refusal(request)
        return self._processes.refusal(request, self._reason_for_process())

    def programs(self, job: Job) -> Programs:
        """Return the job's programs, not yet started."""
        reference = self._images.find(job.request["AlgorithmSpecification"]["TrainingImage"])
        if reference:
            return self._containers.programs(job, reference)
        return self._processes.programs(job, self._reason_for_process())

    def _reason_for_process(self) -> str:
        return self._engine.container_support().missing or "this image was not pushed to the local cloud"
