"""Who may search: the rights of a tuning's caller, the trust of its role, and the rights of its jobs."""

from typing import Any

import pytest

from tests.unit.localcloud.access.people import Client, People, allow, refused
from tests.unit.localcloud.access.training_role import key_rights, network_rights, rights
from tests.unit.localcloud.account import RIGHTS, make_role
from tests.unit.localcloud.tuning.searching import Searches

pytestmark = pytest.mark.e2e

ACCOUNT = "123456789012"
TUNINGS = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:hyper-parameter-tuning-job/*"
PASS_ROLE = allow("iam:PassRole", resource=f"arn:aws:iam::{ACCOUNT}:role/training")
CREATE = allow("sagemaker:CreateHyperParameterTuningJob", resource=TUNINGS)
ADD_TAGS = allow("sagemaker:AddTags", resource=TUNINGS)


def trust(*kinds: str) -> dict[str, Any]:
    """What lets SageMaker assume a role for these kinds of jobs."""
    arns = [f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:{kind}/*" for kind in kinds]
    return {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": arns}},
    }


def test_a_caller_needs_the_operation_the_role_and_the_tags(searches: Searches, people: People) -> None:
    request = searches.request(jobs=1, Tags=[{"Key": "Job", "Value": "digits"}])
    for statements, lacking in (
        ((PASS_ROLE, ADD_TAGS), "sagemaker:CreateHyperParameterTuningJob"),
        ((CREATE, ADD_TAGS), "iam:PassRole"),
        ((CREATE, PASS_ROLE), "sagemaker:AddTags"),
    ):
        _, client = people.user(*statements)
        code, _, message = refused(client("sagemaker").create_hyper_parameter_tuning_job, **request)
        assert (code, f"perform: {lacking} " in message) == ("AccessDeniedException", True), message
    _, client = people.user(CREATE, PASS_ROLE, ADD_TAGS)
    sagemaker, name = client("sagemaker"), {"HyperParameterTuningJobName": request["HyperParameterTuningJobName"]}
    sagemaker.create_hyper_parameter_tuning_job(**request)
    for operation in (
        "describe_hyper_parameter_tuning_job",
        "list_training_jobs_for_hyper_parameter_tuning_job",
        "stop_hyper_parameter_tuning_job",
        "delete_hyper_parameter_tuning_job",
    ):
        assert refused(getattr(sagemaker, operation), **name)[0] == "AccessDeniedException"
    assert refused(sagemaker.list_hyper_parameter_tuning_jobs)[0] == "AccessDeniedException"
    assert searches.end(name["HyperParameterTuningJobName"])["HyperParameterTuningJobStatus"] == "Completed"


@pytest.mark.parametrize("kinds", [("training-job",), ("hyper-parameter-tuning-job",)])
def test_sagemaker_must_be_allowed_to_assume_the_role_for_the_tuning_and_for_its_jobs(
    searches: Searches, client: Client, kinds: tuple[str, ...]
) -> None:
    role = make_role(client("iam"), f"tunes-{kinds[0]}", RIGHTS, trust=trust(*kinds))
    request = searches.request(jobs=1, definition={"RoleArn": role})
    code, _, message = refused(searches.sagemaker.create_hyper_parameter_tuning_job, **request)
    assert (code, message.startswith("Could not assume role")) == ("ValidationException", True)


def test_a_search_with_network_key_tags_and_spot_by_a_person_and_a_role_with_no_other_rights(
    searches: Searches, people: People, client: Client
) -> None:
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="searches", Description="x")["GroupId"]
    data, models, checkpoints = (f"arn:aws:s3:::{name}" for name in ("data", "models", "checkpoints"))
    given = rights(data, models, checkpoints, f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/trainer")
    both = trust("training-job", "hyper-parameter-tuning-job")
    role = make_role(client("iam"), "searches", *given, *key_rights(key), *network_rights(subnet, group), trust=both)
    definition = {
        "RoleArn": role,
        "VpcConfig": {"Subnets": [subnet], "SecurityGroupIds": [group]},
        "OutputDataConfig": {"S3OutputPath": "s3://models/searches/", "KmsKeyId": key},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 10,
            "VolumeKmsKeyId": key,
        },
        "EnableManagedSpotTraining": True,
        "StoppingCondition": {"MaxRuntimeInSeconds": 100, "MaxWaitTimeInSeconds": 200},
        "CheckpointConfig": {"S3Uri": "s3://checkpoints/searches/"},
    }
    request = searches.request(jobs=3, parallel=2, definition=definition, Tags=[{"Key": "Job", "Value": "digits"}])
    pass_role = allow("iam:PassRole", resource=role)
    _, ada = people.user(CREATE, pass_role, ADD_TAGS)
    ada("sagemaker").create_hyper_parameter_tuning_job(**request)
    name = request["HyperParameterTuningJobName"]
    assert searches.end(name)["TrainingJobStatusCounters"]["Completed"] == 3, searches.trials(name)
    found = client("s3").list_objects_v2(Bucket="models", Prefix="searches/")["Contents"]
    assert {client("s3").head_object(Bucket="models", Key=one["Key"])["SSEKMSKeyId"] for one in found} == {key}


def test_jobs_whose_role_lacks_a_right_fail_each_with_its_reason(searches: Searches, client: Client) -> None:
    both = trust("training-job", "hyper-parameter-tuning-job")
    iam = client("iam")
    role = make_role(iam, "tunes", RIGHTS, trust=both)
    assert searches.run(jobs=1, definition={"RoleArn": role})["HyperParameterTuningJobStatus"] == "Completed"
    poor = make_role(iam, "tunes-poorly", allow("logs:*"), trust=both)
    tuning = searches.run(jobs=1, definition={"RoleArn": poor})
    assert tuning["FailureReason"].startswith("No training job succeeded after 1 attempts.")
    (trial,) = searches.trials(tuning["HyperParameterTuningJobName"])
    assert "AccessDenied" in trial["FailureReason"]
