"""Makes the CreateTrainingJob request of a tuning's training job."""

from collections.abc import Mapping
from typing import Any

from scripts.localcloud.tuning.tunings import OBJECTIVE_PARAMETER

# HyperParameterTrainingJobDefinition's members that CreateTrainingJob has under the same name.
SAME = (
    *("AlgorithmSpecification", "RoleArn", "InputDataConfig", "VpcConfig", "OutputDataConfig", "ResourceConfig"),
    *("StoppingCondition", "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption"),
    *("EnableManagedSpotTraining", "CheckpointConfig", "RetryStrategy", "Environment"),
)


def job_request(request: Mapping[str, Any], name: str, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the request of a training job.

    All of a tuning's training jobs have the same CheckpointConfig: AWS does not document a prefix of its own for each.

    Args:
        request: CreateHyperParameterTuningJob's parameters.
        name: TrainingJobName.
        values: the hyperparameters that were chosen for it.
    """
    definition = request["TrainingJobDefinition"]
    metric = request["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["MetricName"]
    sent = {member: definition[member] for member in SAME if member in definition}
    if "HyperParameterTuningResourceConfig" in definition:
        sent["ResourceConfig"] = definition["HyperParameterTuningResourceConfig"]
    hyperparameters = {**definition.get("StaticHyperParameters", {}), **values, OBJECTIVE_PARAMETER: metric}
    made = {"TrainingJobName": name, "HyperParameters": hyperparameters, **sent}
    return made | ({"Tags": request["Tags"]} if request.get("Tags") else {})


def job_name(tuning: str, number: int, suffix: str) -> str:
    """Return a training job's name.

    Args:
        tuning: the tuning's name.
        number: 1 for its first training job.
        suffix: eight hexadecimal digits.
    """
    return f"{tuning}-{number:03}-{suffix}"
