"""Makes the responses of the operations about tunings."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from scripts.localcloud.sagemaker.describe import with_defaults, without_none
from scripts.localcloud.sagemaker.lists import cut_page, select
from scripts.localcloud.sagemaker.runner import INTERNAL_ERROR
from scripts.localcloud.tuning import completion, tunings, warm_start
from scripts.localcloud.tuning.tunings import OBJECTIVE_PARAMETER, Trial, Tuning


def description(tuning: Tuning, now: datetime) -> dict[str, Any]:
    """Return DescribeHyperParameterTuningJob's response.

    Args:
        tuning: the tuning.
        now: the present moment.
    """
    objectives, best = tuning.objectives(), tunings.best(tuning.trials, tuning.minimize)
    described = {
        "HyperParameterTuningJobName": tuning.name,
        "HyperParameterTuningJobArn": tuning.arn,
        "HyperParameterTuningJobConfig": _config(tuning),
        "TrainingJobDefinition": _definition(tuning),
        "HyperParameterTuningJobStatus": tuning.status,
        "CreationTime": tuning.created,
        "HyperParameterTuningEndTime": tuning.ended,
        "LastModifiedTime": tuning.modified,
        "TrainingJobStatusCounters": status_counters(tuning.trials),
        "ObjectiveStatusCounters": objective_counters(tuning.trials),
        "BestTrainingJob": summary(tuning, best) if best else None,
        "OverallBestTrainingJob": _overall_best(tuning),
        "WarmStartConfig": tuning.request.get("WarmStartConfig"),
        "FailureReason": tuning.failure,
        "TuningJobCompletionDetails": without_none(
            {
                "NumberOfTrainingJobsObjectiveNotImproving": completion.not_improving(objectives, tuning.minimize),
                "ConvergenceDetectedTime": tuning.converged,
            }
        ),
        "ConsumedResources": {"RuntimeInSeconds": math.ceil(((tuning.ended or now) - tuning.created).total_seconds())},
    }
    return without_none(described)


def _config(tuning: Tuning) -> dict[str, Any]:
    """The config with what AWS always answers: `HyperparameterTuner.attach` of SageMaker's SDK 2 reads it."""
    limits = {"MaxNumberOfTrainingJobs": tuning.max_jobs} | tuning.config["ResourceLimits"]
    return {"TrainingJobEarlyStoppingType": "Off"} | dict(tuning.config) | {"ResourceLimits": limits}


def _definition(tuning: Tuning) -> dict[str, Any]:
    """The definition with the objective among the static hyperparameters, as on AWS.

    SageMaker's SDK 2 takes it out of there (`_prepare_estimator_from_job_description` in ``sagemaker/tuner.py``). It
    sends HyperParameterTuningResourceConfig, and reads ResourceConfig (`_prepare_init_params_from_job_description`).
    """
    static = {**tuning.definition.get("StaticHyperParameters", {}), OBJECTIVE_PARAMETER: tuning.metric}
    resources = tuning.definition.get("HyperParameterTuningResourceConfig")
    completed = with_defaults(tuning.definition)
    completed |= {"ResourceConfig": resources} if resources else {}
    return completed | {
        "StaticHyperParameters": static,
        "AlgorithmSpecification": tuning.definition["AlgorithmSpecification"],
    }


def _overall_best(tuning: Tuning) -> dict[str, Any] | None:
    """The best training job of this tuning and its parents, for a warm start with identical data and algorithm."""
    if tuning.request.get("WarmStartConfig", {}).get("WarmStartType") != warm_start.IDENTICAL:
        return None
    found = tunings.best([*tuning.parents, *tuning.trials], tuning.minimize)
    return summary(tuning, found) if found else None


def summary(tuning: Tuning, trial: Trial) -> dict[str, Any]:
    """Return a training job's entry, as in ListTrainingJobsForHyperParameterTuningJob."""
    job = trial.job
    final = None if trial.objective is None else {"MetricName": tuning.metric, "Value": trial.objective}
    described = {
        "TrainingJobDefinitionName": tuning.definition.get("DefinitionName"),
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TuningJobName": trial.tuning,
        "CreationTime": job.created,
        "TrainingStartTime": job.started,
        "TrainingEndTime": job.ended,
        "TrainingJobStatus": job.status,
        "TunedHyperParameters": dict(trial.values),
        "FailureReason": job.failure,
        "FinalHyperParameterTuningJobObjectiveMetric": final,
        "ObjectiveStatus": trial.objective_status,
    }
    return without_none(described)


def status_counters(trials: Sequence[Trial]) -> dict[str, int]:
    """Return TrainingJobStatusCounters."""
    counts = Counter(_counted_status(trial) for trial in trials)
    names = ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped")
    return {name: counts[name] for name in names}


def _counted_status(trial: Trial) -> str:
    if trial.job.status == "Failed":
        is_internal = (trial.job.failure or "").startswith(INTERNAL_ERROR)
        return "RetryableError" if is_internal else "NonRetryableError"
    return trial.job.status if trial.job.has_ended else "InProgress"


def objective_counters(trials: Sequence[Trial]) -> dict[str, int]:
    """Return ObjectiveStatusCounters."""
    counts = Counter(trial.objective_status for trial in trials)
    return {name: counts[name] for name in ("Succeeded", "Pending", "Failed")}


def page(found: Sequence[Tuning], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of ListHyperParameterTuningJobs.

    Raises:
        ServiceError: a NextToken that no response gave.
    """
    selected = select(found, wanted, by="Name", order="Ascending")
    cut, token = cut_page([one for one in selected if wanted.get("StatusEquals", one.status) == one.status], wanted)
    return {"HyperParameterTuningJobSummaries": [_listed(one) for one in cut]} | token


def _listed(tuning: Tuning) -> dict[str, Any]:
    return without_none(
        {
            "HyperParameterTuningJobName": tuning.name,
            "HyperParameterTuningJobArn": tuning.arn,
            "HyperParameterTuningJobStatus": tuning.status,
            "Strategy": tuning.config["Strategy"],
            "CreationTime": tuning.created,
            "HyperParameterTuningEndTime": tuning.ended,
            "LastModifiedTime": tuning.modified,
            "TrainingJobStatusCounters": status_counters(tuning.trials),
            "ObjectiveStatusCounters": objective_counters(tuning.trials),
            "ResourceLimits": _config(tuning)["ResourceLimits"],
        }
    )


def trial_page(tuning: Tuning, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of ListTrainingJobsForHyperParameterTuningJob.

    Sorted by the objective, the list has only training jobs that have one.

    Raises:
        ServiceError: a NextToken that no response gave.
    """
    keys = {
        "Name": lambda trial: trial.job.name,
        "CreationTime": lambda trial: (trial.job.created, trial.job.name),
        "Status": lambda trial: (trial.job.status, trial.job.created),
        "FinalObjectiveMetricValue": lambda trial: trial.objective,
    }
    by, status = wanted.get("SortBy", "Name"), wanted.get("StatusEquals")
    found = [trial for trial in tuning.trials if status in (None, trial.job.status)]
    if by == "FinalObjectiveMetricValue":
        found = [trial for trial in found if trial.objective is not None]
    found.sort(key=keys[by], reverse=wanted.get("SortOrder") == "Descending")
    cut, token = cut_page(found, wanted)
    return {"TrainingJobSummaries": [summary(tuning, trial) for trial in cut]} | token
