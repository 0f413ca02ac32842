"""The rules for a tuning that the service model does not have: AWS's own, and the limits of the local cloud.

AWS's rules: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html and the
pages of its types; limits: https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html. Each
function takes CreateHyperParameterTuningJob's parameters and yields a message for each problem.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.localcloud.awsjson import validation_error
from scripts.localcloud.tuning import early_stopping, ranges
from scripts.localcloud.tuning.tunings import OBJECTIVE_PARAMETER, max_jobs, most_jobs

MOST_PARALLEL = 100
MOST_SEARCHED = 30
MOST_HYPERPARAMETERS = 100
MOST_EPOCHS = 20_000
KINDS = ("IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges")

Request = Mapping[str, Any]


def check(request: Request) -> None:
    """Refuse a request that breaks a rule; the error names the first.

    Raises:
        ServiceError: ValidationException.
    """
    for rule in (_members, _objective, _names, _numbers, _scalings, _choices, _limits, _grid, _hyperband, _warm_start):
        for problem in rule(request):
            raise validation_error(problem)


def _config(request: Request) -> Mapping[str, Any]:
    found: Mapping[str, Any] = request["HyperParameterTuningJobConfig"]
    return found


def _ranges(request: Request) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each range with its kind."""
    searched = _config(request).get("ParameterRanges", {})
    for kind in KINDS:
        for one in searched.get(kind, []):
            yield kind, one


def _members(request: Request) -> Iterator[str]:
    if "TrainingJobDefinition" not in request:
        yield "You must specify either TrainingJobDefinition or TrainingJobDefinitions."
        return
    definition = request["TrainingJobDefinition"]
    for member, place in (
        ("TuningObjective", "HyperParameterTuningJobObjective"),
        ("HyperParameterRanges", "ParameterRanges"),
    ):
        if member in definition:
            yield f"{member} is for TrainingJobDefinitions; with one TrainingJobDefinition, set {place} of the config."
    if ("ResourceConfig" in definition) == ("HyperParameterTuningResourceConfig" in definition):
        yield "You must specify either ResourceConfig or HyperParameterTuningResourceConfig, and not both."


def _objective(request: Request) -> Iterator[str]:
    objective = _config(request).get("HyperParameterTuningJobObjective")
    if objective is None:
        yield "HyperParameterTuningJobObjective is missing: it is required with one TrainingJobDefinition."
        return
    definitions = request["TrainingJobDefinition"]["AlgorithmSpecification"].get("MetricDefinitions", [])
    if objective["MetricName"] not in [one["Name"] for one in definitions]:
        yield (
            f"The objective metric {objective['MetricName']} is not among the MetricDefinitions of the "
            "AlgorithmSpecification. A custom algorithm needs a metric definition for it."
        )


def _names(request: Request) -> Iterator[str]:
    searched = [one["Name"] for _, one in _ranges(request)]
    static = request["TrainingJobDefinition"].get("StaticHyperParameters", {})
    if not searched:
        yield "ParameterRanges has no range: a tuning searches at least one hyperparameter."
    for name, count in Counter(searched).items():
        if count > 1:
            yield f"ParameterRanges has the hyperparameter {name} more than once."
        if name in static:
            yield f"The hyperparameter {name} is both in StaticHyperParameters and in ParameterRanges."
    if OBJECTIVE_PARAMETER in (*searched, *static):
        yield f"The hyperparameter {OBJECTIVE_PARAMETER} is reserved: SageMaker sets it."
    counted = sum(len(one.get("Values", "1")) for _, one in _ranges(request))
    if counted > MOST_SEARCHED:
        yield (
            f"ParameterRanges has {counted} hyperparameters, each value of a categorical range counted; at most "
            f"{MOST_SEARCHED} can be searched."
        )
    if len(searched) + len(static) + 1 > MOST_HYPERPARAMETERS:
        yield f"A training job has at most {MOST_HYPERPARAMETERS} hyperparameters, the objective's name included."


