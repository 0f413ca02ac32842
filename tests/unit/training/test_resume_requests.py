"""The request for a job that resumes an earlier one, built from its DescribeTrainingJob response."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.stub import Stubber

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import Metric, describe_trainer, resolve_hyperparameters
from scripts.jobfile.reading import NAME, parse_job
from scripts.training import TrainingJob, build_request, resume_checks, resume_request
from tests.unit.aws_server import STACK
from tests.unit.training.shapes import MODEL, problems

JOB = "digits-20260101-120000-ab12"
MEMBERS = MODEL.shape_for("CreateTrainingJobRequest").members  # type: ignore[attr-defined]
SPEC = {
    "instance_type": "ml.m5.large",
    "instance_count": 2,
    "spot": True,
    "network_isolation": True,
    "volume_kms_key": "key",
    "environment": {"A": "b"},
    "channels": {"training": {"source": "data/x", "input_mode": "FastFile"}, "more": {"source": "s3://public/x/"}},
}


def sent(**change: Any) -> dict[str, Any]:
    job = TrainingJob(
        "digits",
        parse_job(SPEC | change, "jobs/digits.toml"),
        JOB,
        "uri@sha256:abc",
        {"epochs": "3", "note": '"a\\nb"'},
        [Metric("loss", "loss=(.*)")],
    )
    return build_request(job, STACK)


def described(status: str = "Stopped", **change: Any) -> dict[str, Any]:
    """The DescribeTrainingJob response of such a job: without tags, with empty texts and more members."""
    moment = datetime(2026, 1, 1, 12, tzinfo=UTC)
    own = {
        "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{JOB}",
        "TrainingJobStatus": status,
        "SecondaryStatus": status,
        "CreationTime": moment,
        "TrainingStartTime": moment,
        "ModelArtifacts": {"S3ModelArtifacts": "s3://models/x"},
        "EnableInterContainerTrafficEncryption": False,
        "BillableTimeInSeconds": 3,
        "ProfilingStatus": "Disabled",
    }
    request = {name: value for name, value in sent(**change).items() if name != "Tags"}
    request["OutputDataConfig"] = request["OutputDataConfig"] | {"KmsKeyId": "", "CompressionType": "GZIP"}
    return request | own


def build(changes: dict[str, str], tags: dict[str, str] | None = None, **change: Any) -> dict[str, Any]:
    return resume_request.build(described(**change), tags or {}, changes, MEMBERS)


def refusal(changes: dict[str, str], status: str = "Stopped", **change: Any) -> UserError:
    with pytest.raises(UserError) as caught:
        resume_request.check(described(status, **change), changes)
    return caught.value


def test_only_name_tags_and_changed_hyperparameters_differ() -> None:
    request = build({"epochs": "20"}, {"Project": "trainyard", "aws:cloudformation:stack-name": "x"})
    assert request["TrainingJobName"] != JOB
    assert request["TrainingJobName"].startswith("digits-2")
    assert request["HyperParameters"] == {"epochs": "20", "note": '"a\\nb"'}
    assert request["Tags"] == [{"Key": "Project", "Value": "trainyard"}, {"Key": "Resumes", "Value": JOB}]
    other = {"TrainingJobName", "HyperParameters", "Tags", "OutputDataConfig"}
    before = sent()
    assert {name: request[name] for name in before if name not in other} == {
        name: value for name, value in before.items() if name not in other
    }
    assert request["CheckpointConfig"]["S3Uri"] == f"s3://checkpoints/digits/{JOB}/"
    assert request["OutputDataConfig"]["S3OutputPath"] == "s3://models/digits/"
    assert not problems("CreateTrainingJob", request)


@pytest.mark.parametrize(
    ("change", "runs"),
    [
        ({}, True),
        ({"Environment": {"SAGEMAKER_PROGRAM": "x.py"}}, False),
        ({"AlgorithmSpecification": {"ContainerEntrypoint": ["sh"]}}, False),
        ({"AlgorithmSpecification": {"ContainerArguments": ["other"]}}, False),
    ],
)
def test_which_jobs_run_the_trainer_s_train(change: dict[str, Any], runs: bool) -> None:
    assert resume_checks.runs_trainer({"AlgorithmSpecification": {}, **change}) is runs


def test_resuming_a_resumed_job_keeps_the_checkpoints_and_names_the_last_job() -> None:
    again = {name: value for name, value in build({}).items() if name != "Tags"} | {"TrainingJobStatus": "Failed"}
    request = resume_request.build(again, {"Resumes": JOB}, {}, MEMBERS)
    assert request["Tags"] == [{"Key": "Resumes", "Value": again["TrainingJobName"]}]
    assert request["CheckpointConfig"]["S3Uri"] == f"s3://checkpoints/digits/{JOB}/"


@pytest.mark.parametrize("name", ["somebody-s-job", "a" * 63, "a" * 41 + "-" + "b" * 20])
def test_job_with_another_name_pattern_can_be_resumed(name: str) -> None:
    made = resume_request.build(described() | {"TrainingJobName": name}, {}, {}, MEMBERS)["TrainingJobName"]
    assert len(made) <= 63
    assert NAME.fullmatch(made)
    assert made != name


def test_only_ended_jobs_with_checkpoints_and_work_left_can_be_resumed() -> None:
    for status in ("Stopped", "Failed"):
        resume_request.check(described(status), {})
    resume_request.check(described("Completed"), {"epochs": "4"})
    for status in ("InProgress", "Stopping"):
        refused = refusal({"epochs": "4"}, status)
        assert f"{JOB} is {status}" in refused.problem
        assert f"make stop RUN={JOB}" in refused.fix
    assert "without checkpoints" in refusal({}, spot=False, checkpoints=False).problem
    for changes in ({}, {"epochs": "3"}):
        refused = refusal(changes, "Completed")
        assert f"{JOB} is Completed" in refused.problem
        assert 'HP="epochs=N"' in refused.fix


@pytest.mark.usefixtures("empty_aws")
def test_tags_are_copied_if_you_may_read_them() -> None:
    sagemaker, output = aws.client("sagemaker"), list[str]()
    with Stubber(sagemaker) as stub:
        stub.add_response("list_tags", {"Tags": [{"Key": "Team", "Value": "vision"}]})
        assert resume_checks.tags_of(sagemaker, described(), output.append) == {"Team": "vision"}
        stub.add_client_error("list_tags", "AccessDeniedException", "no", 403)
        assert resume_checks.tags_of(sagemaker, described(), output.append) == {}
    assert output == [f"Not checked: the tags of {JOB} (no right to sagemaker:ListTags)."]


def test_what_each_job_of_a_run_cost_is_found_by_its_tags(empty_aws: None) -> None:
    """The oldest was deleted; a tag that others changed leads to no job twice."""
    sagemaker = aws.client("sagemaker")
    price, arn = {"Key": "PricePerHour", "Value": "3600"}, described()["TrainingJobArn"]
    older = described() | {"TrainingJobName": "older", "BillableTimeInSeconds": 5}
    with Stubber(sagemaker) as stub:
        stub.add_response("describe_training_job", older, {"TrainingJobName": "older"})
        stub.add_response("list_tags", {"Tags": [price, {"Key": "Resumes", "Value": JOB}]}, {"ResourceArn": arn})
        tags = {"PricePerHour": "3600", "Resumes": "older"}
        assert resume_checks.spent_before(sagemaker, described(), tags) == [3.0, 5.0]
        stub.add_client_error("describe_training_job", "ValidationException", "Requested resource not found.")
        assert resume_checks.spent_before(sagemaker, described(), tags) == [3.0, None]


class Jobs:
    """A fake SageMaker with one running job that writes its checkpoints to ``uri``: jobs of moto end at once."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def get_paginator(self, _: str) -> "Jobs":
        return self

    def paginate(self, **_: object) -> list[dict[str, object]]:
        return [{"TrainingJobSummaries": [{"TrainingJobName": "it", "TrainingJobStatus": "InProgress"}]}]

    def describe_training_job(self, TrainingJobName: str) -> dict[str, object]:  # noqa: N803 -- boto3's name
        return {"TrainingJobName": TrainingJobName, "CheckpointConfig": {"S3Uri": self.uri}}


