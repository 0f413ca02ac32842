"""The request of a tuning's training job."""

from datetime import UTC, datetime

import pytest

from scripts.localcloud.sagemaker import validation
from scripts.localcloud.tuning.describe import description
from scripts.localcloud.tuning.trial_request import SAME, job_name, job_request
from scripts.localcloud.tuning.tunings import new_tuning
from tests.unit.localcloud.tuning.test_rules import DEFINITION, VALID, changed, definition
from tests.unit.training.shapes import MODEL, problems

OWN = {"DefinitionName", "TuningObjective", "HyperParameterRanges", "StaticHyperParameters"}


def test_a_job_has_what_the_definition_has_and_the_chosen_values() -> None:
    network = {"Subnets": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}
    members = {
        "CheckpointConfig": {"S3Uri": "s3://checkpoints/search/"},
        "EnableManagedSpotTraining": True,
        "Environment": {"A": "1"},
        "RetryStrategy": {"MaximumRetryAttempts": 1},
        "VpcConfig": network,
    }
    request = changed(definition(**members)) | {"Tags": [{"Key": "k", "Value": "v"}]}
    made = job_request(request, job_name("t", 7, "0a1b2c3d"), {"x": "0.5", "n": "3"})
    validation.check("CreateTrainingJob", made)
    assert problems("CreateTrainingJob", made) == []
    assert made["TrainingJobName"] == "t-007-0a1b2c3d"
    assert made["HyperParameters"] == {"s": "1", "x": "0.5", "n": "3", "_tuning_objective_metric": "loss"}
    assert made["Tags"] == request["Tags"]
    assert {name: made[name] for name in members} == members
    assert made["ResourceConfig"] == request[DEFINITION]["ResourceConfig"]


def test_its_resources_may_be_those_of_the_tuning() -> None:
    resources = VALID[DEFINITION]["ResourceConfig"] | {"VolumeSizeInGB": 20}
    request = changed(definition(HyperParameterTuningResourceConfig=resources))
    del request[DEFINITION]["ResourceConfig"]
    assert job_request(request, "t-001", {})["ResourceConfig"] == resources
    now = datetime(2026, 1, 1, tzinfo=UTC)
    described = description(new_tuning(request, "us-east-1", "123456789012", now, 0), now)["TrainingJobDefinition"]
    assert described["ResourceConfig"] == described["HyperParameterTuningResourceConfig"] == resources


def test_the_longest_name_of_a_tuning_makes_names_of_jobs() -> None:
    name = job_name("t" * 32, 10_000, "0" * 8)
    validation.check("DescribeTrainingJob", {"TrainingJobName": name})


def test_every_member_of_a_definition_is_used() -> None:
    members = MODEL.shape_for("HyperParameterTrainingJobDefinition").members  # type: ignore[attr-defined]
    assert {*SAME, *OWN, "HyperParameterTuningResourceConfig"} == set(members)


@pytest.mark.parametrize("member", SAME)
def test_a_member_that_is_missing_stays_so(member: str) -> None:
    request = changed(lambda request: request[DEFINITION].pop(member, None))
    assert member not in job_request(request, "t-001", {})