def _numbers(request: Request) -> Iterator[str]:
    for kind, one in _ranges(request):
        if kind == "CategoricalParameterRanges":
            continue
        try:
            low, high = (ranges.number(one[bound], kind == KINDS[0]) for bound in ("MinValue", "MaxValue"))
        except ValueError as error:
            yield f"The range of {one['Name']}: {error}."
            continue
        if low >= high:
            yield f"The range of {one['Name']}: MinValue {one['MinValue']} is not below MaxValue {one['MaxValue']}."


def _scalings(request: Request) -> Iterator[str]:
    for kind, one in _ranges(request):
        scaling = one.get("ScalingType", "Auto")
        if scaling == "Logarithmic" and float(one["MinValue"]) <= 0:
            yield f"The range of {one['Name']}: Logarithmic scaling needs values greater than 0."
        if scaling == "ReverseLogarithmic" and kind == "IntegerParameterRanges":
            yield f"The range of {one['Name']}: ReverseLogarithmic scaling is for continuous ranges."
        elif scaling == "ReverseLogarithmic" and not (float(one["MinValue"]) >= 0 and float(one["MaxValue"]) < 1):
            yield f"The range of {one['Name']}: ReverseLogarithmic scaling needs values from 0 to below 1."


def _choices(request: Request) -> Iterator[str]:
    for kind, one in _ranges(request):
        if kind == "CategoricalParameterRanges" and len(set(one["Values"])) < len(one["Values"]):
            yield f"The range of {one['Name']} has a value more than once."


def _limits(request: Request) -> Iterator[str]:
    config = _config(request)
    limits, strategy = config["ResourceLimits"], config["Strategy"]
    criteria = config.get("TuningJobCompletionCriteria")
    if strategy != "Grid" and not ("MaxNumberOfTrainingJobs" in limits or "MaxRuntimeInSeconds" in limits or criteria):
        yield "ResourceLimits: specify MaxNumberOfTrainingJobs, MaxRuntimeInSeconds, or a completion criterion."
    if limits["MaxParallelTrainingJobs"] > MOST_PARALLEL:
        yield f"MaxParallelTrainingJobs is {limits['MaxParallelTrainingJobs']}; the most is {MOST_PARALLEL}."
    if max_jobs(config) > most_jobs(strategy):
        yield f"The tuning has {max_jobs(config)} training jobs; the most for {strategy} is {most_jobs(strategy)}."


def _grid(request: Request) -> Iterator[str]:
    config = _config(request)
    if config["Strategy"] != "Grid":
        return
    for kind, one in _ranges(request):
        if kind != "CategoricalParameterRanges":
            yield f"The strategy Grid searches categorical ranges only, and {one['Name']} has another range."
    asked = config["ResourceLimits"].get("MaxNumberOfTrainingJobs")
    if asked is not None and asked != max_jobs(config):
        yield (
            f"MaxNumberOfTrainingJobs is {asked}; for the strategy Grid it must be the number of combinations, "
            f"{max_jobs(config)}, or missing."
        )


def _hyperband(request: Request) -> Iterator[str]:
    config = _config(request)
    hyperband = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig")
    if config["Strategy"] != "Hyperband":
        if hyperband is not None:
            yield "HyperbandStrategyConfig is supported for the strategy Hyperband only."
        return
    if config.get("TrainingJobEarlyStoppingType", "Off") != "Off":
        yield "TrainingJobEarlyStoppingType must be Off for the strategy Hyperband, which stops training jobs itself."
    static = request["TrainingJobDefinition"].get("StaticHyperParameters", {})
    high, low = early_stopping.max_resource(hyperband or {}, static), (hyperband or {}).get("MinResource", 1)
    if high is None:
        yield (
            "Unable to infer MaxResource: set it in HyperbandStrategyConfig, or one of "
            f"{', '.join(early_stopping.EPOCH_PARAMETERS)} in StaticHyperParameters."
        )
    elif not low <= high <= MOST_EPOCHS:
        yield f"MaxResource is {high}; it must be at least MinResource, {low}, and at most {MOST_EPOCHS:,}."


def _warm_start(request: Request) -> Iterator[str]:
    strategy = _config(request)["Strategy"]
    if "WarmStartConfig" in request and strategy not in ("Bayesian", "Random"):
        yield f"A warm start tuning uses the strategy Bayesian or Random, and not {strategy}."