OURS = f"s3://checkpoints/digits/{JOB}"


@pytest.mark.usefixtures("empty_aws")
def test_checkpoints_and_data_must_be_unchanged() -> None:
    earlier, output = described() | {"CreationTime": datetime.now(UTC)}, list[str]()
    s3: Any = aws.client("s3")
    for bucket in ("data", "checkpoints", "public"):
        s3.create_bucket(Bucket=bucket)

    def refused(elsewhere: str = "s3://checkpoints/digits/other/") -> str:
        try:
            resume_checks.check(Jobs(elsewhere), earlier, output.append)
        except UserError as error:
            return error.problem
        return ""

    assert f"left no checkpoint in {OURS}/" in refused()
    s3.put_object(Bucket="checkpoints", Key=f"digits/{JOB}/step-1/state", Body=b"x")
    assert refused() == ""
    for elsewhere in (OURS, f"{OURS}/", "s3://checkpoints/digits", f"{OURS}/deeper/"):
        assert f"it is writing its checkpoints to {elsewhere}:" in refused(elsewhere)
    assert refused(f"{OURS}2/") == ""
    earlier["CreationTime"] = datetime(2026, 1, 1, tzinfo=UTC)
    s3.put_object(Bucket="public", Key="x/new", Body=b"x")
    assert "The data of the channel more have changed" in refused()
    assert "s3://public/x/new." in refused()
    assert output == []


