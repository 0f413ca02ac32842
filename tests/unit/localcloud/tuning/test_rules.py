"""What a CreateHyperParameterTuningJob request must not have: each rule, with its message."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from scripts.localcloud.awsjson import ServiceError
from scripts.localcloud.sagemaker import support, validation
from scripts.localcloud.tuning import rules, warm_start
from scripts.localcloud.tuning.tunings import new_tuning
from tests.unit.training.shapes import problems

NOW = datetime(2026, 1, 1, tzinfo=UTC)
VALID: dict[str, Any] = {
    "HyperParameterTuningJobName": "t",
    "HyperParameterTuningJobConfig": {
        "Strategy": "Bayesian",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
        "ParameterRanges": {
            "IntegerParameterRanges": [{"Name": "n", "MinValue": "1", "MaxValue": "9"}],
            "ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "0.9"}],
            "CategoricalParameterRanges": [{"Name": "c", "Values": ["a", "b"]}],
        },
    },
    "TrainingJobDefinition": {
        "StaticHyperParameters": {"s": "1"},
        "AlgorithmSpecification": {
            "TrainingImage": "i",
            "TrainingInputMode": "File",
            "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*)"}],
        },
        "RoleArn": "arn:aws:iam::123456789012:role/training",
        "OutputDataConfig": {"S3OutputPath": "s3://models/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {},
    },
}
CATEGORICAL = {"CategoricalParameterRanges": [{"Name": "c", "Values": ["a", "b"]}]}
CONFIG, DEFINITION = "HyperParameterTuningJobConfig", "TrainingJobDefinition"
HYPERBAND = {"Strategy": "Hyperband"}
Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> dict[str, Any]:
    request = deepcopy(VALID)
    change(request)
    return request


def config(**members: Any) -> Change:
    return lambda request: request[CONFIG].update(members)


def definition(**members: Any) -> Change:
    return lambda request: request[DEFINITION].update(members)


def limits(**members: Any) -> Change:
    return lambda request: request[CONFIG]["ResourceLimits"].update(members)


def number(kind: str, **members: Any) -> Change:
    return lambda request: request[CONFIG]["ParameterRanges"][kind][0].update(members)


def without(part: str, member: str) -> Change:
    return lambda request: request[part].pop(member)


INTEGER, CONTINUOUS = "IntegerParameterRanges", "ContinuousParameterRanges"
REFUSED: list[tuple[Change, str]] = [
    (lambda request: request.pop(DEFINITION), "either TrainingJobDefinition or TrainingJobDefinitions"),
    (
        definition(TuningObjective={"Type": "Minimize", "MetricName": "x"}),
        "TuningObjective is for TrainingJobDefinitions",
    ),
    (definition(HyperParameterRanges={}), "HyperParameterRanges is for TrainingJobDefinitions"),
    (without(DEFINITION, "ResourceConfig"), "either ResourceConfig or HyperParameterTuningResourceConfig"),
    (definition(HyperParameterTuningResourceConfig={}), "either ResourceConfig or HyperParameterTuningResourceConfig"),
    (without(CONFIG, "HyperParameterTuningJobObjective"), "HyperParameterTuningJobObjective is missing"),
    (
        config(HyperParameterTuningJobObjective={"Type": "Minimize", "MetricName": "other"}),
        "The objective metric other is not among the MetricDefinitions",
    ),
    (config(ParameterRanges={}), "ParameterRanges has no range"),
    (number(INTEGER, Name="x"), "has the hyperparameter x more than once"),
    (number(INTEGER, Name="s"), "s is both in StaticHyperParameters and in ParameterRanges"),
    (definition(StaticHyperParameters={"_tuning_objective_metric": "loss"}), "_tuning_objective_metric is reserved"),
    (
        number("CategoricalParameterRanges", Values=[f"v{n}" for n in range(29)]),
        "at most 30 can be searched",
    ),
    (definition(StaticHyperParameters={f"s{n}": "1" for n in range(97)}), "at most 100 hyperparameters"),
    (number(INTEGER, MinValue="1.5"), "'1.5' is not an integer"),
    (number(CONTINUOUS, MaxValue="inf"), "'inf' is not a finite number"),
    (number(CONTINUOUS, MinValue="0.9"), "MinValue 0.9 is not below MaxValue 0.9"),
    (number(CONTINUOUS, ScalingType="Logarithmic"), "Logarithmic scaling needs values greater than 0"),
    (number(CONTINUOUS, ScalingType="ReverseLogarithmic", MaxValue="1"), "needs values from 0 to below 1"),
    (number(INTEGER, ScalingType="ReverseLogarithmic"), "ReverseLogarithmic scaling is for continuous ranges"),
    (number("CategoricalParameterRanges", Values=["a", "a"]), "has a value more than once"),
    (config(ResourceLimits={"MaxParallelTrainingJobs": 1}), "specify MaxNumberOfTrainingJobs, MaxRuntimeInSeconds"),
    (limits(MaxParallelTrainingJobs=101), "MaxParallelTrainingJobs is 101; the most is 100"),
    (limits(MaxNumberOfTrainingJobs=751), "the most for Bayesian is 750"),
    (config(Strategy="Grid"), "The strategy Grid searches categorical ranges only, and n has another range"),
    (config(Strategy="Grid", ParameterRanges=CATEGORICAL), "it must be the number of combinations, 2, or missing"),
    (config(StrategyConfig={"HyperbandStrategyConfig": {}}), "is supported for the strategy Hyperband only"),
    (config(**HYPERBAND, TrainingJobEarlyStoppingType="Auto"), "TrainingJobEarlyStoppingType must be Off"),
    (config(**HYPERBAND), "Unable to infer MaxResource"),
    (
        config(**HYPERBAND, StrategyConfig={"HyperbandStrategyConfig": {"MinResource": 9, "MaxResource": 3}}),
        "MaxResource is 3; it must be at least MinResource, 9",
    ),
    (
        lambda request: (
            config(**HYPERBAND)(request),
            definition(StaticHyperParameters={"epochs": "9"})(request),
            request.update(WarmStartConfig={}),
        ),
        "A warm start tuning uses the strategy Bayesian or Random, and not Hyperband",
    ),
]
ALLOWED: list[Change] = [
    lambda _: None,
    number("CategoricalParameterRanges", Values=[f"v{n}" for n in range(28)]),
    limits(MaxNumberOfTrainingJobs=750),
    number(CONTINUOUS, ScalingType="ReverseLogarithmic"),
    number(INTEGER, ScalingType="Logarithmic"),
    config(Strategy="Grid", ParameterRanges=CATEGORICAL, ResourceLimits={"MaxParallelTrainingJobs": 1}),
    config(Strategy="Random", ResourceLimits={"MaxParallelTrainingJobs": 1, "MaxNumberOfTrainingJobs": 10_000}),
    config(**HYPERBAND, StrategyConfig={"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 3}}),
    config(ResourceLimits={"MaxParallelTrainingJobs": 1, "MaxRuntimeInSeconds": 120}),
]


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=[message for _, message in REFUSED])
def test_a_request_that_breaks_a_rule_is_refused(change: Change, message: str) -> None:
    with pytest.raises(ServiceError) as raised:
        rules.check(changed(change))
    assert raised.value.code == "ValidationException"
    assert message in raised.value.message


@pytest.mark.parametrize("change", ALLOWED)
def test_what_the_model_and_the_rules_allow_passes(change: Change) -> None:
    request = changed(change)
    assert problems("CreateHyperParameterTuningJob", request) == []
    validation.check("CreateHyperParameterTuningJob", request)
    support.check("CreateHyperParameterTuningJob", request)
    rules.check(request)


@pytest.mark.parametrize(
    ("member", "message"),
    [
        ({"Autotune": {"Mode": "Enabled"}}, "Autotune: Autotune is AWS's own choice of ranges"),
        ({"TrainingJobDefinitions": [VALID[DEFINITION]]}, "it runs one TrainingJobDefinition"),
    ],
)
def test_what_the_local_cloud_cannot_run_is_refused_by_name(member: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError) as raised:
        support.check("CreateHyperParameterTuningJob", VALID | member)
    assert raised.value.message.startswith(support.CANNOT_RUN)
    assert message in raised.value.message


IDENTICAL = {"WarmStartConfig": {"ParentHyperParameterTuningJobs": [], "WarmStartType": "IdenticalDataAndAlgorithm"}}
TRANSFER = {"WarmStartConfig": IDENTICAL["WarmStartConfig"] | {"WarmStartType": "TransferLearning"}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            config(HyperParameterTuningJobObjective={"Type": "Maximize", "MetricName": "loss"}),
            "has another objective",
        ),
        (definition(StaticHyperParameters={}), "has 4 hyperparameters"),
        (
            config(ParameterRanges={"CategoricalParameterRanges": [{"Name": n, "Values": ["1"]} for n in "nxc"]}),
            "has another type of range for n",
        ),
        (definition(InputDataConfig=[{"ChannelName": "new"}]), "has another training image or other input data"),
    ],
)
def test_a_parent_that_does_not_suit_is_refused(change: Change, message: str) -> None:
    parent = replace(new_tuning(VALID, "us-east-1", "1", NOW, 0), ended=NOW, status="Completed")
    assert warm_start.trials(VALID | IDENTICAL, [parent]) == ()
    with pytest.raises(ServiceError) as raised:
        warm_start.trials(changed(change) | IDENTICAL, [parent])
    assert f"The parent tuning job t {message}" in raised.value.message


def test_other_data_is_for_transfer_learning_and_a_parent_must_have_ended() -> None:
    running = new_tuning(VALID, "us-east-1", "1", NOW, 0)
    other = changed(definition(InputDataConfig=[{"ChannelName": "new"}]))
    assert warm_start.trials(other | TRANSFER, [replace(running, ended=NOW)]) == ()
    with pytest.raises(ServiceError, match="is in status InProgress"):
        warm_start.trials(VALID | TRANSFER, [running])
