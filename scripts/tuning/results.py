"""What a tuning job has found so far, as one value: the ``Tuning`` with its ``Trial``s, one for each training job.

The value is a pure function of SageMaker's answers, so a search in progress and one that ended look the same, and it
does not matter who started it. The answers:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeHyperParameterTuningJob.html,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperParameterTrainingJobSummary.html,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from scripts import costs
from scripts.runs.record import TUNED

Direction = Literal["Minimize", "Maximize"]
ENDED = frozenset({"Completed", "Failed", "Stopped", "DeleteFailed"})
"""The values of HyperParameterTuningJobStatus after which nothing changes any more."""
KINDS: Mapping[str, Literal["integer", "continuous", "categorical"]] = {
    "IntegerParameterRanges": "integer",
    "ContinuousParameterRanges": "continuous",
    "CategoricalParameterRanges": "categorical",
}


@dataclass(frozen=True)
class Range:
    """The range of one searched hyperparameter.

    Args:
        name: the hyperparameter.
        kind: integer, continuous or categorical.
        scaling: Auto, Linear, Logarithmic or ReverseLogarithmic; empty for a categorical one.
        low: the lowest value, as it was sent; empty for a categorical one.
        high: the highest value, likewise.
        choices: the values of a categorical one; else empty.
    """

    name: str
    kind: Literal["integer", "continuous", "categorical"]
    scaling: str = ""
    low: str = ""
    high: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trial:
    """One training job of a tuning job.

    Args:
        job: its name.
        status: TrainingJobStatus.
        values: the values of the searched hyperparameters, as SageMaker reports them.
        objective: the final value of the objective; None if there is none (yet), or if it is NaN or infinite.
        created: when SageMaker created it.
        started: when its instances began to train; None if they have not.
        ended: when it ended; None while it runs.
        seconds: how long it trained, so far or in all; None before it starts.
        billable_seconds: what AWS bills of each instance; None while it runs.
        cost_usd: the cost of `billable_seconds`, while it runs that of `seconds`; None if the price is not known.
        failure_reason: FailureReason; None if it has not failed.
    """

    job: str
    status: str
    values: Mapping[str, str]
    objective: float | None
    created: datetime
    started: datetime | None = None
    ended: datetime | None = None
    seconds: int | None = None
    billable_seconds: int | None = None
    cost_usd: float | None = None
    failure_reason: str | None = None


@dataclass(frozen=True)
class Tuning:
    """One tuning job.

    Args:
        name: its name.
        status: HyperParameterTuningJobStatus.
        strategy: Bayesian, Random, Grid or Hyperband.
        objective: the name of its objective's metric.
        direction: Minimize or Maximize.
        ranges: what it searches.
        fixed: the hyperparameters that all of its jobs have in common.
        trials: its training jobs, the oldest first.
        best: the name of the best job; None if no job has an objective yet. After a warm start it may be one of a
            parent's, which is not among `trials`.
        max_jobs: how many jobs it may create; None without a limit.
        parallel_jobs: how many of them may run at a time.
        created: when SageMaker created it.
        ended: when it ended; None while it runs.
        failure_reason: FailureReason; None if it has not failed.
        prices_of: where the price of its jobs comes from, such as ``prices of 2023-12``; empty if it is not known.
    """

    name: str
    status: str
    strategy: str
    objective: str
    direction: Direction
    ranges: tuple[Range, ...]
    fixed: Mapping[str, str]
    trials: tuple[Trial, ...]
    best: str | None
    max_jobs: int | None
    parallel_jobs: int
    created: datetime
    ended: datetime | None = None
    failure_reason: str | None = None
    prices_of: str = ""

    @property
    def cost_usd(self) -> float | None:
        """The cost of all jobs so far, in USD; None if the price is not known."""
        known = [trial.cost_usd for trial in self.trials if trial.cost_usd is not None]
        return sum(known) if known else None

    @property
    def best_trial(self) -> Trial | None:
        """The best job; None if there is none yet, or if it is a parent's."""
        return next((trial for trial in self.trials if trial.job == self.best), None)


