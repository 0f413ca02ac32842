"""The training role has every right that a job needs, and no other."""

import itertools
import json
from typing import Any

import pytest

from scripts.core.permissions import Place
from scripts.core.role_calls import Image, needed
from scripts.policies import actions
from scripts.policies.evaluator import Effect, Policies, Principal, Request, evaluate, read_policy
from tests.unit.localcloud.access.people import Client
from tests.unit.localcloud.access.training_role import STATEMENTS, key_rights, network_rights, rights
from tests.unit.localcloud.account import GROUP, document, make_role

ACCOUNT = "123456789012"
BUCKETS = [f"arn:aws:s3:::{name}" for name in ("data", "models", "checkpoints")]
REPOSITORY = f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/trainer"
RIGHTS = rights(BUCKETS[0], BUCKETS[1], BUCKETS[2], REPOSITORY)
PROGRAM = """
print("loss=1")
(base / "checkpoints/a").write_text("a")
(base / "model/m").write_text("m")
"""
_NUMBERS = itertools.count()


def trust(kind: str = "training-job") -> dict[str, Any]:
    """What lets SageMaker assume the role for jobs of this account, as the stack's role does."""
    return {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:{kind}/*"},
        },
    }


def run(account: Any, client: Client, *statements: dict[str, Any], **more: Any) -> tuple[str, str]:
    """Run a job that needs all of the role's rights; give its status and its FailureReason."""
    role = make_role(client("iam"), f"trained-{next(_NUMBERS)}", *statements, trust=trust())
    algorithm = {
        "TrainingImage": account.image,
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*)"}],
    }
    checkpoints = {"S3Uri": f"s3://checkpoints/{role.rpartition('/')[2]}/"}
    job = account.run(PROGRAM, RoleArn=role, AlgorithmSpecification=algorithm, CheckpointConfig=checkpoints, **more)
    return job["TrainingJobStatus"], job.get("FailureReason", "")


def forget_log_group(client: Client) -> None:
    logs = client("logs")
    if logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]:
        logs.delete_log_group(logGroupName=GROUP)


@pytest.mark.e2e
def test_a_job_completes_with_the_role_s_rights_in_a_new_account(account: Any, client: Client) -> None:
    forget_log_group(client)
    assert run(account, client, *RIGHTS) == ("Completed", "")


LACKING = {
    "ListDataAndCheckpoints": "s3:ListBucket",
    "ReadData": "s3:GetObject",
    "WriteModels": "s3:PutObject",
    "ReadAndWriteCheckpoints": "s3:PutObject",
    "PullImage": "ecr:BatchCheckLayerAvailability",
    "LogInToRegistry": "ecr:GetAuthorizationToken",
    "WriteLogs": "logs:DescribeLogStreams",
    "CreateLogGroup": "logs:CreateLogGroup",
    "WriteMetrics": "cloudwatch:PutMetricData",
}


@pytest.mark.e2e
@pytest.mark.parametrize("sid", STATEMENTS)
def test_without_any_one_statement_the_job_fails(account: Any, client: Client, sid: str) -> None:
    if sid == "CreateLogGroup":
        forget_log_group(client)
    status, reason = run(account, client, *(one for one in RIGHTS if one["Sid"] != sid))
    assert status == "Failed"
    assert reason.startswith("ClientError: ")
    assert "AccessDenied" in reason
    assert (
        f"assumed-role/trained-{next(_NUMBERS) - 1}/SageMaker is not authorized to perform: {LACKING[sid]} " in reason
    )


def test_a_role_for_other_jobs_is_not_assumed(account: Any, client: Client) -> None:
    role = make_role(client("iam"), f"trained-{next(_NUMBERS)}", *RIGHTS, trust=trust("processing-job"))
    with pytest.raises(account.sagemaker.exceptions.ClientError, match="Could not assume role"):
        account.sagemaker.create_training_job(**account.request(RoleArn=role))


ALLOWED_CALLS = """
import os
import boto3
session = boto3.Session(region_name=os.environ["AWS_REGION"])
s3 = session.client("s3")
s3.get_object(Bucket="data", Key="train/a.txt")
s3.put_object(Bucket="checkpoints", Key="by/program", Body=b"x")
"""
REFUSED_CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "s3:GetObject": ("s3", "get_object", {"Bucket": "models", "Key": "a"}),
    "s3:PutObject": ("s3", "put_object", {"Bucket": "data", "Key": "train/a.txt"}),
    "s3:DeleteObject": ("s3", "delete_object", {"Bucket": "models", "Key": "a"}),
    "s3:ListBucket": ("s3", "list_objects_v2", {"Bucket": "another"}),
    "s3:ListAllMyBuckets": ("s3", "list_buckets", {}),
    "s3:PutBucketPolicy": ("s3", "put_bucket_policy", {"Bucket": "data", "Policy": "{}"}),
    "iam:PutRolePolicy": (
        "iam",
        "put_role_policy",
        {"RoleName": "training", "PolicyName": "more", "PolicyDocument": "{}"},
    ),
    "iam:CreateAccessKey": ("iam", "create_access_key", {"UserName": "ada"}),
    "sts:AssumeRole": (
        "sts",
        "assume_role",
        {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/administrator", "RoleSessionName": "me"},
    ),
    "sagemaker:ListTrainingJobs": ("sagemaker", "list_training_jobs", {}),
    "logs:DeleteLogGroup": ("logs", "delete_log_group", {"logGroupName": GROUP}),
    "logs:PutLogEvents": (
        "logs",
        "put_log_events",
        {"logGroupName": "/aws/lambda/other", "logStreamName": "a", "logEvents": [{"timestamp": 1, "message": "x"}]},
    ),
    "ecr:BatchDeleteImage": (
        "ecr",
        "batch_delete_image",
        {"repositoryName": "trainer", "imageIds": [{"imageTag": "v1"}]},
    ),
    "kms:CreateKey": ("kms", "create_key", {}),
    "ec2:RunInstances": ("ec2", "run_instances", {"MinCount": 1, "MaxCount": 1}),
    "cloudwatch:PutMetricData": ("cloudwatch", "put_metric_data", {"Namespace": "other", "MetricData": []}),
}


@pytest.mark.e2e
def test_a_job_s_program_can_do_nothing_else_with_the_role_s_keys(account: Any, client: Client) -> None:
    """The program is a job's, with the role's own keys, and its calls are boto3's over HTTP."""
    asked = f"""
import json
from botocore.exceptions import ClientError
refused = {{}}
for action, (service, operation, parameters) in {REFUSED_CALLS!r}.items():
    try:
        getattr(session.client(service), operation)(**parameters)
        refused[action] = "it was done"
    except ClientError as error:
        refused[action] = error.response["Error"]["Code"] + ": " + error.response["Error"]["Message"]
print(json.dumps(refused))
"""
    name = f"trained-{next(_NUMBERS)}"
    role = make_role(client("iam"), name, *RIGHTS, trust=trust())
    job = account.run(ALLOWED_CALLS + asked, RoleArn=role)
    assert job["TrainingJobStatus"] == "Completed", account.lines(job["TrainingJobName"])[-4:]
    answers = json.loads(account.lines(job["TrainingJobName"])[-1])
    caller = f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{name}/SageMaker is not authorized to perform: "
    for action in REFUSED_CALLS:
        assert f": {caller}{action} " in answers[action], (action, answers[action])


LACKING_OF_OPTIONS = {
    "UseKey": "kms:GenerateDataKey",
    "EncryptVolumes": "kms:CreateGrant",
    "UseSubnets": "ec2:CreateNetworkInterface",
    "ManageInterfaces": "ec2:CreateNetworkInterface",
    "LookAtNetwork": "ec2:DescribeDhcpOptions",
}


@pytest.mark.e2e
def test_with_a_key_and_a_network_each_statement_for_them_is_needed(account: Any, client: Client) -> None:
    key = client("kms").create_key()["KeyMetadata"]["Arn"]
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.8.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="jobs", Description="x")["GroupId"]
    resources = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10, "VolumeKmsKeyId": key}
    more: dict[str, Any] = {
        "ResourceConfig": resources,
        "OutputDataConfig": {"S3OutputPath": "s3://models/encrypted/", "KmsKeyId": key},
        "VpcConfig": {"Subnets": [subnet], "SecurityGroupIds": [group]},
    }
    given = [*RIGHTS, *key_rights(key), *network_rights(subnet, group)]
    for sid, action in LACKING_OF_OPTIONS.items():
        status, reason = run(account, client, *(one for one in given if one["Sid"] != sid), **more)
        assert (status, f"to perform: {action} " in reason) == ("Failed", True), reason
    assert run(account, client, *given, **more) == ("Completed", "")
    models = account.keys("models", "encrypted/")
    assert {client("s3").head_object(Bucket="models", Key=one)["SSEKMSKeyId"] for one in models} == {key}


RESOURCES = [
    *BUCKETS,
    *(f"{bucket}/a/b" for bucket in BUCKETS),
    *(REPOSITORY, f"arn:aws:iam::{ACCOUNT}:role/training", f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/a"),
    f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{GROUP}:log-stream:a",
    f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/other:log-stream:a",
    *("arn:aws:s3:::another", "arn:aws:s3:::another/a", f"arn:aws:ecr:us-east-1:{ACCOUNT}:repository/another"),
    "*",
]


@pytest.mark.e2e
def test_the_role_may_do_nothing_else_of_all_that_aws_has() -> None:
    policies = Policies([read_policy("training", document(*RIGHTS))])
    principal = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/training/a", ACCOUNT, "training")
    context = {"cloudwatch:namespace": (GROUP,)}
    listed = {action.lower() for one in RIGHTS for action in one["Action"]}
    allowed = set()
    for action in sorted(actions.every()):
        prefix = action.partition(":")[0]
        for resource in RESOURCES:
            if resource != "*" and not resource.startswith(f"arn:aws:{prefix}:"):
                continue
            decision = evaluate(principal, Request(action, resource, context), policies)
            if decision.effect is Effect.ALLOWED:
                allowed.add((action, resource))
    assert {action for action, _ in allowed} == listed
    # What it may do on `*` cannot be limited to a resource; all other is on the stack's own.
    everywhere = {action for action, resource in allowed if resource == "*"}
    assert everywhere == {"cloudwatch:putmetricdata", "ecr:getauthorizationtoken"}
    assert not [one for one in allowed if "other" in one[1] and one[0] not in everywhere]
    for action, resource in (("s3:GetObject", "models"), ("s3:PutObject", "data"), ("s3:DeleteObject", "models")):
        assert (action.lower(), f"arn:aws:s3:::{resource}/a/b") not in allowed


def test_the_role_has_a_right_for_each_call_of_the_table() -> None:
    source = {"S3DataType": "S3Prefix", "S3Uri": "s3://data/digits/training/"}
    request = {
        "TrainingJobName": "a",
        "InputDataConfig": [{"ChannelName": "training", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": "s3://models/digits/"},
        "CheckpointConfig": {"S3Uri": "s3://checkpoints/digits/a/"},
        "ResourceConfig": {},
    }
    policies = Policies([read_policy("training", document(*RIGHTS))])
    principal = Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/training/a", ACCOUNT, "training")
    calls = list(needed(request, Place(account=ACCOUNT), Image(REPOSITORY)))
    for row, one in calls:
        decision = evaluate(principal, Request(one.action, one.resource, one.context), policies)
        assert decision.effect is Effect.ALLOWED, (row.why, one)
    used = {one.action for _, one in calls}
    # Only an account's first job makes the log group, and only a failed upload is aborted.
    assert {action for one in RIGHTS for action in one["Action"]} - used == {
        "logs:CreateLogGroup",
        "s3:AbortMultipartUpload",
    }