# A change that would change the results is refused before you pay for an instance.


def began(**hyperparameters: str) -> dict[str, Any]:
    return described() | {"HyperParameters": {"epochs": "15", "learning_rate": "0.002", **hyperparameters}}


@pytest.mark.parametrize(
    ("before", "changes"),
    [
        ({}, {"epochs": "15"}),
        ({}, {"checkpoint_steps": "5", "patience": "3"}),
        ({}, {"learning_rate": "0.1", "epochs": "20", "resume": "weights"}),
        ({"learning_rate_schedule": "constant"}, {"epochs": "20"}),
        ({"schedule_epochs": "30"}, {"epochs": "20"}),
        ({}, {"batch_size": "64"}),  # its default
    ],
)
def test_changes_without_effect_on_the_results_are_allowed(before: dict[str, str], changes: dict[str, str]) -> None:
    resume_request.check_changes(began(**before), changes, describe_trainer())


def test_changes_of_the_results_are_refused() -> None:
    trainer = describe_trainer()
    with pytest.raises(UserError) as caught:
        resume_request.check_changes(began(), {"learning_rate": "0.1"}, trainer)
    assert caught.value.problem == (
        f"{JOB} started with learning_rate=0.002, and its results depend on it with resume=exact."
    )
    assert caught.value.fix.startswith("Keep that value, or set resume too: ")
    with pytest.raises(UserError, match=r"started with epochs=15, .* with resume=exact and .* and schedule_epochs=0"):
        resume_request.check_changes(began(), {"epochs": "20"}, trainer)
    with pytest.raises(UserError) as caught:
        resume_request.check_changes(began(), {"model": "ResNet50", "resume": "weights"}, trainer)
    assert caught.value.problem == f"{JOB} started with model=small_cnn, and its results depend on it."
    assert caught.value.fix == "Keep that value."
    resume_request.check_changes(began(), {"anything": "goes"}, None)


def test_a_typed_value_has_the_type_that_it_has_in_the_earlier_job() -> None:
    earlier = {"HyperParameters": {"flag": "true", "text": '"true"', "word": "plain", "kept": "1"}}
    typed = {"flag": "false", "text": "false", "word": "2", "new": "3"}
    before = resume_request.values_before(earlier, typed)
    assert before == {"flag": True, "text": "true", "word": "plain"}
    assert resolve_hyperparameters(before, typed, None) == {
        "flag": "false",
        "text": '"false"',
        "word": '"2"',
        "new": "3",
    }


def test_a_tuning_job_s_training_job_is_resumed_from_its_own_folder() -> None:
    alone = described()
    assert resume_request.apart(alone) is alone
    place = alone["CheckpointConfig"]
    child = alone | {"HyperParameters": alone["HyperParameters"] | {"_tuning_objective_metric": "val_loss"}}
    found = resume_request.apart(child)
    assert found["HyperParameters"] == alone["HyperParameters"]
    assert found["CheckpointConfig"] == place | {"S3Uri": f"{place['S3Uri'].rstrip('/')}/{JOB}/"}
    request = resume_request.build(found, {}, {}, MEMBERS, datetime(2026, 1, 2, tzinfo=UTC))
    assert not problems("CreateTrainingJob", request)
    assert request["CheckpointConfig"]["S3Uri"].endswith(f"/{JOB}/")
