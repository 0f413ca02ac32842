import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import Metric
from scripts.jobfile.reading import LONGEST_NAME, NAME, parse_job
from scripts.training import TrainingJob, build_request, job_name, merge_metrics
from tests.unit.aws_server import STACK
from tests.unit.training.shapes import MODEL, problems

JOB = "digits-20260101-120000-ab12"
TYPES = MODEL.shape_for("TrainingInstanceType").enum  # type: ignore[attr-defined]


def training_job(values: dict[str, Any], **more: Any) -> TrainingJob:
    spec = parse_job({"channels": {"training": {"source": "data/x"}}, **values}, "jobs/digits.toml")
    arguments = {"image": "uri:tag", "hyperparameters": {}, "metrics": ()} | more
    return TrainingJob("digits", spec, JOB, **arguments)


def test_request_of_a_minimal_job_file() -> None:
    request = build_request(training_job({}, hyperparameters={"epochs": "3"}), STACK)
    assert request["TrainingJobName"] == JOB
    assert request["RoleArn"] == STACK.role_arn
    assert request["OutputDataConfig"] == {"S3OutputPath": "s3://models/digits/"}
    assert request["CheckpointConfig"]["S3Uri"] == f"s3://checkpoints/digits/{JOB}/"
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert request["HyperParameters"] == {"epochs": "3"}
    (channel,) = request["InputDataConfig"]
    assert channel["DataSource"]["S3DataSource"]["S3Uri"] == "s3://data/digits/training/"
    assert "Environment" not in request
    assert not problems("CreateTrainingJob", request)


def test_s3_sources_are_used_unchanged() -> None:
    source = "s3://public/some/prefix"
    request = build_request(training_job({"channels": {"training": {"source": source}}}), STACK)
    assert request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] == source


def test_spot_sets_the_maximum_wait() -> None:
    spot = build_request(training_job({"spot": True, "max_runtime_seconds": 60}), STACK)
    assert spot["EnableManagedSpotTraining"] is True
    assert spot["StoppingCondition"] == {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 120}


def test_the_warm_pool_is_in_the_request() -> None:
    resources = build_request(training_job({"keep_alive_seconds": 600}), STACK)["ResourceConfig"]
    assert resources["KeepAlivePeriodInSeconds"] == 600
    assert "KeepAlivePeriodInSeconds" not in build_request(training_job({}), STACK)["ResourceConfig"]


def test_program_is_an_environment_variable() -> None:
    request = build_request(training_job({"program": "my_train.py", "environment": {"A": "b"}}), STACK)
    assert request["Environment"] == {"A": "b", "SAGEMAKER_PROGRAM": "my_train.py"}


def test_a_job_has_the_tags_of_the_stack_and_of_its_job_file() -> None:
    stack = STACK.model_copy(update={"tags": {"CostCenter": "ml", "Owner": "team"}})
    request = build_request(training_job({"tags": {"Owner": "ada"}}), stack)
    assert {tag["Key"]: tag["Value"] for tag in request["Tags"]} == {
        "CostCenter": "ml", "Owner": "ada", "Project": "trainyard", "Environment": "local", "Job": "digits"
    }  # fmt: skip
    assert len(request["Tags"]) == 5
    many = {f"tag{number}": "x" for number in range(40)}
    assert len(build_request(training_job({"tags": many}), stack)["Tags"]) == 45
    with pytest.raises(UserError, match="There are 63 tags"):
        build_request(
            training_job({"tags": many}), STACK.model_copy(update={"tags": {f"s{n}": "x" for n in range(20)}})
        )


KEY = "arn:aws:kms:us-east-1:123456789012:key/1"
OWN_KEY = "arn:aws:kms:us-east-1:123456789012:key/2"


@pytest.mark.parametrize(
    ("values", "volume"),
    [
        ({"instance_type": "ml.m5.large"}, KEY),
        ({"instance_type": "ml.m5.large", "volume_kms_key": OWN_KEY}, OWN_KEY),
        ({"instance_type": "ml.g4dn.4xlarge"}, None),
    ],
)
def test_the_key_of_the_stack_is_the_default(values: dict[str, Any], volume: str | None) -> None:
    request = build_request(training_job(values), STACK.model_copy(update={"kms_key_arn": KEY}))
    assert request["OutputDataConfig"]["KmsKeyId"] == KEY
    assert request["ResourceConfig"].get("VolumeKmsKeyId") == volume
    assert not problems("CreateTrainingJob", request)
    without = build_request(training_job(values), STACK)
    assert "KmsKeyId" not in without["OutputDataConfig"]


def test_a_job_runs_in_the_subnets_of_the_stack() -> None:
    network = {"subnet_ids": ("subnet-0a", "subnet-0b"), "security_group_ids": ("sg-0c",)}
    request = build_request(training_job({}), STACK.model_copy(update=network))
    assert request["VpcConfig"] == {"Subnets": ["subnet-0a", "subnet-0b"], "SecurityGroupIds": ["sg-0c"]}
    assert not problems("CreateTrainingJob", request)
    assert "VpcConfig" not in build_request(training_job({}), STACK)


VPC = {"subnets": ["subnet-0a", "subnet-0b"], "security_groups": ["sg-0c"]}


