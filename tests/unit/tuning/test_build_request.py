"""A tuning's request is valid by botocore's model, for every strategy, kind of range, scaling and criterion."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import Hyperparameter, Metric, TrainerDescription
from scripts.jobfile.reading import LONGEST_NAME, parse_job
from scripts.jobfile.tuning_table import TuningTable
from scripts.training import TrainingJob
from scripts.training import build_request as build_job_request
from scripts.tuning import limits
from scripts.tuning.request import Search, build_request, tuning_name
from scripts.tuning.space import search_space
from tests.unit.aws_server import STACK
from tests.unit.training.shapes import problems

JOB_FILE = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,41}"
KEY = "arn:aws:kms:us-east-1:123456789012:key/k"
RATE = {"learning_rate": {"min": 0.0001, "max": 0.1, "scaling": "Logarithmic"}}
VPC = {"subnets": ["subnet-0a1b2c3d"], "security_groups": ["sg-0a1b2c3d"]}
FILE = {
    "instance_type": "ml.m5.xlarge",
    "hyperparameters": {"epochs": 3, "learning_rate": 0.01},
    "channels": {"training": {"source": "data/x"}},
}
METRICS = (Metric("val_loss", "val_loss=(.*)", "minimize"), Metric("seconds", "seconds=(.*)"))
TRAINER = TrainerDescription(
    (
        Hyperparameter("learning_rate", "float", 1e-8, 10, None),
        Hyperparameter("batch_size", "int", 1, 65536, None),
        Hyperparameter("optimizer", "str", None, None, ("adam", "sgd")),
        Hyperparameter("flip", "bool", None, None, None),
    ),
    METRICS,
)


def table(**keys: Any) -> TuningTable:
    tuning = parse_job({**FILE, "tuning": {"objective": "val_loss", "max_jobs": 4, "ranges": RATE} | keys}, "x").tuning
    assert tuning is not None
    return tuning


def build(known: TrainerDescription | None = TRAINER, job: dict[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
    spec = parse_job({**FILE, **(job or {})}, "x")
    texts = {name: str(value) for name, value in spec.hyperparameters.items()}
    tuning = table(**keys)
    search = Search(tuning, limits.direction_of(tuning, METRICS), search_space(tuning, known, {}))
    limits.check(search, texts, METRICS)
    one = TrainingJob("digits", spec, "digits-260101120000-abcd", f"{STACK.repository_url}:v1", texts, METRICS)
    return build_request(search, build_job_request(one, STACK))


def refused(**keys: Any) -> str:
    with pytest.raises(UserError) as raised:
        build(**keys)
    return raised.value.problem


def test_a_job_file_becomes_a_request() -> None:
    request = build(strategy="Random", parallel_jobs=2, seed=7, max_runtime_seconds=600)
    assert problems("CreateHyperParameterTuningJob", request) == []
    assert request["HyperParameterTuningJobName"] == "digits-260101120000-abcd"
    assert request["HyperParameterTuningJobConfig"] == {
        "Strategy": "Random",
        "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "val_loss"},
        "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2, "MaxRuntimeInSeconds": 600},
        "ParameterRanges": {
            "ContinuousParameterRanges": [
                {"Name": "learning_rate", "MinValue": "0.0001", "MaxValue": "0.1", "ScalingType": "Logarithmic"}
            ]
        },
        "TrainingJobEarlyStoppingType": "Off",
        "RandomSeed": 7,
    }
    definition = request["TrainingJobDefinition"]
    assert definition["StaticHyperParameters"] == {"epochs": "3"}  # the tuning chooses the other one
    assert definition["CheckpointConfig"]["S3Uri"] == "s3://checkpoints/digits/digits-260101120000-abcd/"
    assert {"Key": "Job", "Value": "digits"} in request["Tags"]
    assert "Tags" not in definition


def test_the_jobs_have_what_a_definition_can_carry() -> None:
    more = {"spot": True, "vpc": VPC, "retries": 3, "output_kms_key": KEY, "volume_kms_key": KEY, "code": "/tmp"}
    more |= {"environment": {"A": "b"}, "encrypt_between_instances": True, "program": "a.py", "instance_count": 2}
    request = build(job=more | {"network_isolation": True}, known=None)
    assert problems("CreateHyperParameterTuningJob", request) == []
    definition = request["TrainingJobDefinition"]
    assert definition["EnableManagedSpotTraining"]
    assert definition["VpcConfig"] == {"Subnets": ["subnet-0a1b2c3d"], "SecurityGroupIds": ["sg-0a1b2c3d"]}
    assert definition["Environment"] == {"A": "b", "SAGEMAKER_PROGRAM": "a.py"}


@pytest.mark.parametrize(
    ("job", "named"),
    [
        ({"entrypoint": ["x"]}, "entrypoint"),
        ({"arguments": ["x"]}, "arguments"),
        ({"infra_check": True}, "infra_check"),
        ({"request": {"TensorBoardOutputConfig": {"S3OutputPath": "s3://a/b"}}}, "request.TensorBoardOutputConfig"),
        ({"request": {"AlgorithmSpecification": {"EnableSageMakerMetricsTimeSeries": True}}}, "request.AlgorithmS"),
    ],
)
def test_what_a_definition_cannot_carry_is_refused_by_name(job: dict[str, Any], named: str) -> None:
    assert f"A tuning cannot have {named}" in refused(job=job)


def test_the_jobs_of_a_tuning_have_fewer_variables() -> None:
    fits = {f"V{number}": "x" for number in range(48)}
    assert problems("CreateHyperParameterTuningJob", build(job={"environment": fits})) == []
    assert "at most 48" in refused(job={"environment": fits | {"MORE": "x"}})


def test_a_grid_counts_its_jobs() -> None:
    ranges = {"optimizer": {"values": ["adam", "sgd"]}, "flip": {"values": [True, False]}}
    request = build(strategy="Grid", ranges=ranges, max_jobs=None, parallel_jobs=3)
    assert problems("CreateHyperParameterTuningJob", request) == []
    config = request["HyperParameterTuningJobConfig"]
    assert config["ResourceLimits"]["MaxNumberOfTrainingJobs"] == 4
    assert config["ParameterRanges"]["CategoricalParameterRanges"][1] == {"Name": "flip", "Values": ["true", "false"]}
    assert "has 4 combinations" in refused(strategy="Grid", ranges=ranges, max_jobs=3)
    assert "has 4 combinations" in refused(strategy="Grid", ranges=ranges, max_jobs=None, parallel_jobs=5)


def test_hyperband_needs_the_number_of_epochs() -> None:
    assert problems("CreateHyperParameterTuningJob", build(strategy="Hyperband")) == []
    assert "epochs=many" in refused(strategy="Hyperband", job={"hyperparameters": {"epochs": "many"}})
    assert "no hyperparameter says" in refused(strategy="Hyperband", job={"hyperparameters": {}})
    searched = {"epochs": {"min": 1, "max": 9}}  # not the same for all jobs
    assert "no hyperparameter says" in refused(strategy="Hyperband", ranges=searched, known=None)


def test_limits_of_aws() -> None:
    assert "1000 jobs" in refused(max_jobs=1000)
    assert problems("CreateHyperParameterTuningJob", build(max_jobs=1000, strategy="Random")) == []
    many = {f"p{number}": {"values": ["a", "b"]} for number in range(16)}
    assert "searches 32" in refused(known=None, ranges=many)
    fixed = {f"f{number}": 1 for number in range(100)}
    assert "101 hyperparameters" in refused(job={"hyperparameters": fixed})
    assert "nothing to search" in refused(ranges={})
    metrics = [Metric(f"m{number}", "(.)") for number in range(21)]
    with pytest.raises(UserError, match="21 metrics"):
        limits.check(Search(table(), "Minimize", search_space(table(), None, {})), {}, metrics)


def test_the_objective_is_a_metric_whose_better_values_are_known() -> None:
    assert limits.direction_of(table(), METRICS) == "Minimize"
    assert limits.direction_of(table(direction="Maximize"), METRICS) == "Maximize"
    assert "nobody says" in refused(objective="seconds")
    with pytest.raises(UserError, match="prints no such metric") as raised:
        limits.direction_of(table(objective="val_los"), METRICS)
    assert raised.value.fix == "Did you mean val_loss? The job's metrics: val_loss, seconds."


def test_the_hyperparameters_own_type_decides() -> None:
    ranges = {"batch_size": {"min": 8, "max": 64}, "learning_rate": {"min": 1, "max": 2}}
    kinds = {one.name: one.kind for one in search_space(table(ranges=ranges), TRAINER, {})}
    assert kinds == {"batch_size": "integer", "learning_rate": "continuous"}
    kinds = {one.name: one.kind for one in search_space(table(ranges=ranges), None, {})}
    assert kinds == {"batch_size": "integer", "learning_rate": "integer"}


def test_another_program_gets_a_string_as_a_string() -> None:
    ranges = {"depth": {"values": ["1", "two", 3, True]}}
    (found,) = search_space(table(ranges=ranges), None, {})
    assert found.choices == ('"1"', "two", "3", "true")


def test_a_name_has_the_time_and_at_most_32_characters() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert tuning_name("digits", moment).startswith("digits-260102030405-")
    assert tuning_name("a-very-long-job-file", moment).startswith("a-very-long-jo-260102030405-")
    assert tuning_name("a-very-long-j-file", moment).startswith("a-very-long-j-260102030405-")


@settings(max_examples=60)
@given(st.from_regex(JOB_FILE, fullmatch=True).filter(lambda name: len(name) <= LONGEST_NAME))
def test_every_job_file_has_a_valid_name(spec_name: str) -> None:
    request = {"HyperParameterTuningJobName": tuning_name(spec_name), "HyperParameterTuningJobConfig": {}}
    found = problems("CreateHyperParameterTuningJob", request)
    assert [one for one in found if "JobName:" in one] == []


FLOAT = st.floats(1e-6, 0.9, allow_nan=False)
RANGES = st.one_of(
    st.tuples(FLOAT, FLOAT, st.sampled_from(["Auto", "Linear", "Logarithmic", "ReverseLogarithmic", None])),
    st.tuples(st.integers(1, 99), st.integers(1, 99), st.sampled_from(["Auto", "Linear", "Logarithmic", None])),
).filter(lambda one: one[0] != one[1])
LISTS = st.lists(st.one_of(st.text(max_size=9), st.integers(), st.booleans()), min_size=1, max_size=5, unique_by=str)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, Any]:
    strategy = draw(st.sampled_from(["Bayesian", "Random", "Grid", "Hyperband"]))
    found: dict[str, Any] = {"strategy": strategy, "objective": "val_loss", "max_jobs": draw(st.integers(1, 750))}
    found["parallel_jobs"] = draw(st.integers(1, min(100, found["max_jobs"])))
    found["ranges"] = {f"p{number}": {"values": draw(LISTS)} for number in range(draw(st.integers(1, 3)))}
    if strategy == "Grid":
        del found["max_jobs"], found["parallel_jobs"]
    else:
        for number in range(draw(st.integers(0, 3))):
            low, high, scaling = draw(RANGES)
            one = {"min": min(low, high), "max": max(low, high)}
            found["ranges"][f"q{number}"] = one | ({"scaling": scaling} if scaling else {})
    optional = {
        "direction": st.sampled_from(["Minimize", "Maximize"]),
        "max_runtime_seconds": st.integers(120, 30 * 24 * 3600),
        "early_stopping": st.booleans() if strategy != "Hyperband" else st.just(False),
        "target_value": st.floats(-1e6, 1e6, allow_nan=False),
        "max_jobs_without_improvement": st.integers(3, 50),
        "stop_on_convergence": st.booleans(),
        "seed": st.integers(0, 2**31 - 1),
        "autotune": st.booleans(),
        "warm_start": st.fixed_dictionaries(
            {"tunings": st.lists(st.just("digits-260101120000-abcd"), min_size=1, max_size=5)},
            optional={"type": st.sampled_from(["IdenticalDataAndAlgorithm", "TransferLearning"])},
        ),
    }
    return found | draw(st.fixed_dictionaries({}, optional=optional))


@pytest.mark.e2e
@settings(max_examples=150)
@given(tables())
def test_every_valid_table_becomes_a_valid_request(keys: dict[str, Any]) -> None:
    request = build(known=None, **{"max_jobs": None, **keys})
    assert problems("CreateHyperParameterTuningJob", request) == []
    ranges = request["HyperParameterTuningJobConfig"]["ParameterRanges"]
    named = {one["Name"] for listed in ranges.values() for one in listed}
    assert named == set(keys["ranges"])
