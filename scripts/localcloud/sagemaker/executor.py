"""What runs a job's programs: containers of the image that it names, or a process in its place."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from scripts.localcloud.engine import Engine
from scripts.localcloud.sagemaker.containers import ContainerExecutor, Images
from scripts.localcloud.sagemaker.jobs import Job
from scripts.localcloud.sagemaker.layout import Layout
from scripts.localcloud.sagemaker.processes import ProcessExecutor


class Execution(Protocol):
    """A host's program that runs."""

    @property
    def pid(self) -> int | None:
        """Its process on this machine, where it is one of the local cloud's own."""
        ...

    def lines(self) -> Iterator[str]:
        """What it prints, to its end."""
        ...

    def wait(self, seconds: float) -> int | None:
        """Its exit code, waited for at most so long; None while it runs. Killed by a signal: 128 + its number."""
        ...

    def explanation(self) -> str:
        """What is known of its end beside the exit code; empty where nothing is."""
        ...

    def terminate(self) -> None:
        """Send SIGTERM to the program."""
        ...

    def kill(self) -> None:
        """End it and all that it started, at once."""
        ...


class Programs(Protocol):
    """The programs of a job's hosts."""

    @property
    def in_containers(self) -> bool:
        """Whether they see ``/opt/ml``, and their hosts each other by name."""
        ...

    def notes(self) -> list[str]:
        """What of the job is not rehearsed here, in a line each."""
        ...

    def fetch(self, begins: Callable[[], None], cancelled: Callable[[], bool]) -> None:
        """Get what they need.

        Args:
            begins: called where something has to be fetched.
            cancelled: True gives up.

        Raises:
            ContainerError: it cannot be had.
        """
        ...

    def running(self, layouts: Sequence[Layout]) -> AbstractContextManager[Sequence[Execution]]:
        """Run a program for each host while the ``with`` lasts; at its end they and all they started have gone.

        Raises:
            ContainerError: one of them cannot be started.
        """
        ...


class Executor(Protocol):
    """Runs jobs' programs."""

    def refusal(self, request: Mapping[str, Any]) -> str | None:
        """Why such a job cannot run here, in a sentence; None where it can."""
        ...

    def programs(self, job: Job) -> Programs:
        """The job's programs, not yet started."""
        ...


class ChoosingExecutor:
    """Runs a job in containers of the image that it names where that was pushed, and as a process otherwise.

    Args:
        images: the registry.
        engine: where containers run.
        processes: runs the trainer in place of an image that was not pushed.
    """

    def __init__(self, images: Images, engine: Engine, processes: ProcessExecutor) -> None:
        self._images = images
        self._engine = engine
        self._containers = ContainerExecutor(images, engine)
        self._processes = processes

    def refusal(self, request: Mapping[str, Any]) -> str | None:
        """Why such a job cannot run here, in a sentence; None where it can."""
        if self._images.find(request["AlgorithmSpecification"]["TrainingImage"]):
            return self._containers.refusal(request)
        return self._processes.refusal(request, self._why_process())

    def programs(self, job: Job) -> Programs:
        """The job's programs, not yet started."""
        reference = self._images.find(job.request["AlgorithmSpecification"]["TrainingImage"])
        if reference:
            return self._containers.programs(job, reference)
        return self._processes.programs(job, self._why_process())

    def _why_process(self) -> str:
        return self._engine.container_support().missing or "this image was not pushed to the local cloud"
