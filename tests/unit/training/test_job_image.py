"""The image of a job: found in ECR by the tag of the current trainer/, named by its digest."""

import json

import pytest

from scripts import jobfile, training
from scripts.core import aws
from scripts.core.errors import UserError
from tests.unit.aws_server import STACK, poor_user

SPEC = jobfile.read_job("digits")
LABELLED = "trainyard.describe"


def put(tag: str) -> str:
    """Put an image with a new manifest; return its digest."""
    config = {"digest": "sha256:" + "0" * 64, "size": 1, "mediaType": "application/vnd.docker.container.image.v1+json"}
    answer = aws.client("ecr").put_image(
        repositoryName=STACK.repository_name,
        imageManifest=json.dumps({"schemaVersion": 2, "config": config, "layers": [], "tag": tag}),
        imageManifestMediaType="application/vnd.docker.distribution.manifest.v2+json",
        imageTag=tag,
    )
    return str(answer["image"]["imageId"]["imageDigest"])


@pytest.fixture(autouse=True)
def _repository(empty_aws: None) -> None:
    aws.client("ecr").create_repository(repositoryName=STACK.repository_name)


def test_image_of_the_current_trainer_is_named_by_its_digest() -> None:
    output: list[str] = []
    tag = training.job_tag(SPEC, STACK.region, "dev")
    with pytest.raises(UserError) as caught:
        training.job_image("digits", SPEC, STACK, "dev", output.append)
    assert f"{STACK.repository_url}:{tag}" in caught.value.problem
    assert "`make image JOB=digits`" in caught.value.fix
    put("another")
    digest = put(tag)
    assert training.job_image("digits", SPEC, STACK, "dev", output.append) == f"{STACK.repository_url}@{digest}"
    assert output == []


def test_gpu_instances_use_another_image() -> None:
    with_gpu = SPEC.model_copy(update={"instance_type": "ml.g5.xlarge"})
    assert training.job_tag(with_gpu, "us-east-1", "dev") != training.job_tag(SPEC, "us-east-1", "dev")
    assert training.job_tag(SPEC, "eu-west-1", "dev") == training.job_tag(SPEC, "us-east-1", "dev")


def test_missing_repository_is_reported() -> None:
    aws.client("ecr").delete_repository(repositoryName=STACK.repository_name)
    with pytest.raises(UserError) as caught:
        training.job_image("digits", SPEC, STACK, "dev", print)
    assert "does not exist" in caught.value.problem
    assert "make infra" in caught.value.fix


def test_without_permission_to_look_up_the_digest_the_tag_is_used() -> None:
    output: list[str] = []
    tag = training.job_tag(SPEC, STACK.region, "dev")
    with poor_user():
        uri = training.job_image("digits", SPEC, STACK, "dev", output.append)
    assert uri == f"{STACK.repository_url}:{tag}"
    assert output == [f"Not checked: the image {STACK.repository_url}:{tag} (no right to ecr:DescribeImages)."]


def test_image_index_has_no_description() -> None:
    kind = "application/vnd.oci.image.index.v1+json"
    index = {"schemaVersion": 2, "mediaType": kind, "manifests": []}
    aws.client("ecr").put_image(
        repositoryName=STACK.repository_name,
        imageManifest=json.dumps(index),
        imageManifestMediaType=kind,
        imageTag="index",
    )
    output: list[str] = []
    uri = f"{STACK.repository_url}:index"
    assert training.describe_image(uri, SPEC, STACK, output.append) is None
    assert output == [f"Not checked: the hyperparameters against {uri}, which has no label {LABELLED}."]


def test_description_is_not_read_for_another_program() -> None:
    put("v1")
    output: list[str] = []
    spec = SPEC.model_copy(update={"program": "mine.py"})
    assert training.describe_image(f"{STACK.repository_url}:v1", spec, STACK, output.append) is None
    assert output == []


@pytest.mark.parametrize(("typed", "count"), [("", 1), ("1", 1), ("2", 2), ("016", 16)])
def test_number_of_instances(typed: str, count: int) -> None:
    assert jobfile.with_instances(SPEC, typed).instance_count == count


@pytest.mark.parametrize("typed", ["0", "-1", "two", "1.5", " ", "１", "9" * 30])
def test_invalid_number_of_instances_is_refused(typed: str) -> None:
    with pytest.raises(UserError) as caught:
        jobfile.with_instances(SPEC, typed)
    assert caught.value.problem == f"INSTANCES={typed} is not a number of instances."
