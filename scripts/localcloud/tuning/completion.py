"""Decides when a tuning ends. Pure functions of the objectives so far and of its completion criteria.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-progress.html
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from scripts.localcloud.tuning.tunings import EndReason, Tuning

# "No training job succeeded after 5 attempts.": https://github.com/aws/amazon-sagemaker-examples/issues/2437
ATTEMPTS = 5
SIGNIFICANT = 0.01
"""An objective improves if it is better than the best one so far by this part of it."""
# AWS does not publish its rule. Here a tuning has converged if this many objectives, and half of all, did not improve.
CONVERGED_JOBS = 10


def due_end(tuning: Tuning, now: datetime) -> EndReason | None:
    """Return why a tuning must end now; None if it need not."""
    limit = tuning.config["ResourceLimits"].get("MaxRuntimeInSeconds")
    if limit is not None and (now - tuning.created).total_seconds() > limit:
        return EndReason.MAX_RUNTIME
    if has_failed(tuning):
        return EndReason.FAILED
    objectives, criteria = tuning.objectives(), tuning.config.get("TuningJobCompletionCriteria", {})
    return met_criterion(objectives, criteria, tuning.minimize)


def has_failed(tuning: Tuning) -> bool:
    """Return whether none of the first five training jobs succeeded, or none of all if it runs fewer."""
    ended = [trial for trial in tuning.trials if trial.job.has_ended]
    none = all(trial.objective is None for trial in ended)
    return none and len(ended) >= min(ATTEMPTS, tuning.max_jobs)


def failure_reason(tuning: Tuning) -> str:
    """Return FailureReason of a tuning in which no training job succeeds.

    AWS's first sentence: https://github.com/aws/amazon-sagemaker-examples/issues/2437
    """
    count = sum(trial.job.has_ended for trial in tuning.trials)
    if any(trial.job.status == "Completed" for trial in tuning.trials):
        return (
            f"No objective metrics found after running {count} training jobs. Please ensure that the custom algorithm "
            "is emitting the objective metric as defined by the regular expression provided."
        )
    return (
        f"No training job succeeded after {count} attempts. For additional details, please take a look at the training "
        "job failures by listing training jobs for the hyperparameter tuning job."
    )


def met_criterion(objectives: Sequence[float], criteria: Mapping[str, Any], minimize: bool) -> EndReason | None:
    """Return the completion criterion that objectives meet; None if they meet none.

    Args:
        objectives: the final objectives, in the order in which the training jobs ended.
        criteria: TuningJobCompletionCriteria.
        minimize: whether the smaller objective is the better one.
    """
    target = criteria.get("TargetObjectiveMetricValue")
    if target is not None and any(one <= target if minimize else one >= target for one in objectives):
        return EndReason.TARGET
    most = criteria.get("BestObjectiveNotImproving", {}).get("MaxNumberOfTrainingJobsNotImproving")
    if most is not None and not_improving(objectives, minimize) >= most:
        return EndReason.NOT_IMPROVING
    completes = criteria.get("ConvergenceDetected", {}).get("CompleteOnConvergence") == "Enabled"
    return EndReason.CONVERGED if completes and has_converged(objectives, minimize) else None


def not_improving(objectives: Sequence[float], minimize: bool) -> int:
    """Return how many objectives came after the last one that was better than all before it by 1%."""
    count, found = 0, None
    for one in objectives:
        gain = 0.0 if found is None else (found - one if minimize else one - found)
        if found is None or gain > SIGNIFICANT * abs(found):
            count = 0
        else:
            count += 1
        found = one if found is None else (min if minimize else max)(found, one)
    return count


def has_converged(objectives: Sequence[float], minimize: bool) -> bool:
    """Return whether a tuning is unlikely to improve."""
    return not_improving(objectives, minimize) >= max(CONVERGED_JOBS, len(objectives) / 2)
