"""What a program in a container calls of AWS: S3, CloudWatch Logs and STS as its role, and nothing else."""

import io
import json
import tarfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import docker
import pytest

from scripts import localcloud

pytestmark = pytest.mark.e2e

PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3")
# botocore has a folder of models for each of AWS's services: these, and the files beside the folders.
MODELS = ("s3", "sts", "logs", "iam", "ecr", "sagemaker")
PROGRAM = Path(__file__).with_name("aws_program.py")


@pytest.fixture(scope="module")
def packages(account: Any) -> str:
    """A prefix in S3 with boto3's packages, which the small image does not have."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in PACKAGES:
            archive.add(str(_place(name)), name, filter=_needed)
        archive.add(str(_place("six") / "six.py"), "six.py")
    account.s3.put_object(Bucket="data", Key="packages/boto3.tar", Body=packed.getvalue())
    account.put("packages/aws_program.py", PROGRAM.read_text())
    return "s3://data/packages/"


def _place(name: str) -> Path:
    """The folder of a package, or the folder of a module."""
    spec = find_spec(name)
    assert spec
    assert spec.origin
    return Path(spec.origin).parent


def _needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    parts = Path(entry.name).parts
    is_other_model = entry.isdir() and parts[:2] == ("botocore", "data") and len(parts) == 3 and parts[2] not in MODELS
    return None if is_other_model or parts[-1] == "__pycache__" else entry


@pytest.fixture
def seen(
    account: Any, packages: str, listener: tuple[str, int], cloud: localcloud.Cloud, engine: docker.DockerClient
) -> Iterator[dict[str, Any]]:
    """What the program saw, and what the engine shows of it while it runs.

    It runs once, because to start a container takes longest.
    """
    name = account.create(
        "exec((base / 'input/data/packages/aws_program.py').read_text())",
        InputDataConfig=[account.channel("packages", packages)],
        Environment={"LISTENER": "{}:{}".format(*listener), "CLOUD_PORT": str(cloud.port)},
    )
    account.wait_until(name, lambda job: len(account.lines(name)) == 2 or job["TrainingJobStatus"] != "InProgress", 60)
    lines = account.lines(name)
    assert len(lines) == 2, "\n".join(lines)
    (container,) = engine.containers.list(filters={"label": f"trainyard.job={name}"})
    yield json.loads(lines[1]) | {"key": lines[0], "inspected": json.dumps(container.attrs)}
    account.sagemaker.stop_training_job(TrainingJobName=name)
    container.kill()  # The program ignores SIGTERM; this saves a wait of two minutes.
    account.wait_until_ended(name)
    assert not (cloud.folder / "jobs" / name).exists()


def test_a_program_calls_three_services_as_its_role(seen: dict[str, Any], account: Any) -> None:
    assert seen["method"] == "custom-process"
    assert seen["identity"] == "arn:aws:sts::123456789012:assumed-role/training/SageMaker"
    assert seen["range"] == "written"
    assert seen["presigned"] == "hello"
    assert "mine" in seen["groups"]
    assert account.text("models", "by/program") == "written" * 1000
    head = account.s3.head_object(Bucket="models", Key="by/parts")
    assert head["ContentLength"] == account.s3.head_object(Bucket="data", Key="packages/boto3.tar")["ContentLength"]
    assert seen["refused"] == {
        "iam": "AccessDenied",
        "ecr": "AccessDeniedException",
        "sagemaker": "AccessDeniedException",
        "sts": "AccessDenied",
    }
    denied = "403 application/xml"  # These have the session's key without its token.
    refused = "400 text/plain"
    assert seen["attacks"] == {
        "control": denied,
        "faults": denied,
        "moto": denied,
        "registry": denied,
        "sagemaker": denied,
        "other host": refused,
        "two hosts": refused,
        "two signatures": denied,
        "other port": refused,
        "tunnel": refused,
        "two lengths": "413 text/plain",
        "the local cloud itself": False,
    }
    assert seen["key"].startswith("ASIA")
    assert seen["key"] not in seen["inspected"]
