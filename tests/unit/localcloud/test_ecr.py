"""ECR's answers about what lies in the registry, without an engine: the files are laid out by hand."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.ecr.models import ecr_backends

from scripts.localcloud.awsjson import Call, ServiceError
from scripts.localcloud.ecr import Ecr
from scripts.localcloud.environment import ACCOUNT, REGION
from scripts.localcloud.registry import Registry
from tests.unit.localcloud.test_ecr_storage import DOCKER, Hand

NAME = "answered"
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def repository() -> Iterator[Any]:
    backend = ecr_backends[ACCOUNT][REGION]
    yield backend.create_repository(NAME, None, {}, None, "MUTABLE", [])
    backend.repositories.pop(NAME, None)


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path, "localhost:1")


@pytest.fixture
def hand(tmp_path: Path) -> Hand:
    return Hand(tmp_path)


@pytest.fixture
def ask(repository: Any, registry: Registry) -> Ask:
    """Call an ECR of a machine that can run containers."""
    ecr = Ecr(registry, containers_possible=lambda: True)

    def asked(operation: str, **parameters: Any) -> dict[str, Any]:
        return ecr(Call(operation, {"repositoryName": NAME} | parameters, REGION)) or {}

    return asked


def test_images_page_by_page(ask: Ask, hand: Hand) -> None:
    digests = [hand.image(NAME, bytes([65 + n]), f"v{n}", second=n) for n in range(5)]
    untagged = hand.image(NAME, b"untagged", second=9)
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = ask("DescribeImages", maxResults=4, **token)
        seen += [image["imageDigest"] for image in page["imageDetails"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert seen == [*digests, untagged]
    assert len(ask("ListImages", maxResults=4)["imageIds"]) == 4
    (last,) = ask("ListImages", filter={"tagStatus": "UNTAGGED"})["imageIds"]
    assert last == {"imageDigest": untagged}
    tagged = ask("DescribeImages", filter={"tagStatus": "TAGGED"})["imageDetails"]
    assert [image["imageTags"] for image in tagged] == [(f"v{n}",) for n in range(5)]
    with pytest.raises(ServiceError, match="nextToken"):
        ask("ListImages", nextToken="x")


def test_an_image_by_tag_and_by_digest(ask: Ask, hand: Hand) -> None:
    digest = hand.image(NAME, b"12345", "a", "b")
    ids = [{"imageTag": "a"}, {"imageDigest": digest}, {"imageTag": "b", "imageDigest": digest}]
    (image,) = ask("DescribeImages", imageIds=ids)["imageDetails"]
    assert image["imageTags"] == ("a", "b")
    assert (image["imageDigest"], image["imageSizeInBytes"]) == (digest, 7)
    assert image["imageManifestMediaType"] == DOCKER
    answer = ask("BatchGetImage", imageIds=[*ids[:2], {"imageTag": "c"}, {}])
    assert [found["imageId"] for found in answer["images"]] == [
        {"imageTag": "a", "imageDigest": digest},
        {"imageDigest": digest},
    ]
    assert json.loads(answer["images"][0]["imageManifest"])["layers"][0]["size"] == 5
    assert [failure["failureCode"] for failure in answer["failures"]] == ["ImageNotFound", "MissingDigestAndTag"]
    other = ask("BatchGetImage", imageIds=[ids[0]], acceptedMediaTypes=["application/vnd.oci.image.manifest.v1+json"])
    assert other["images"] == []


def test_what_was_not_pushed_is_not_there(ask: Ask, hand: Hand) -> None:
    digest = hand.image(NAME, b"1", "v1")
    for image_id in ({"imageTag": "v2"}, {"imageTag": "v2", "imageDigest": digest}):
        with pytest.raises(ServiceError) as caught:
            ask("DescribeImages", imageIds=[image_id])
        assert caught.value.code == "ImageNotFoundException"
        assert "imageTag:'v2'" in caught.value.message
        assert f"repository with name '{NAME}' in the registry with id '{ACCOUNT}'" in caught.value.message


def test_without_containers_any_other_tag_names_a_made_up_image(
    repository: Any, registry: Registry, hand: Hand
) -> None:
    digest = hand.image(NAME, b"1", "v1")
    ecr = Ecr(registry, containers_possible=lambda: False)
    ids = [{"imageTag": "v1"}, {"imageTag": "a"}, {"imageTag": "b"}]
    answer = ecr(Call("DescribeImages", {"repositoryName": NAME, "imageIds": ids}, REGION)) or {}
    pushed, synthetic = answer["imageDetails"]
    assert (pushed["imageDigest"], pushed["imageTags"]) == (digest, ("v1",))
    assert (synthetic["imageSizeInBytes"], synthetic["imageTags"]) == (0, ("a", "b"))


def test_an_image_goes_with_its_last_tag(ask: Ask, hand: Hand) -> None:
    digest = hand.image(NAME, b"1", "a", "b")
    answer = ask("BatchDeleteImage", imageIds=[{"imageTag": "a"}, {"imageTag": "none"}, {}])
    assert answer["imageIds"] == [{"imageDigest": digest, "imageTag": "a"}]
    assert [failure["failureCode"] for failure in answer["failures"]] == ["ImageNotFound", "MissingDigestAndTag"]
    assert ask("ListImages")["imageIds"] == [{"imageDigest": digest, "imageTag": "b"}]
    assert ask("BatchDeleteImage", imageIds=[{"imageTag": "b"}])["imageIds"]
    assert ask("ListImages")["imageIds"] == []


def test_an_image_goes_by_its_digest_with_all_its_tags(ask: Ask, hand: Hand) -> None:
    digest = hand.image(NAME, b"1", "a", "b")
    assert len(ask("BatchDeleteImage", imageIds=[{"imageDigest": digest}])["imageIds"]) == 2
    assert ask("ListImages")["imageIds"] == []


def test_layers(ask: Ask, hand: Hand) -> None:
    there, gone = hand.layer(NAME, b"12345")["digest"], "sha256:" + "0" * 64
    first, second = ask("BatchCheckLayerAvailability", layerDigests=[there, gone])["layers"]
    assert (first["layerAvailability"], first["layerSize"]) == ("AVAILABLE", 5)
    assert second["layerAvailability"] == "UNAVAILABLE"
    url = ask("GetDownloadUrlForLayer", layerDigest=there)["downloadUrl"]
    assert urllib.request.Request(url).host == "localhost:1"
    with pytest.raises(ServiceError, match=f"The layer with digest '{gone}' does not exist within"):
        ask("GetDownloadUrlForLayer", layerDigest=gone)


def test_a_repository_with_images_is_not_deleted_unless_forced(ask: Ask, hand: Hand) -> None:
    ask("DeleteRepository")
    hand.image(NAME, b"1")
    with pytest.raises(ServiceError) as caught:
        ask("DeleteRepository")
    assert caught.value.code == "RepositoryNotEmptyException"
    assert ask("ListImages")["imageIds"]
    ask("DeleteRepository", force=True)
    assert ask("ListImages")["imageIds"] == []


def test_only_a_new_repository_is_emptied(ask: Ask, registry: Registry, hand: Hand) -> None:
    hand.image(NAME, b"1")
    hand.image("new", b"1")
    for name in (NAME, "new", "../new", "No Name"):
        ask("CreateRepository", repositoryName=name)
    assert ask("ListImages")["imageIds"]
    assert registry.storage.images("new") == []


@pytest.mark.parametrize("operation", ["DescribeImages", "DeleteRepository", "GetDownloadUrlForLayer"])
@pytest.mark.parametrize("where", [{"repositoryName": "none"}, {"registryId": "999999999999"}])
def test_a_repository_that_does_not_exist(ask: Ask, operation: str, where: dict[str, str]) -> None:
    with pytest.raises(ServiceError, match="does not exist in the registry with id") as caught:
        ask(operation, **where)
    assert caught.value.code == "RepositoryNotFoundException"


def test_images_come_in_by_docker_only(ask: Ask) -> None:
    with pytest.raises(ServiceError, match="The local cloud has no PutImage"):
        ask("PutImage")
