"""Sends a tuning, as a training job is sent: one command starts one tuning, whatever happens to the answer."""

from collections.abc import Mapping
from typing import Any

from scripts.training.sending import is_ours as is_our_job
from scripts.training.submission import Kind


def is_ours(request: Mapping[str, Any], described: Mapping[str, Any]) -> bool:
    """Whether a tuning was created by this request: same strategy, objective, limits and training jobs.

    Args:
        request: the CreateHyperParameterTuningJob request.
        described: the DescribeHyperParameterTuningJob response of the tuning with the same name. It may have more than
            was sent.
    """
    config, found = request["HyperParameterTuningJobConfig"], described["HyperParameterTuningJobConfig"]
    same = ("Strategy", "HyperParameterTuningJobObjective")
    most = "MaxNumberOfTrainingJobs"
    return (
        all(config[name] == found.get(name) for name in same)
        and config["ResourceLimits"][most] == found["ResourceLimits"].get(most)
        and is_our_job(_job(request), _job(described))
    )


def _job(tuning: Mapping[str, Any]) -> dict[str, Any]:
    """One of a tuning's training jobs, without the hyperparameters that SageMaker adds."""
    definition = tuning["TrainingJobDefinition"]
    fixed = definition.get("StaticHyperParameters") or {}
    return {**definition, "HyperParameters": {name: fixed[name] for name in fixed if not name.startswith("_")}}


TUNING = Kind(
    "tuning",
    "HyperParameterTuningJobName",
    "hyper_parameter_tuning_job",
    is_ours,
    "TUNING",
    "make tunings",
    "docs/tuning.md",
)
