"""Stops a training job, also if the answer to the request gets lost."""

from collections.abc import Callable
from typing import Any

from scripts.core import aws
from scripts.core.outages import is_doubtful
from scripts.runs.record import describe


def stop(sagemaker: Any, job: str) -> str:
    """Ask SageMaker to stop a job, without waiting until it has stopped.

    Returns:
        The job's status: ``Stopping``, or how it has ended meanwhile.

    Raises:
        Exception: the request failed, and the job runs as before.
    """
    return ask_to_stop(
        lambda: sagemaker.stop_training_job(TrainingJobName=job),
        lambda: describe(sagemaker, job)["TrainingJobStatus"],
    )


def ask_to_stop(ask: Callable[[], object], read_status: Callable[[], str]) -> str:
    """Do what `stop` does, for a training job or a tuning.

    Args:
        ask: makes the request.
        read_status: reads the status.
    """
    try:
        ask()
    except Exception as error:
        # SageMaker refuses to stop what has ended (ValidationException). botocore's own second attempt gets this
        # answer too, after one that had stopped it.
        if aws.error_code(error) != "ValidationException" and not is_doubtful(error):
            raise
        status = read_status()
        if status == "InProgress":
            raise
        return status
    return "Stopping"
