"""An account in a local cloud with everything that a job needs, and short methods for the calls."""

import io
import json
import tarfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from typing import Any, TypeVar

import boto3

from scripts import localcloud
from scripts.core.models import quick_session

T = TypeVar("T")

GROUP = "/aws/sagemaker/TrainingJobs"
ROOT_KEYS = ("local", "local")
# What the jobs of these tests may do; tests/unit/localcloud/access is about less.
RIGHTS = {"Effect": "Allow", "Action": ["s3:*", "logs:*", "ecr:*", "cloudwatch:*", "kms:*", "ec2:*"], "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    """A policy document."""
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def make_role(iam: Any, name: str, *rights: dict[str, Any], trust: dict[str, Any] | None = None) -> str:
    """Make a role with an inline policy, which SageMaker can assume unless ``trust`` is another statement."""
    assumed = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": trust or assumed}))
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document(*rights))
    return str(made["Role"]["Arn"])


def wait_for(read: Callable[[], T], reached: Callable[[T], Any], seconds: float) -> T:
    """Return what is read as soon as it is what a test waits for."""
    deadline = time.monotonic() + seconds
    while not reached(found := read()):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


@cache
def _session() -> boto3.Session:
    return boto3.Session(botocore_session=quick_session())


def new_client(url: str, service: str, region: str = "us-east-1", keys: Sequence[Any] = ROOT_KEYS, **more: Any) -> Any:
    """Make a client of a local cloud. One session makes them all: each session reads the models of services anew."""
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return _session().client(service, region, endpoint_url=url, **dict(zip(names, keys, strict=False)), **more)  # type: ignore[call-overload]  # the stubs want a literal


def clients_of(cloud: localcloud.Cloud) -> Callable[..., Any]:
    """Give what makes root's clients of a local cloud, each of them once."""
    return cache(partial(new_client, cloud.url))


def contains(answer: Any, request: Any) -> bool:
    """Whether an answer has all of a request; structures in it may have more members."""
    if isinstance(request, dict):
        return all(name in answer and contains(answer[name], value) for name, value in request.items())
    if isinstance(request, list):
        return len(answer) == len(request) and all(map(contains, answer, request))
    return bool(answer == request)


class Account:
    """An account with a role, a repository, buckets and one file of data. Its methods create and watch jobs."""

    def __init__(self, cloud: localcloud.Cloud) -> None:
        self.folder = cloud.folder
        client = clients_of(cloud)
        self.sagemaker, self.s3, self.logs = client("sagemaker"), client("s3"), client("logs")
        self.cloudwatch = client("cloudwatch")
        self.role = make_role(client("iam"), "training", RIGHTS)
        repository = client("ecr").create_repository(repositoryName="trainer")
        self.repository = str(repository["repository"]["repositoryUri"])
        self.image = f"{self.repository}:v1"
        self.s3.create_bucket(Bucket="data")
        self.s3.create_bucket(Bucket="models")
        self.s3.create_bucket(Bucket="checkpoints")
        self.put("train/a.txt", "hello")
        self._count = 0

    def put(self, key: str, text: str, bucket: str = "data") -> None:
        self.s3.put_object(Bucket=bucket, Key=key, Body=text.encode())

    def text(self, bucket: str, key: str) -> str:
        return str(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())

    def keys(self, bucket: str, prefix: str) -> list[str]:
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]

    def channel(self, name: str = "training", uri: str = "s3://data/train/", **more: Any) -> dict[str, Any]:
        source = {"S3DataType": "S3Prefix", "S3Uri": uri, **more.pop("source", {})}
        return {"ChannelName": name, "DataSource": {"S3DataSource": source}, **more}

    def request(self, code: str = "", **members: Any) -> dict[str, Any]:
        self._count += 1
        request = {
            "TrainingJobName": f"job-{self._count:03}",
            "HyperParameters": {"code": json.dumps(code)},  # SageMaker takes no newline in a value.
            "AlgorithmSpecification": {"TrainingImage": self.image, "TrainingInputMode": "File"},
            "RoleArn": self.role,
            "InputDataConfig": [self.channel()],
            "OutputDataConfig": {"S3OutputPath": "s3://models/here/"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
            "StoppingCondition": {"MaxRuntimeInSeconds": 100},
        } | members
        return {name: value for name, value in request.items() if value is not None}

    def create(self, code: str = "", **members: Any) -> str:
        request = self.request(code, **members)
        self.sagemaker.create_training_job(**request)
        return str(request["TrainingJobName"])

    def describe(self, name: str) -> dict[str, Any]:
        return dict(self.sagemaker.describe_training_job(TrainingJobName=name))

    def wait_until(self, name: str, reached: Callable[[dict[str, Any]], Any], seconds: float = 60) -> dict[str, Any]:
        return wait_for(lambda: self.describe(name), reached, seconds)

    def wait_until_ended(self, name: str) -> dict[str, Any]:
        return self.wait_until(name, lambda job: job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"))

    def run(self, code: str = "", **members: Any) -> dict[str, Any]:
        return self.wait_until_ended(self.create(code, **members))

    def lines(self, name: str, host: str = "algo-1") -> list[str]:
        try:
            found = self.logs.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=f"{name}/{host}-")
        except self.logs.exceptions.ResourceNotFoundException:
            return []  # The first job creates the log group.
        if not found["logStreams"]:
            return []
        stream = found["logStreams"][0]["logStreamName"]
        events = self.logs.get_log_events(logGroupName=GROUP, logStreamName=stream, startFromHead=True)
        return [event["message"] for event in events["events"]]

    def archive(self, uri: str) -> dict[str, bytes]:
        """Return the files of a .tar.gz in S3."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(body)) as archive:
            return {member.name: file.read() for member in archive if (file := archive.extractfile(member)) is not None}

    def metric_values(self, name: str, metric: str) -> list[dict[str, Any]]:
        """Return CloudWatch's statistics of a job's metric, in one period."""
        now = datetime.now(UTC)
        answer = self.cloudwatch.get_metric_statistics(
            Namespace=GROUP,
            MetricName=metric,
            Dimensions=[{"Name": "TrainingJobName", "Value": name}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["Minimum", "Maximum", "SampleCount"],
        )
        return list(answer["Datapoints"])

    def wait_for_line(self, name: str, line: str) -> None:
        self.wait_until(name, lambda _: line in self.lines(name))
