"""A hyperparameter tuning job as a value: its request, its training jobs and its status.

A ``Tuning`` is immutable; ``TuningStore.change`` replaces it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any

from scripts.localcloud.environment import name_on_disk
from scripts.localcloud.interruptions import Interruption
from scripts.localcloud.sagemaker.jobs import Job
from scripts.localcloud.sagemaker.store import Store
from scripts.localcloud.sagemaker.tags import read_tags
from scripts.localcloud.tuning import ranges
from scripts.localcloud.tuning.sampling import Result

OBJECTIVE_PARAMETER = "_tuning_objective_metric"
"""The hyperparameter in which each training job finds the name of the objective.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-metrics-variables.html
"""


class EndReason(Enum):
    """Why a tuning ends before it has run all of its training jobs."""

    USER = "StopHyperParameterTuningJob was called"
    MAX_RUNTIME = "MaxRuntimeInSeconds is over"
    TARGET = "TargetObjectiveMetricValue is reached"
    NOT_IMPROVING = "MaxNumberOfTrainingJobsNotImproving did not improve the best objective"
    CONVERGED = "the tuning has converged"
    FAILED = "no training job succeeds"


@dataclass(frozen=True)
class Trial:
    """A training job of a tuning.

    Attributes:
        tuning: the tuning's name.
        job: the training job, as it was when the tuning last looked.
        values: the hyperparameters that were chosen for it, as text.
        history: the objective's values that it has printed so far.
    """

    tuning: str
    job: Job
    values: Mapping[str, str]
    history: tuple[float, ...] = ()

    @property
    def objective(self) -> float | None:
        """The final value of the objective; None for a job that runs, failed, or printed none."""
        return self.history[-1] if self.job.status in ("Completed", "Stopped") and self.history else None

    @property
    def objective_status(self) -> str:
        """ObjectiveStatus."""
        if not self.job.has_ended:
            return "Pending"
        return "Failed" if self.objective is None else "Succeeded"


@dataclass(frozen=True)
class Tuning:
    """A hyperparameter tuning job.

    Attributes:
        request: CreateHyperParameterTuningJob's parameters, unchanged.
        seed: RandomSeed, or a number that was drawn for it.
        parents: the training jobs of the tunings that WarmStartConfig names.
        interruptions: when the instances of each of its training jobs are taken away.
        trials: its training jobs, in the order of their creation.
        status: HyperParameterTuningJobStatus.
        end_reason: why it is being ended or was ended; None for one that runs all of its training jobs.
        failure: FailureReason.
        converged: ConvergenceDetectedTime.
    """

    request: Mapping[str, Any]
    arn: str
    region: str
    created: datetime
    modified: datetime
    seed: int
    parents: tuple[Trial, ...] = ()
    interruptions: tuple[Interruption, ...] = ()
    trials: tuple[Trial, ...] = ()
    status: str = "InProgress"
    ended: datetime | None = None
    end_reason: EndReason | None = None
    failure: str | None = None
    converged: datetime | None = None
    tags: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """HyperParameterTuningJobName."""
        return str(self.request["HyperParameterTuningJobName"])

    @property
    def entry(self) -> str:
        """Its name in the journal."""
        return name_on_disk(self.name, self.region)

    @property
    def config(self) -> Mapping[str, Any]:
        """HyperParameterTuningJobConfig."""
        found: Mapping[str, Any] = self.request["HyperParameterTuningJobConfig"]
        return found

    @property
    def definition(self) -> Mapping[str, Any]:
        """TrainingJobDefinition."""
        found: Mapping[str, Any] = self.request["TrainingJobDefinition"]
        return found

    @property
    def metric(self) -> str:
        """The name of the objective."""
        return str(self.config["HyperParameterTuningJobObjective"]["MetricName"])

    @property
    def minimize(self) -> bool:
        """Whether the smaller objective is the better one."""
        return bool(self.config["HyperParameterTuningJobObjective"]["Type"] == "Minimize")

    @property
    def space(self) -> ranges.SearchSpace:
        """The ranges that are searched."""
        return ranges.read(self.config["ParameterRanges"])

    @property
    def has_ended(self) -> bool:
        """Whether the tuning is Completed, Failed or Stopped."""
        return self.ended is not None

    @property
    def running(self) -> tuple[Trial, ...]:
        """The training jobs that have not ended."""
        return tuple(trial for trial in self.trials if not trial.job.has_ended)

    @property
    def max_jobs(self) -> int:
        """How many training jobs it runs at most: MaxNumberOfTrainingJobs; for a grid, one for each combination."""
        return max_jobs(self.config)

    def objectives(self) -> list[float]:
        """Return the final objectives, in the order in which the training jobs ended."""
        done = [trial for trial in self.trials if trial.objective is not None]
        done.sort(key=lambda trial: trial.job.ended or self.created)
        return [trial.objective for trial in done if trial.objective is not None]

    def request_end(self, reason: EndReason, at: datetime) -> "Tuning":
        """Return the tuning as Stopping; the first reason stays, and a tuning that has ended stays as it is."""
        if self.has_ended or self.end_reason:
            return self
        return replace(self, status="Stopping", end_reason=reason, modified=at)


class TuningStore(Store[Tuning]):
    """Keeps all tunings by their ARN."""


def max_jobs(config: Mapping[str, Any]) -> int:
    """Return MaxNumberOfTrainingJobs of a HyperParameterTuningJobConfig; for a grid, the number of its combinations.

    Without it, a tuning ends by its other criteria, and at the latest at AWS's quota.
    """
    if config["Strategy"] == "Grid":
        return ranges.combinations(ranges.read(config["ParameterRanges"]))
    return int(config["ResourceLimits"].get("MaxNumberOfTrainingJobs", most_jobs(config["Strategy"])))


def most_jobs(strategy: str) -> int:
    """Return the most training jobs that AWS runs in one tuning.

    https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html
    """
    return 10_000 if strategy == "Random" else 750


def new_tuning(
    request: Mapping[str, Any],
    region: str,
    account: str,
    at: datetime,
    seed: int,
    parents: tuple[Trial, ...] = (),
    interruptions: tuple[Interruption, ...] = (),
) -> Tuning:
    """Create the value of a new tuning, with status InProgress."""
    name = request["HyperParameterTuningJobName"]
    return Tuning(
        request=request,
        arn=f"arn:aws:sagemaker:{region}:{account}:hyper-parameter-tuning-job/{name.lower()}",
        region=region,
        created=at,
        modified=at,
        seed=seed,
        parents=parents,
        interruptions=interruptions,
        tags=read_tags(request),
    )


def best(trials: Iterable[Trial], minimize: bool) -> Trial | None:
    """Return the training job with the best objective, the earliest of equal ones; None if none has an objective."""
    known = [(trial.objective, trial) for trial in trials if trial.objective is not None]
    if not known:
        return None
    return (min if minimize else max)(known, key=lambda pair: pair[0])[1]


def results(trials: Iterable[Trial]) -> list[Result]:
    """Return what sampling needs to know of training jobs: all of their hyperparameters, and how they ended."""
    return [
        Result(dict(trial.job.request["HyperParameters"]), trial.objective, not trial.job.has_ended) for trial in trials
    ]
