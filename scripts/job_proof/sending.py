"""Sends a job to SageMaker, waits for its end, and downloads its model. A job that is left early is stopped."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import runs, training
from scripts.core import aws, verb
from scripts.core.errors import UserError
from scripts.core.patience import Patience
from scripts.job_proof.attempts import Attempt, attempts_of
from scripts.runs.following import describe_patiently
from scripts.runs.logs import Log
from scripts.runs.record import model_folder, run_folder

PAUSE = 0.5


@dataclass(frozen=True)
class Run:
    """A job that has ended.

    Args:
        record: its record.
        attempts: what each attempt trained.
        saves: whether it left something in the checkpoints' prefix.
    """

    record: runs.Record
    attempts: list[Attempt]
    saves: bool

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return run_folder(self.record.job)

    @property
    def model(self) -> Path:
        """The folder of its model; it does not exist if the run left none."""
        return model_folder(self.record.job)


def send(request: dict[str, Any]) -> Run:
    """Send a job, and wait until it has ended. If it is Completed, download its model to runs/<job>/model.

    Args:
        request: the CreateTrainingJob request.

    Raises:
        UserError: the request was refused, or following the job has failed; the job is being stopped then.
    """
    job = request["TrainingJobName"]
    with _stopped(job):
        training.send(request)
        described = describe_patiently(job)
        while described["TrainingJobStatus"] not in runs.ENDED:
            time.sleep(PAUSE)
            described = describe_patiently(job)
    record = runs.save_record(described)
    if record.status == "Completed":
        with runs.downloading(job), contextlib.suppress(runs.EmptyModelError):
            record, _ = runs.download_model(aws.client("sagemaker"), job)
    patience, log = Patience("The log is read again then."), Log(job)
    lines = patience.call(lambda: log.read(patience.client("logs")))
    return Run(record, attempts_of(described, lines), _has_checkpoints(request))


def _has_checkpoints(request: dict[str, Any]) -> bool:
    bucket, prefix = aws.split_uri(request["CheckpointConfig"]["S3Uri"])
    return bool(aws.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("Contents"))


@contextlib.contextmanager
def _stopped(job: str) -> Iterator[None]:
    """Whatever ends this block early stops the job, if it exists."""
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(UserError, Exception):
            runs.stop(aws.client("sagemaker"), job)
        if isinstance(error, KeyboardInterrupt):
            raise verb.Interrupted(
                f"Interrupted. No job keeps running: {job} is being stopped, if it had started. The earlier runs are "
                "in runs/."
            ) from None
        raise