def make_tuning(
    tuning: Mapping[str, Any],
    summaries: Iterable[Mapping[str, Any]],
    jobs: Mapping[str, Mapping[str, Any]],
    price: tuple[float, str] | None,
    now: datetime,
) -> Tuning:
    """The value of a tuning job.

    Args:
        tuning: the DescribeHyperParameterTuningJob response.
        summaries: the TrainingJobSummaries of ListTrainingJobsForHyperParameterTuningJob, of all pages.
        jobs: DescribeTrainingJob responses by the job's name, as far as they are known: they say what is billed.
        price: USD an hour of all instances of one job, and where that comes from; None if it is not known.
        now: the time until which a running job has trained.
    """
    config = tuning["HyperParameterTuningJobConfig"]
    definition, limits = tuning.get("TrainingJobDefinition") or {}, config["ResourceLimits"]
    objective = config.get("HyperParameterTuningJobObjective") or {}
    sent = definition.get("StaticHyperParameters") or {}
    hour = price[0] if price else None
    trials = [_trial(one, jobs.get(one["TrainingJobName"], {}), hour, now) for one in summaries]
    best = tuning.get("OverallBestTrainingJob") or tuning.get("BestTrainingJob") or {}
    return Tuning(
        name=tuning["HyperParameterTuningJobName"],
        status=tuning["HyperParameterTuningJobStatus"],
        strategy=config["Strategy"],
        objective=objective.get("MetricName", ""),
        direction=objective.get("Type", "Minimize"),
        ranges=tuple(_ranges(config.get("ParameterRanges") or {})),
        fixed={name: value for name, value in sent.items() if name != TUNED},
        trials=tuple(sorted(trials, key=lambda trial: (trial.created, trial.job))),
        best=best.get("TrainingJobName"),
        max_jobs=limits.get("MaxNumberOfTrainingJobs"),
        parallel_jobs=limits["MaxParallelTrainingJobs"],
        created=tuning["CreationTime"].astimezone(UTC),
        ended=_utc(tuning.get("HyperParameterTuningEndTime")),
        failure_reason=tuning.get("FailureReason"),
        prices_of=price[1] if price else "",
    )


def ranked(tuning: Tuning) -> list[Trial]:
    """The jobs of a tuning job: those with an objective, the best first; then those that run; then the others."""
    sign = 1 if tuning.direction == "Minimize" else -1

    def key(trial: Trial) -> tuple[float, float, str]:
        if trial.objective is not None:
            # SageMaker's own choice is the first of equals.
            return 0, sign * trial.objective, "" if trial.job == tuning.best else trial.job
        return 1 if trial.ended is None else 2, trial.created.timestamp(), trial.job

    return sorted(tuning.trials, key=key)


def best_so_far(tuning: Tuning) -> list[tuple[Trial, float]]:
    """The jobs with an objective in the order in which they ended, each with the best value until then."""
    better = min if tuning.direction == "Minimize" else max
    found: list[tuple[Trial, float]] = []
    known = [trial for trial in tuning.trials if trial.objective is not None]
    for trial in sorted(known, key=lambda trial: (trial.ended or datetime.max.replace(tzinfo=UTC), trial.job)):
        value = float(trial.objective or 0.0)
        found.append((trial, better(value, found[-1][1]) if found else value))
    return found


def _trial(summary: Mapping[str, Any], job: Mapping[str, Any], hour: float | None, now: datetime) -> Trial:
    started, ended = _utc(summary.get("TrainingStartTime")), _utc(summary.get("TrainingEndTime"))
    seconds: int | None = job.get("TrainingTimeInSeconds")
    if seconds is None and started is not None:
        seconds = max(0, round(((ended or now) - started).total_seconds()))
    billable: int | None = job.get("BillableTimeInSeconds")
    paid = seconds if billable is None else billable
    value = (summary.get("FinalHyperParameterTuningJobObjectiveMetric") or {}).get("Value")
    return Trial(
        job=summary["TrainingJobName"],
        status=summary["TrainingJobStatus"],
        values=dict(summary.get("TunedHyperParameters") or {}),
        objective=value if value is not None and math.isfinite(value) else None,
        created=summary["CreationTime"].astimezone(UTC),
        started=started,
        ended=ended,
        seconds=seconds,
        billable_seconds=billable,
        cost_usd=None if hour is None or paid is None else costs.cost(hour, paid),
        failure_reason=summary.get("FailureReason"),
    )


def _ranges(ranges: Mapping[str, Sequence[Mapping[str, Any]]]) -> Iterable[Range]:
    for member, kind in KINDS.items():
        for one in ranges.get(member) or ():
            if kind == "categorical":
                yield Range(one["Name"], kind, choices=tuple(one["Values"]))
            else:
                yield Range(one["Name"], kind, one.get("ScalingType", "Auto"), one["MinValue"], one["MaxValue"])


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
