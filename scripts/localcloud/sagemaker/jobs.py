"""A training job as a value: what was asked for, where it stands, and how it got there.

A job never changes; the store puts a new value in its place, under a lock, by a function of the old one.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from scripts.localcloud.environment import REGION

MESSAGES = {
    "Starting": "Starting the training job",
    "Pending": "Training job waiting for capacity",
    "Downloading": "Downloading input data",
    "Training": "Training in-progress",
    "Stopping": "Stopping the training job",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


class Ending(Enum):
    """Who ends a job before its program does."""

    USER = "StopTrainingJob was called"
    MAX_RUNTIME = "MaxRuntimeInSeconds is over"


@dataclass(frozen=True)
class Transition:
    """A secondary status, from when to when (None: now)."""

    status: str
    start: datetime
    message: str
    end: datetime | None = None


@dataclass(frozen=True)
class Metric:
    """The last value that a metric's regex found."""

    name: str
    value: float
    at: datetime


@dataclass(frozen=True)
class Job:
    """A training job.

    Attributes:
        request: CreateTrainingJob's parameters, as they came.
        status: TrainingJobStatus.
        started: when the billed time began, at the download.
        ended: when the billed time ended.
        ending: who asked for its end, if anybody did.
    """

    request: Mapping[str, Any]
    arn: str
    region: str
    created: datetime
    modified: datetime
    transitions: tuple[Transition, ...]
    status: str = "InProgress"
    started: datetime | None = None
    ended: datetime | None = None
    ending: Ending | None = None
    failure: str | None = None
    model: str | None = None
    metrics: tuple[Metric, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """TrainingJobName."""
        return str(self.request["TrainingJobName"])

    @property
    def folder(self) -> str:
        """What its folder is called: a name is given once in each region."""
        return self.name if self.region == REGION else f"{self.name}.{self.region}"

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self.status in ("Completed", "Failed", "Stopped")

    def entered(self, status: str, at: datetime, message: str | None = None) -> "Job":
        """The job in another secondary status."""
        last = replace(self.transitions[-1], end=at)
        following = Transition(status, at, message or MESSAGES[status])
        started = self.started or (at if status in ("Downloading", "Training") else None)
        return replace(self, transitions=(*self.transitions[:-1], last, following), modified=at, started=started)

    def stopping(self, ending: Ending, at: datetime) -> "Job":
        """The job once its end was asked for; whoever asked first is remembered."""
        if self.is_over or self.ending:
            return self
        return replace(self.entered("Stopping", at), status="Stopping", ending=ending)

    def finished(self, at: datetime, failure: str | None = None) -> "Job":
        """The job at its end: decided by who ended it, never by the program's exit code.

        Args:
            at: when.
            failure: why it failed, where it failed by itself.
        """
        if failure is not None:
            secondary = status = "Failed"
        elif self.ending is None:
            secondary = status = "Completed"
        else:
            status = "Stopped"
            secondary = "MaxRuntimeExceeded" if self.ending is Ending.MAX_RUNTIME else "Stopped"
        last = self.entered(secondary, at)
        final = replace(last.transitions[-1], end=at)
        return replace(last, status=status, failure=failure, ended=at, transitions=(*last.transitions[:-1], final))


def new_job(request: Mapping[str, Any], region: str, account: str, at: datetime) -> Job:
    """A job that was just created."""
    name = request["TrainingJobName"]
    return Job(
        request=request,
        arn=f"arn:aws:sagemaker:{region}:{account}:training-job/{name.lower()}",
        region=region,
        created=at,
        modified=at,
        transitions=(Transition("Starting", at, MESSAGES["Starting"]),),
        tags=tuple((tag["Key"], tag["Value"]) for tag in request.get("Tags", [])),
    )


class JobStore:
    """All jobs, by their ARN."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def add(self, job: Job) -> bool:
        """Keep a new job; False where one of this name is there already."""
        with self._lock:
            if job.arn in self._jobs:
                return False
            self._jobs[job.arn] = job
            return True

    def get(self, arn: str) -> Job | None:
        """The job of an ARN."""
        with self._lock:
            return self._jobs.get(arn)

    def change(self, arn: str, change: Callable[[Job], Job]) -> Job:
        """Put ``change(job)`` in the job's place; what it raises leaves the job as it was."""
        with self._lock:
            self._jobs[arn] = change(self._jobs[arn])
            return self._jobs[arn]

    def all(self, region: str) -> list[Job]:
        """The jobs of a region, oldest first."""
        with self._lock:
            return [job for job in self._jobs.values() if job.region == region]
