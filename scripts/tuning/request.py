"""Builds the CreateHyperParameterTuningJob request from the request of one training job. Pure functions.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html
"""

import secrets
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scripts.core.errors import UserError
from scripts.jobfile.members import owner_of, shape
from scripts.tuning.results import KINDS, Direction, Range
from scripts.tuning.space import combinations

if TYPE_CHECKING:
    from botocore.model import Shape

    from scripts.jobfile.tuning_table import TuningTable

LONGEST_NAME = 32
"""API_CreateHyperParameterTuningJob.html#sagemaker-CreateHyperParameterTuningJob-request-HyperParameterTuningJobName"""
MOST_VARIABLES = 48
"""API_HyperParameterTrainingJobDefinition.html: a training job of its own may have 100."""
# The tuning itself carries these.
OF_THE_TUNING = ("TrainingJobName", "Tags", "HyperParameters")


@dataclass(frozen=True)
class Search:
    """What a tuning searches.

    Args:
        table: the table [tuning] of the job file.
        direction: ``Minimize`` or ``Maximize``.
        ranges: the hyperparameters that it chooses, with their values.
    """

    table: "TuningTable"
    direction: Direction
    ranges: Sequence[Range]

    @property
    def max_jobs(self) -> int:
        """How many training jobs it starts at most: for a grid, one for each combination."""
        if self.table.strategy == "Grid":
            return combinations(self.ranges)
        return self.table.max_jobs or 1


def tuning_name(spec_name: str, now: datetime | None = None) -> str:
    """A new tuning's name: ``<job file, cut>-<yymmddHHMMSS>-<4 random characters>``, at most 32 characters (UTC)."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    random = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(4))
    return f"{name_stem(spec_name)}-{moment:%y%m%d%H%M%S}-{random}"


def name_stem(spec_name: str) -> str:
    """How the names of a job file's tunings begin: with the job file's, cut if necessary."""
    return spec_name[: LONGEST_NAME - len("-260101120000-abcd")].rstrip("-")


def build_request(search: Search, job: Mapping[str, Any]) -> dict[str, Any]:
    """The request for one tuning.

    Args:
        search: what it searches.
        job: the CreateTrainingJob request of one of its training jobs, with the tuning's name.

    Returns:
        The keyword arguments of boto3's ``create_hyper_parameter_tuning_job``.

    Raises:
        UserError: the job has something that a tuning's training jobs cannot have.
    """
    request: dict[str, Any] = {
        "HyperParameterTuningJobName": job["TrainingJobName"],
        "HyperParameterTuningJobConfig": _config(search),
        "TrainingJobDefinition": _definition(search, job),
        "Tags": job["Tags"],
    }
    if search.table.warm_start is not None:
        request["WarmStartConfig"] = {
            "ParentHyperParameterTuningJobs": [
                {"HyperParameterTuningJobName": name} for name in search.table.warm_start.tunings
            ],
            "WarmStartType": search.table.warm_start.type,
        }
    if search.table.autotune:
        request["Autotune"] = {"Mode": "Enabled"}
    return request


def _config(search: Search) -> dict[str, Any]:
    table = search.table
    limits = {"MaxNumberOfTrainingJobs": search.max_jobs, "MaxParallelTrainingJobs": table.parallel_jobs}
    if table.max_runtime_seconds is not None:
        limits["MaxRuntimeInSeconds"] = table.max_runtime_seconds
    config: dict[str, Any] = {
        "Strategy": table.strategy,
        "HyperParameterTuningJobObjective": {"Type": search.direction, "MetricName": table.objective},
        "ResourceLimits": limits,
        "ParameterRanges": _ranges(search.ranges),
        "TrainingJobEarlyStoppingType": "Auto" if table.early_stopping else "Off",
    }
    if criteria := _criteria(table):
        config["TuningJobCompletionCriteria"] = criteria
    if table.seed is not None:
        config["RandomSeed"] = table.seed
    return config


def _ranges(ranges: Sequence[Range]) -> dict[str, Any]:
    found = {member: [_range(one) for one in ranges if one.kind == kind] for member, kind in KINDS.items()}
    return {member: listed for member, listed in found.items() if listed}


def _range(one: Range) -> dict[str, Any]:
    if one.kind == "categorical":
        return {"Name": one.name, "Values": [*one.choices]}
    return {"Name": one.name, "MinValue": one.low, "MaxValue": one.high, "ScalingType": one.scaling}


def _criteria(table: "TuningTable") -> dict[str, Any]:
    criteria: dict[str, Any] = {}
    if table.target_value is not None:
        criteria["TargetObjectiveMetricValue"] = table.target_value
    if table.max_jobs_without_improvement is not None:
        most = {"MaxNumberOfTrainingJobsNotImproving": table.max_jobs_without_improvement}
        criteria["BestObjectiveNotImproving"] = most
    if table.stop_on_convergence:
        criteria["ConvergenceDetected"] = {"CompleteOnConvergence": "Enabled"}
    return criteria


def _definition(search: Search, job: Mapping[str, Any]) -> dict[str, Any]:
    """The part of the job's request that its training jobs share."""
    shared = {name: value for name, value in job.items() if name not in OF_THE_TUNING}
    lacking = next(_not_in(shape("HyperParameterTrainingJobDefinition"), shared), None)
    if lacking is not None:
        owner = owner_of(lacking)
        key = owner.key if owner and owner.key else f"request.{lacking}"
        raise UserError(
            f"A tuning cannot have {key}: its training jobs have no {lacking} (CreateHyperParameterTuningJob).",
            f"Remove {key} from the job file, or tune with a job file of its own.",
        )
    if len(shared.get("Environment", {})) > MOST_VARIABLES:
        raise UserError(
            f"[environment] has {len(shared['Environment'])} variables; a tuning's training jobs have at most "
            f"{MOST_VARIABLES}, with that of the key program.",
            "Remove some, or pass them as hyperparameters.",
        )
    names = {one.name for one in search.ranges}
    fixed = {name: value for name, value in job.get("HyperParameters", {}).items() if name not in names}
    return {**shared, **({"StaticHyperParameters": fixed} if fixed else {})}


def _not_in(known: "Shape", value: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """The members that the shape does not have, such as ``AlgorithmSpecification.ContainerEntrypoint``."""
    members: Mapping[str, Shape] = known.members  # type: ignore[attr-defined]
    for name, item in value.items():
        member = f"{path}.{name}" if path else name
        if name not in members:
            yield member
        elif isinstance(item, Mapping) and members[name].type_name == "structure":
            yield from _not_in(members[name], item, member)
