"""Requests that the local SageMaker refuses, and its lists, through boto3 and through plain HTTP."""

import http.client
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.unit.localcloud.account import new_client


@pytest.fixture(scope="module")
def unchecked(cloud: Any) -> Any:
    """A client that does not check requests, so that the server refuses them."""
    return new_client(cloud.url, "sagemaker", config=Config(parameter_validation=False))


def refusal(client: Any, request: dict[str, Any]) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        client.create_training_job(**request)
    error = caught.value.response
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert error["ResponseMetadata"]["RequestId"]
    return error["Error"]["Code"], error["Error"]["Message"]


GPU = {"InstanceType": "ml.g4dn.4xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1}
CPU = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1}
SPOT = {"EnableManagedSpotTraining": True}
HOUR = {"MaxRuntimeInSeconds": 3600}


def algorithm(**members: Any) -> dict[str, Any]:
    return {"AlgorithmSpecification": {"TrainingImage": "busybox", "TrainingInputMode": "File"} | members}


def source(kind: str = "S3Prefix", uri: str = "s3://data/train/", **members: Any) -> dict[str, Any]:
    return {"ChannelName": "c", "DataSource": {"S3DataSource": {"S3DataType": kind, "S3Uri": uri}}} | members


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"TrainingJobName": None}, "Value null at 'trainingJobName' failed to satisfy constraint: Member must"),
    "bad name": (
        {"TrainingJobName": "a_b"},
        "1 validation error detected: Value 'a_b' at 'trainingJobName' failed to satisfy constraint: Member must "
        "satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
    ),
    "long name": ({"TrainingJobName": "a" * 64}, "Member must have length less than or equal to 63"),
    "two at once": ({"TrainingJobName": "a_b", "RoleArn": None}, "2 validation errors detected"),
    "no stopping condition": ({"StoppingCondition": None}, "Value null at 'stoppingCondition'"),
    "no resources": ({"ResourceConfig": None}, "Value null at 'resourceConfig'"),
    "no algorithm": ({"AlgorithmSpecification": None}, "Value null at 'algorithmSpecification'"),
    "unknown instance": (
        {"ResourceConfig": CPU | {"InstanceType": "ml.m5.tiny"}},
        "Value 'ml.m5.tiny' at 'resourceConfig.instanceType' failed to satisfy constraint: Member must satisfy enum",
    ),
    "no instances": ({"ResourceConfig": CPU | {"InstanceCount": 0}}, "InstanceCount must be at least 1"),
    "two instances": (
        {"ResourceConfig": CPU | {"InstanceCount": 2}},
        "Here it runs as a process: no Docker engine answers (docker.io or Docker Desktop is not installed or not "
        "started). Set InstanceCount to 1.",
    ),
    "groups": ({"ResourceConfig": {"InstanceGroups": []}}, "no groups"),
    "key on NVMe": ({"ResourceConfig": GPU | {"VolumeKmsKeyId": "k"}}, "VolumeKmsKeyId is not supported for ml.g4dn"),
    "long warm pool": ({"ResourceConfig": CPU | {"KeepAlivePeriodInSeconds": 3601}}, "at most 3600"),
    "spot and warm pool": (
        SPOT
        | {"ResourceConfig": CPU | {"KeepAlivePeriodInSeconds": 60}}
        | {"StoppingCondition": HOUR | {"MaxWaitTimeInSeconds": 3600}},
        "KeepAlivePeriodInSeconds is not supported when",
    ),
    "wait without spot": (
        {"StoppingCondition": HOUR | {"MaxWaitTimeInSeconds": 7200}},
        "Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true",
    ),
    "spot without wait": (SPOT | {"StoppingCondition": HOUR}, "MaxWaitTimeInSeconds must be specified"),
    "wait too short": (SPOT | {"StoppingCondition": HOUR | {"MaxWaitTimeInSeconds": 60}}, "equal to or greater than"),
    "a runtime of 29 days": ({"StoppingCondition": {"MaxRuntimeInSeconds": 29 * 86_400}}, "28 days"),
    "101 hyperparameters": (
        {"HyperParameters": {f"n{number}": "" for number in range(101)}},
        "at 'hyperParameters' failed to satisfy constraint: Member must have length less than or equal to 100",
    ),
    "a long hyperparameter": (
        {"HyperParameters": {"n": "x" * 2501}},
        "Map value must satisfy constraint: [Member must have length less than or equal to 2500",
    ),
    "a bad variable": ({"Environment": {"1A": "x"}}, "Map key must satisfy constraint"),
    "a variable without name": ({"Environment": {"": "x"}}, "Map key must satisfy constraint"),
    "a bad tag": ({"Tags": [{"Key": "a!", "Value": ""}]}, "'tags.1.member.key'"),
    "51 tags": ({"Tags": [{"Key": str(n), "Value": ""} for n in range(51)]}, "less than or equal to 50"),
    "21 channels": ({"InputDataConfig": [source()] * 21}, "less than or equal to 20"),
    "the same channel twice": ({"InputDataConfig": [source(), source()]}, "Duplicate channel name: c"),
    "a channel named ..": ({"InputDataConfig": [source(ChannelName="..")]}, "a folder cannot have this name"),
    "pipe mode": ({"InputDataConfig": [source(InputMode="Pipe")]}, "input mode Pipe"),
    "fast file of a manifest": ({"InputDataConfig": [source("ManifestFile", InputMode="FastFile")]}, "S3Prefix only"),
    "augmented manifest": ({"InputDataConfig": [source("AugmentedManifestFile")]}, "S3DataType AugmentedManifestFile"),
    "RecordIO": ({"InputDataConfig": [source(RecordWrapperType="RecordIO")]}, "RecordIO"),
    "gzip": (
        {"InputDataConfig": [source(CompressionType="Gzip")]},
        "Gzip is used in Pipe input mode only. In File mode, omit it",
    ),
    "file system": (
        {"InputDataConfig": [{"ChannelName": "c", "DataSource": {}}]},
        "DataSource has no S3DataSource",
    ),
    "no objects": (
        {"InputDataConfig": [source(uri="s3://data/nothing/")]},
        'No S3 objects found under S3 URL "s3://data/nothing/" given in input data source. Please ensure that the',
    ),
    "no bucket": ({"InputDataConfig": [source(uri="s3://nowhere/x")]}, 'permissions on bucket "nowhere"'),
    "no output bucket": (
        {"OutputDataConfig": {"S3OutputPath": "s3://nowhere/"}},
        "given in OutputDataConfig",
    ),
    "no checkpoint bucket": ({"CheckpointConfig": {"S3Uri": "s3://nowhere/"}}, "given in CheckpointConfig"),
    "checkpoints elsewhere": (
        {"CheckpointConfig": {"S3Uri": "s3://checkpoints/", "LocalPath": "/tmp/x"}},
        "only folders below /opt/ml",
    ),
    "checkpoints in place of everything": (
        {"CheckpointConfig": {"S3Uri": "s3://checkpoints/", "LocalPath": "/opt/ml"}},
        "it must be a separate folder in the container",
    ),
    "no image": (algorithm(TrainingImage=None), "either TrainingImage or AlgorithmName"),
    "entrypoint": (
        algorithm(ContainerEntrypoint=["sh"]),
        "ContainerEntrypoint: the program runs as a process",
    ),
    "code of the SDK": (
        {"HyperParameters": {"sagemaker_submit_directory": '"s3://code/sourcedir.tar.gz"'}},
        "sagemaker_submit_directory, the code that SageMaker's SDK sends",
    ),
    "several workers": (
        {"HyperParameters": {"sagemaker_multi_worker_mirrored_strategy_enabled": "true"}},
        "sagemaker_multi_worker_mirrored_strategy_enabled: TensorFlow would wait for the host algo-1",
    ),
    "arguments": (
        algorithm(ContainerArguments=["x"]),
        "ContainerArguments: the program runs as a process, not in a container: no Docker engine answers",
    ),
    "an invalid regex": (algorithm(MetricDefinitions=[{"Name": "m", "Regex": "("}]), "Invalid regular expression"),
    "a regex without group": (algorithm(MetricDefinitions=[{"Name": "m", "Regex": "x"}]), "has no group"),
    "no repository": (
        algorithm(TrainingImage="123456789012.dkr.ecr.us-east-1.amazonaws.com/nothing:v1"),
        "Cannot find repository: nothing in registry ID: 123456789012 Please check if your ECR repository exists",
    ),
    "an image elsewhere": (algorithm(TrainingImage="123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1"), "eu-west-1"),
    "no role": (
        {"RoleArn": "arn:aws:iam::123456789012:role/nobody"},
        "Could not assume role arn:aws:iam::123456789012:role/nobody. Please ensure that the role exists and allows "
        "principal 'sagemaker.amazonaws.com' to assume the role.",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_request_is_refused_and_creates_no_job(account: Any, unchecked: Any, case: str) -> None:
    members, message = REFUSED[case]
    request = account.request(**members)
    if "AlgorithmSpecification" in request:
        specification = request["AlgorithmSpecification"]
        request["AlgorithmSpecification"] = {name: value for name, value in specification.items() if value is not None}
    code, answered = refusal(unchecked, request)
    assert code == "ValidationException"
    assert message in answered
    if case != "bad name" and "TrainingJobName" in request:
        named = unchecked.list_training_jobs(NameContains="job-", MaxResults=100)["TrainingJobSummaries"]
        assert request["TrainingJobName"] not in [job["TrainingJobName"] for job in named]


def test_a_role_that_does_not_trust_sagemaker_is_refused(account: Any, client: Callable[..., Any]) -> None:
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "*"}]}
    role = client("iam").create_role(RoleName="other", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    assert "Could not assume role" in refusal(account.sagemaker, account.request(RoleArn=role))[1]


def test_a_bucket_of_another_region_is_refused(account: Any, client: Callable[..., Any]) -> None:
    s3 = client("s3", "eu-west-1")
    s3.create_bucket(Bucket="far", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket="far", Key="x", Body=b"x")
    request = account.request(InputDataConfig=[account.channel(uri="s3://far/x")])
    assert "far is in eu-west-1" in refusal(account.sagemaker, request)[1]


def test_a_job_name_cannot_be_used_twice(account: Any) -> None:
    name = account.run()["TrainingJobName"]
    code, message = refusal(account.sagemaker, account.request(TrainingJobName=name))
    assert code == "ResourceInUse"
    assert f"already exists (arn:aws:sagemaker:us-east-1:123456789012:training-job/{name})" in message


@pytest.mark.parametrize("operation", ["describe_training_job", "stop_training_job"])
def test_an_unknown_job_is_not_found(account: Any, operation: str) -> None:
    with pytest.raises(ClientError, match=r"ValidationException.*Requested resource not found"):
        getattr(account.sagemaker, operation)(TrainingJobName="nobody")


def test_the_error_names_an_unsupported_operation(account: Any) -> None:
    with pytest.raises(ClientError, match=r"UnknownOperation.*The local cloud has no CreateProcessingJob"):
        account.sagemaker.create_processing_job(
            ProcessingJobName="x",
            RoleArn=account.role,
            AppSpecification={"ImageUri": "x"},
            ProcessingResources={"ClusterConfig": CPU},
        )


def test_tags_are_added_listed_and_deleted(account: Any) -> None:
    name = account.create(Tags=[{"Key": "a", "Value": "1"}])
    arn = account.wait_until_ended(name)["TrainingJobArn"]
    account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "2"}, {"Key": "b", "Value": "é /+"}])
    assert account.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [
        {"Key": "a", "Value": "2"},
        {"Key": "b", "Value": "é /+"},
    ]
    account.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a", "never"])
    assert account.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "é /+"}]
    with pytest.raises(ClientError, match="at most 50 tags"):
        account.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": str(n), "Value": ""} for n in range(50)])


