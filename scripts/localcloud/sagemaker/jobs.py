"""A training job as a value: its request, its status and its history.

A ``Job`` is immutable. To change a job, ``JobStore.change`` replaces it under a lock with a new value.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from scripts.localcloud.environment import name_on_disk
from scripts.localcloud.interruptions import Interruption
from scripts.localcloud.sagemaker.store import Store
from scripts.localcloud.sagemaker.tags import read_tags

MESSAGES = {
    "Starting": "Starting the training job",
    "Pending": "Training job waiting for capacity",
    "Downloading": "Downloading input data",
    "Training": "Training in-progress",
    "Interrupted": "The managed spot training instances were interrupted",
    "Stopping": "Stopping the training job",
    "Uploading": "Uploading generated training model",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "Stopped": "Training job stopped",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
    "MaxWaitTimeExceeded": "Training job wait time exceeded MaxWaitTimeInSeconds provided",
}


class StopReason(Enum):
    """Why a job is stopped before its program ends by itself."""

    USER = "StopTrainingJob was called"
    MAX_RUNTIME = "MaxRuntimeInSeconds is over"
    MAX_WAIT = "MaxWaitTimeInSeconds is over"


FINAL_STATUS = {
    StopReason.USER: "Stopped",
    StopReason.MAX_RUNTIME: "MaxRuntimeExceeded",
    StopReason.MAX_WAIT: "MaxWaitTimeExceeded",
}


@dataclass(frozen=True)
class Transition:
    """A secondary status with its start and end; ``end`` is None while the job has this status."""

    status: str
    start: datetime
    message: str
    end: datetime | None = None


@dataclass(frozen=True)
class Metric:
    """A value that a metric's regex found in the log."""

    name: str
    value: float
    at: datetime


@dataclass(frozen=True)
class WarmPool:
    """The warm pool of a job, see ``pools``.

    Attributes:
        status: WarmPoolStatus: InUse, Available, Reused or Terminated.
        launched: when its instances were started, for this job or an earlier one.
        retained: since when no job uses it; None while the job has it.
        ended: when it moved to another job or was terminated.
        reused_by: the name of the job to which it moved.
    """

    status: str
    launched: datetime
    retained: datetime | None = None
    ended: datetime | None = None
    reused_by: str | None = None


@dataclass(frozen=True)
class Job:
    """A training job.

    Attributes:
        request: CreateTrainingJob's parameters, unchanged.
        status: TrainingJobStatus.
        interruptions: when its instances are taken away.
        started: when it first had instances: with the download.
        ended: when it ended.
        stop_reason: why the job is being stopped or was stopped; None for a job that nothing stopped.
        failure: FailureReason.
        model: the URI in ModelArtifacts.
        pool: its warm pool; None for a job that neither asked for one nor got one.
        tuning: the ARN of the tuning job that created it; None if CreateTrainingJob did.
    """

    request: Mapping[str, Any]
    arn: str
    region: str
    created: datetime
    modified: datetime
    transitions: tuple[Transition, ...]
    interruptions: tuple[Interruption, ...] = ()
    status: str = "InProgress"
    started: datetime | None = None
    ended: datetime | None = None
    stop_reason: StopReason | None = None
    failure: str | None = None
    model: str | None = None
    metrics: tuple[Metric, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    pool: WarmPool | None = None
    tuning: str | None = None

    @property
    def name(self) -> str:
        """TrainingJobName."""
        return str(self.request["TrainingJobName"])

    @property
    def folder(self) -> str:
        """The name of the job's folder."""
        return name_on_disk(self.name, self.region)

    @property
    def retries(self) -> int:
        """How often the job starts again after an internal error; its SecondaryStatus is Starting then.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_RetryStrategy.html
        """
        return int(self.request.get("RetryStrategy", {}).get("MaximumRetryAttempts", 0))

    @property
    def has_ended(self) -> bool:
        """Whether the job is Completed, Failed or Stopped."""
        return self.status in ("Completed", "Failed", "Stopped")

    def enter_status(self, status: str, at: datetime, message: str | None = None) -> "Job":
        """Return the job with another secondary status."""
        previous = replace(self.transitions[-1], end=at)
        current = Transition(status, at, message or MESSAGES[status])
        started = self.started or (at if status in ("Downloading", "Training") else None)
        return replace(self, transitions=(*self.transitions[:-1], previous, current), modified=at, started=started)

    def proceed(self, status: str, at: datetime, message: str | None = None) -> "Job":
        """Return the job with another secondary status, or as it is if it is being stopped."""
        return self if self.stop_reason else self.enter_status(status, at, message)

    def request_stop(self, reason: StopReason, at: datetime) -> "Job":
        """Return the job as Stopping; the first reason stays, and a job that has ended stays as it is."""
        if self.has_ended or self.stop_reason:
            return self
        return replace(self.enter_status("Stopping", at), status="Stopping", stop_reason=reason)

    def finish(self, at: datetime, failure: str | None = None) -> "Job":
        """Return the job with its final status; a job that was stopped is Stopped, whatever its exit code.

        Args:
            at: when it ended.
            failure: why it failed; None if it did not, or if it was stopped.
        """
        if failure is not None:
            secondary = status = "Failed"
        elif self.stop_reason is None:
            secondary = status = "Completed"
        else:
            status, secondary = "Stopped", FINAL_STATUS[self.stop_reason]
        ended = self.enter_status(secondary, at)
        final = replace(ended.transitions[-1], end=at)
        return replace(ended, status=status, failure=failure, ended=at, transitions=(*ended.transitions[:-1], final))


def present() -> datetime:
    """Return the present moment in whole milliseconds, as AWS's answers have it."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def new_job(
    request: Mapping[str, Any],
    region: str,
    account: str,
    at: datetime,
    interruptions: tuple[Interruption, ...] = (),
    tuning: str | None = None,
) -> Job:
    """Create the value of a new job, with status Starting."""
    name = request["TrainingJobName"]
    return Job(
        request=request,
        arn=f"arn:aws:sagemaker:{region}:{account}:training-job/{name.lower()}",
        region=region,
        created=at,
        modified=at,
        transitions=(Transition("Starting", at, MESSAGES["Starting"]),),
        interruptions=interruptions,
        tags=read_tags(request),
        tuning=tuning,
    )


class JobStore(Store[Job]):
    """Keeps all training jobs by their ARN."""
