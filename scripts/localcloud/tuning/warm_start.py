"""Checks the parents of a warm start, and reads what a tuning learns from them.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-warm-start.html
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.localcloud.awsjson import validation_error
from scripts.localcloud.tuning.tunings import Trial, Tuning, max_jobs, most_jobs

IDENTICAL = "IdenticalDataAndAlgorithm"


def names(request: Mapping[str, Any]) -> list[str]:
    """Return the names of the parents; none for a tuning without a warm start."""
    parents = request.get("WarmStartConfig", {}).get("ParentHyperParameterTuningJobs", [])
    return [parent["HyperParameterTuningJobName"] for parent in parents if "HyperParameterTuningJobName" in parent]


def trials(request: Mapping[str, Any], parents: Sequence[Tuning]) -> tuple[Trial, ...]:
    """Return the training jobs of the parents; what the parents' own parents found does not count.

    Args:
        request: CreateHyperParameterTuningJob's parameters.
        parents: the tunings of these names.

    Raises:
        ServiceError: ValidationException: a parent does not suit.
    """
    for parent in parents:
        for problem in _problems(request, parent):
            raise validation_error(f"The parent tuning job {parent.name} {problem}")
    found = tuple(trial for parent in parents for trial in parent.trials)
    config = request["HyperParameterTuningJobConfig"]
    count, most = len(found) + max_jobs(config), most_jobs(config["Strategy"])
    if found and count > most:
        raise validation_error(
            f"The training jobs of this tuning job and of its {len(parents)} parents are {count}; the most is {most}."
        )
    return found


def _problems(request: Mapping[str, Any], parent: Tuning) -> Iterator[str]:
    config, definition = request["HyperParameterTuningJobConfig"], request["TrainingJobDefinition"]
    if not parent.has_ended:
        yield f"is in status {parent.status}; it must be Completed, Stopped, or Failed."
    if config["HyperParameterTuningJobObjective"] != parent.config["HyperParameterTuningJobObjective"]:
        yield "has another objective."
    own, others = hyperparameters(config, definition), hyperparameters(parent.config, parent.definition)
    if len(own) != len(others):
        yield (
            f"has {len(others)} hyperparameters, static and tunable together, and this tuning job has {len(own)}; "
            "their number must be the same."
        )
    for name in sorted(own.keys() & others.keys()):
        if None not in (own[name], others[name]) and own[name] != others[name]:
            yield f"has another type of range for {name}."
    if request["WarmStartConfig"]["WarmStartType"] == IDENTICAL and _data(definition) != _data(parent.definition):
        yield f"has another training image or other input data, and the WarmStartType is {IDENTICAL}."


def hyperparameters(config: Mapping[str, Any], definition: Mapping[str, Any]) -> dict[str, str | None]:
    """Return each hyperparameter with the kind of its range; None for a static one."""
    found: dict[str, str | None] = dict.fromkeys(definition.get("StaticHyperParameters", {}))
    for kind, ranges in config["ParameterRanges"].items():
        found |= {one["Name"]: kind for one in ranges}
    return found


def _data(definition: Mapping[str, Any]) -> tuple[Any, Any]:
    return definition["AlgorithmSpecification"].get("TrainingImage"), definition.get("InputDataConfig", [])
