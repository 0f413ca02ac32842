"""Stops a training job, also if the answer to the request gets lost."""

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
    try:
        sagemaker.stop_training_job(TrainingJobName=job)
    except Exception as error:
        # SageMaker refuses to stop a job that has ended (ValidationException). botocore's own second attempt gets
        # this answer too, after one that had stopped the job.
        if aws.error_code(error) != "ValidationException" and not is_doubtful(error):
            raise
        status: str = describe(sagemaker, job)["TrainingJobStatus"]
        if status == "InProgress":
            raise
        return status
    return "Stopping"