def test_lists_are_sorted_filtered_and_paged(account: Any) -> None:
    names = [account.create(TrainingJobName=f"listed-{letter}") for letter in "bca"]
    first = [account.wait_until_ended(name) for name in names].pop()["CreationTime"]

    def listed(**wanted: Any) -> list[str]:
        pages = account.sagemaker.get_paginator("list_training_jobs").paginate(
            NameContains="Listed", **wanted, PaginationConfig={"PageSize": 2}
        )
        return [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]

    assert listed() == names[::-1]
    assert listed(SortOrder="Ascending") == names
    assert listed(SortBy="Name", SortOrder="Ascending") == sorted(names)
    assert listed(StatusEquals="Completed") == names[::-1]
    assert listed(StatusEquals="Failed") == []
    day = timedelta(days=1)
    assert listed(CreationTimeAfter=first - day, LastModifiedTimeBefore=first + day) == names[::-1]
    assert listed(CreationTimeAfter=first + day) == []
    assert listed(CreationTimeBefore=first - day) == []
    with pytest.raises(ClientError, match="NextToken"):
        account.sagemaker.list_training_jobs(NextToken="?")


def test_each_region_lists_its_own_jobs(client: Callable[..., Any]) -> None:
    assert client("sagemaker", "eu-west-1").list_training_jobs()["TrainingJobSummaries"] == []


SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sagemaker/aws4_request, SignedHeaders=host, "
    f"Signature={'0' * 64}"
)


def post(cloud: Any, body: bytes, **headers: str) -> tuple[int, dict[str, Any] | str]:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    signed = {"X-Amz-Target": "SageMaker.ListTrainingJobs", "Authorization": SIGNATURE}
    connection.request("POST", "/", body, signed | named)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, json.loads(text) if response.getheader("Content-Type", "").endswith("json-1.1") else text


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"MaxResults": "ten"}', b'{"MaxResults": true}'])
def test_a_malformed_body_is_a_serialization_error(cloud: Any, body: bytes) -> None:
    status, answer = post(cloud, body)
    assert status == 400
    assert isinstance(answer, dict)
    assert answer["__type"] == "SerializationException"


def test_only_requests_to_127_0_0_1_or_localhost_are_answered(cloud: Any) -> None:
    assert post(cloud, b"{}", Host=f"localhost:{cloud.port}")[0] == 200
    status, text = post(cloud, b"{}", Host=f"evil.example:{cloud.port}")
    assert status == 403
    assert "127.0.0.1 or localhost" in text
    assert post(cloud, b"{}", Host="127.0.0.1.evil.example")[0] == 403
    assert post(cloud, b"{}", Origin="https://evil.example")[0] == 403
