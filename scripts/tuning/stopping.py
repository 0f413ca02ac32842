"""Stops a tuning, also if the answer to the request gets lost."""

from typing import Any

from scripts.runs.stopping import ask_to_stop
from scripts.tuning.finding import describe


def stop(sagemaker: Any, name: str) -> str:
    """Ask SageMaker to stop a tuning and its training jobs, without waiting until they have stopped.

    Returns:
        The tuning's status: ``Stopping``, or how it has ended meanwhile.

    Raises:
        Exception: the request failed, and the tuning runs as before.
    """
    return ask_to_stop(
        lambda: sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name),
        lambda: describe(sagemaker, name)["HyperParameterTuningJobStatus"],
    )
