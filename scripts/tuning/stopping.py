"""Stops a tuning, also if the answer to the request gets lost."""

from typing import Any

from scripts.core import aws
from scripts.core.outages import is_doubtful
from scripts.tuning.finding import describe


def stop(sagemaker: Any, name: str) -> str:
    """Ask SageMaker to stop a tuning and its training jobs, without waiting until they have stopped.

    Returns:
        The tuning's status: ``Stopping``, or how it has ended meanwhile.

    Raises:
        Exception: the request failed, and the tuning runs as before.
    """
    try:
        sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    except Exception as error:
        # SageMaker refuses to stop a tuning that has ended, as it does for a job (scripts/runs/stopping.py).
        if aws.error_code(error) != "ValidationException" and not is_doubtful(error):
            raise
        status: str = describe(sagemaker, name)["HyperParameterTuningJobStatus"]
        if status == "InProgress":
            raise
        return status
    return "Stopping"
