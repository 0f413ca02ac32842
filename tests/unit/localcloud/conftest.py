"""One local cloud for all tests here, in a folder of its own, with a stand-in for the trainer.

The stand-in runs the hyperparameter ``code`` as Python, with ``base`` (SAGEMAKER_BASE_DIR) in reach. It needs no
TensorFlow, and each test says in place what its program does.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from scripts import localcloud

REPOSITORY = Path(__file__).parents[3]
# No engine answers there: these tests are about processes, whatever this machine could run.
NO_ENGINE = "unix:///nowhere"
STAND_IN = """
import json, os, pathlib, signal, sys, time
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
assert sys.argv[1:] == ["train"]
exec(json.loads(json.loads((base / "input/config/hyperparameters.json").read_text())["code"]))
"""


def make_root(folder: Path) -> Path:
    """A folder that can stand in for the repository's root."""
    (folder / "trainer").mkdir(parents=True)
    (folder / "trainer" / "__init__.py").touch()  # Else the repository's own trainer comes first.
    (folder / "trainer" / "__main__.py").write_text(STAND_IN)
    return folder


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[localcloud.Cloud]:
    root = make_root(tmp_path_factory.mktemp("cloud") / "root")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("PYTHONPATH", str(REPOSITORY))
        patch.setenv("DOCKER_HOST", NO_ENGINE)
        started = localcloud.start(lifetime=True)
    yield started
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        localcloud.stop()


def clients_of(cloud: localcloud.Cloud) -> Callable[..., Any]:
    def made(service: str, region: str = "us-east-1") -> Any:
        session = boto3.Session("local", "local", region_name=region)
        return session.client(service, endpoint_url=cloud.url)  # type: ignore[call-overload]

    return made


@pytest.fixture(scope="session")
def client(cloud: localcloud.Cloud) -> Callable[..., Any]:
    return clients_of(cloud)


class Account:
    """What a job needs in the account, and short words for the calls."""

    def __init__(self, cloud: localcloud.Cloud) -> None:
        self.folder = cloud.folder
        client = clients_of(cloud)
        self.sagemaker, self.s3, self.logs = client("sagemaker"), client("s3"), client("logs")
        self.cloudwatch = client("cloudwatch")
        trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
        role = client("iam").create_role(RoleName="training", AssumeRolePolicyDocument=json.dumps({"Statement": trust}))
        self.role = role["Role"]["Arn"]
        repository = client("ecr").create_repository(repositoryName="trainer")
        self.image = repository["repository"]["repositoryUri"] + ":v1"
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

    def until(self, name: str, reached: Callable[[dict[str, Any]], bool], seconds: float = 20) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while not reached(found := self.describe(name)):
            assert time.monotonic() < deadline, found
            time.sleep(0.05)
        return found

    def ended(self, name: str) -> dict[str, Any]:
        return self.until(name, lambda job: job["TrainingJobStatus"] in ("Completed", "Failed", "Stopped"))

    def run(self, code: str = "", **members: Any) -> dict[str, Any]:
        return self.ended(self.create(code, **members))

    def lines(self, name: str) -> list[str]:
        group = "/aws/sagemaker/TrainingJobs"
        try:
            found = self.logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"{name}/")["logStreams"]
        except self.logs.exceptions.ResourceNotFoundException:
            return []  # The first job makes it.
        if not found:
            return []
        events = self.logs.get_log_events(
            logGroupName=group, logStreamName=found[0]["logStreamName"], startFromHead=True
        )
        return [event["message"] for event in events["events"]]

    def metric_values(self, name: str, metric: str) -> list[dict[str, Any]]:
        """What CloudWatch has of a job's metric, in one period."""
        now = datetime.now(UTC)
        answer = self.cloudwatch.get_metric_statistics(
            Namespace="/aws/sagemaker/TrainingJobs",
            MetricName=metric,
            Dimensions=[{"Name": "TrainingJobName", "Value": name}],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
            Period=7200,
            Statistics=["Minimum", "Maximum", "SampleCount"],
        )
        return list(answer["Datapoints"])

    def until_line(self, name: str, line: str) -> None:
        self.until(name, lambda _: line in self.lines(name))


@pytest.fixture(scope="session")
def account(cloud: localcloud.Cloud) -> Account:
    return Account(cloud)


@pytest.fixture
def account_of() -> type[Account]:
    """For tests that start a local cloud of their own."""
    return Account


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a local cloud, as the current one."""
    folder = make_root(tmp_path / "root")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    return folder


@pytest.fixture
def stopped_after(root: Path) -> Iterator[Path]:
    """The same, and a local cloud that a test starts in it is stopped at its end."""
    yield root
    localcloud.stop()