@pytest.mark.parametrize(
    ("values", "place", "sent"),
    [
        ({"encrypt_between_instances": True}, "EnableInterContainerTrafficEncryption", True),
        ({"output_kms_key": OWN_KEY}, "OutputDataConfig.KmsKeyId", OWN_KEY),
        ({"output_compression": "none"}, "OutputDataConfig.CompressionType", "NONE"),
        ({"retries": 3}, "RetryStrategy", {"MaximumRetryAttempts": 3}),
        ({"infra_check": True}, "InfraCheckConfig", {"EnableInfraCheck": True}),
        ({"entrypoint": ["python", "x.py"]}, "AlgorithmSpecification.ContainerEntrypoint", ["python", "x.py"]),
        ({"arguments": ["--fast", ""]}, "AlgorithmSpecification.ContainerArguments", ["--fast", ""]),
        ({"vpc": VPC}, "VpcConfig", {"Subnets": VPC["subnets"], "SecurityGroupIds": VPC["security_groups"]}),
        (
            {"channels": {"training": {"source": "data/x", "shuffle_seed": 7}}},
            "InputDataConfig.0.ShuffleConfig",
            {"Seed": 7},
        ),
    ],
)
def test_a_key_is_sent_at_its_place_and_not_without_it(values: dict[str, Any], place: str, sent: Any) -> None:
    def found(request: Any) -> Any:
        for name in place.split("."):
            request = request[int(name)] if isinstance(request, list) else request.get(name, {})
        return request

    request = build_request(training_job(values), STACK)
    assert found(request) == sent
    assert problems("CreateTrainingJob", request) == []
    assert not found(build_request(training_job({}), STACK))


def test_the_network_of_the_stack_may_be_asked_for() -> None:
    stack = STACK.model_copy(update={"subnet_ids": ("subnet-0a",), "security_group_ids": ("sg-0c",)})
    own = {"subnets": ["subnet-1"], "security_groups": ["sg-1"]}
    assert build_request(training_job({"vpc": "stack"}), stack)["VpcConfig"]["Subnets"] == ["subnet-0a"]
    assert build_request(training_job({"vpc": own}), stack)["VpcConfig"]["Subnets"] == ["subnet-1"]
    with pytest.raises(UserError, match="the stack of local has no network"):
        build_request(training_job({"vpc": "stack"}), STACK)


def test_job_file_metrics_replace_those_of_the_trainer() -> None:
    merged = merge_metrics([Metric("loss", "l=(.)"), Metric("a", "a=(.)")], {"loss": "L=(.)"})
    assert merged == (Metric("loss", "L=(.)"), Metric("a", "a=(.)"))
    with pytest.raises(UserError):
        merge_metrics([], {str(number): "(.)" for number in range(41)})


TEXT = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), max_size=30)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "instance_type": st.sampled_from(TYPES),
        "instance_count": st.integers(1, 20),
        "volume_size_gb": st.integers(1, 16384),
        "max_runtime_seconds": st.integers(1, 28 * 86400),
        "spot": st.booleans(),
        "network_isolation": st.booleans(),
        "encrypt_between_instances": st.booleans(),
        "infra_check": st.booleans(),
        "retries": st.integers(1, 30),
        "output_compression": st.sampled_from(["gzip", "none"]),
        "output_kms_key": st.just(OWN_KEY),
        "vpc": st.just(VPC),
        "entrypoint": st.lists(
            st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"])), min_size=1, max_size=3
        ),
        "arguments": st.lists(st.just("-x"), min_size=1, max_size=100),
        "program": st.just("my_train.py"),
        "environment": st.dictionaries(st.from_regex(r"\A[a-zA-Z_][a-zA-Z0-9_]{0,20}\Z"), TEXT, max_size=5),
        "tags": st.dictionaries(st.from_regex(r"\A[A-Z][A-Za-z0-9 _.:/=+@-]{0,20}\Z"), st.just("ü 1"), max_size=5),
        "metrics": st.dictionaries(TEXT.filter(bool), st.just("x=([0-9.]+)"), max_size=5),
        "channels": st.dictionaries(
            st.from_regex(r"\A[A-Za-z0-9._-]{1,64}\Z"),
            st.fixed_dictionaries(
                {"source": st.sampled_from(["data/x", "s3://bucket/some/prefix"])},
                optional={
                    "input_mode": st.sampled_from(["File", "FastFile", "Pipe"]),
                    "distribution": st.sampled_from(["FullyReplicated", "ShardedByS3Key"]),
                    "content_type": TEXT,
                    "shuffle_seed": st.integers(-(2**63), 2**63 - 1),
                },
            ),
            max_size=5,
        ).map(lambda channels: {"training": {"source": "data/x"}} | channels),
    },
)


@pytest.mark.e2e
@settings(max_examples=150, deadline=None)
@given(SPECS, st.dictionaries(TEXT.filter(bool), TEXT, max_size=5))
def test_every_valid_job_file_gives_a_valid_request(values: dict[str, Any], hyperparameters: dict[str, str]) -> None:
    job = training_job(values, hyperparameters=hyperparameters, metrics=merge_metrics([], values.get("metrics", {})))
    request = build_request(job, STACK)
    assert problems("CreateTrainingJob", request) == []
    condition = request["StoppingCondition"]
    assert ("MaxWaitTimeInSeconds" in condition) == request["EnableManagedSpotTraining"]
    assert condition.get("MaxWaitTimeInSeconds", 28 * 86400) >= condition["MaxRuntimeInSeconds"]


MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))


@given(st.from_regex(NAME, fullmatch=True).filter(lambda name: len(name) <= LONGEST_NAME), MOMENTS)
def test_job_names_are_valid_and_sort_by_time(spec: str, moment: datetime) -> None:
    first, second = job_name(spec, moment), job_name(spec, moment + timedelta(seconds=1))
    assert first < second
    assert len(first) <= 63
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", first)


def test_job_names_of_the_same_second_differ() -> None:
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert len({job_name("digits", now) for _ in range(50)}) > 45
    assert job_name("digits", now).startswith("digits-20260101-120000-")
