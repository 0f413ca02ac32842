"""The image that a job names: found in ECR by the tree's tag, named by its digest."""

import json

import pytest

from scripts import jobfile, training
from scripts.core import aws
from scripts.core.errors import UserError
from tests.unit.aws_server import STACK, poor_user

SPEC = jobfile.read_job("digits")
LABELLED = "trainyard.describe"


def put(tag: str) -> str:
    """Put an image with a manifest of its own; gives its digest."""
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


def test_the_tree_s_image_is_named_by_its_digest() -> None:
    said: list[str] = []
    tag = training.own_tag(SPEC, STACK.region, "dev")
    with pytest.raises(UserError) as caught:
        training.own_image("digits", SPEC, STACK, "dev", said.append)
    assert f"{STACK.repository_url}:{tag}" in caught.value.problem
    assert "`make image JOB=digits`" in caught.value.fix
    put("another")
    digest = put(tag)
    assert training.own_image("digits", SPEC, STACK, "dev", said.append) == f"{STACK.repository_url}@{digest}"
    assert said == []


def test_gpus_want_another_image() -> None:
    with_gpu = SPEC.model_copy(update={"instance_type": "ml.g5.xlarge"})
    assert training.own_tag(with_gpu, "us-east-1", "dev") != training.own_tag(SPEC, "us-east-1", "dev")
    assert training.own_tag(SPEC, "eu-west-1", "dev") == training.own_tag(SPEC, "us-east-1", "dev")


def test_a_repository_that_is_gone() -> None:
    aws.client("ecr").delete_repository(repositoryName=STACK.repository_name)
    with pytest.raises(UserError) as caught:
        training.own_image("digits", SPEC, STACK, "dev", print)
    assert "does not exist" in caught.value.problem
    assert "make infra" in caught.value.fix


def test_where_images_may_not_be_looked_up_the_tag_is_used(aws_address: str) -> None:
    said: list[str] = []
    tag = training.own_tag(SPEC, STACK.region, "dev")
    with poor_user(aws_address):
        uri = training.own_image("digits", SPEC, STACK, "dev", said.append)
    assert uri == f"{STACK.repository_url}:{tag}"
    assert said == [f"Not checked: the image {STACK.repository_url}:{tag} (no right to ecr:DescribeImages)."]


def test_an_index_of_images_says_nothing() -> None:
    kind = "application/vnd.oci.image.index.v1+json"
    index = {"schemaVersion": 2, "mediaType": kind, "manifests": []}
    aws.client("ecr").put_image(
        repositoryName=STACK.repository_name,
        imageManifest=json.dumps(index),
        imageManifestMediaType=kind,
        imageTag="index",
    )
    said: list[str] = []
    uri = f"{STACK.repository_url}:index"
    assert training.describe_image(uri, SPEC, STACK, said.append) is None
    assert said == [f"Not checked: the hyperparameters against {uri}, which has no label {LABELLED} to check them by."]


def test_another_program_s_hyperparameters_are_not_asked_for() -> None:
    put("v1")
    said: list[str] = []
    spec = SPEC.model_copy(update={"program": "mine.py"})
    assert training.describe_image(f"{STACK.repository_url}:v1", spec, STACK, said.append) is None
    assert said == []


@pytest.mark.parametrize(("typed", "count"), [("", 1), ("1", 1), ("2", 2), ("016", 16)])
def test_instances(typed: str, count: int) -> None:
    assert jobfile.with_instances(SPEC, typed).instance_count == count


@pytest.mark.parametrize("typed", ["0", "-1", "two", "1.5", " ", "１", "9" * 30])
def test_what_is_no_number_of_instances(typed: str) -> None:
    with pytest.raises(UserError) as caught:
        jobfile.with_instances(SPEC, typed)
    assert caught.value.problem == f"INSTANCES={typed} is not a number of instances."
