"""ECR's calls about images, without a Docker engine: the tests write the registry's files themselves."""

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
from tests.unit.localcloud.test_ecr_storage import DOCKER, RegistryFiles

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
def files(tmp_path: Path) -> RegistryFiles:
    return RegistryFiles(tmp_path)


@pytest.fixture
def ask(repository: Any, registry: Registry) -> Ask:
    """Call an ECR of a machine that can run containers."""
    ecr = Ecr(registry, containers_possible=lambda: True)

    def call(operation: str, **parameters: Any) -> dict[str, Any]:
        return ecr(Call(operation, {"repositoryName": NAME} | parameters, REGION)) or {}

    return call


def test_images_are_listed_page_by_page(ask: Ask, files: RegistryFiles) -> None:
    digests = [files.image(NAME, bytes([65 + n]), f"v{n}", second=n) for n in range(5)]
    untagged = files.image(NAME, b"untagged", second=9)
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


def test_an_image_is_described_by_tag_and_by_digest(ask: Ask, files: RegistryFiles) -> None:
    digest = files.image(NAME, b"12345", "a", "b")
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


def test_an_image_that_was_not_pushed_is_not_found(ask: Ask, files: RegistryFiles) -> None:
    digest = files.image(NAME, b"1", "v1")
    for image_id in ({"imageTag": "v2"}, {"imageTag": "v2", "imageDigest": digest}):
        with pytest.raises(ServiceError) as caught:
            ask("DescribeImages", imageIds=[image_id])
        assert caught.value.code == "ImageNotFoundException"
        assert "imageTag:'v2'" in caught.value.message
        assert f"repository with name '{NAME}' in the registry with id '{ACCOUNT}'" in caught.value.message


def test_without_containers_every_other_tag_names_a_synthetic_image(
    repository: Any, registry: Registry, files: RegistryFiles
) -> None:
    digest = files.image(NAME, b"1", "v1")
    ecr = Ecr(registry, containers_possible=lambda: False)
    ids = [{"imageTag": "v1"}, {"imageTag": "a"}, {"imageTag": "b"}]
    answer = ecr(Call("DescribeImages", {"repositoryName": NAME, "imageIds": ids}, REGION)) or {}
    pushed, synthetic = answer["imageDetails"]
    assert (pushed["imageDigest"], pushed["imageTags"]) == (digest, ("v1",))
    assert (synthetic["imageSizeInBytes"], synthetic["imageTags"]) == (0, ("a", "b"))


def test_deleting_the_last_tag_deletes_the_image(ask: Ask, files: RegistryFiles) -> None:
    digest = files.image(NAME, b"1", "a", "b")
    answer = ask("BatchDeleteImage", imageIds=[{"imageTag": "a"}, {"imageTag": "none"}, {}])
    assert answer["imageIds"] == [{"imageDigest": digest, "imageTag": "a"}]
    assert [failure["failureCode"] for failure in answer["failures"]] == ["ImageNotFound", "MissingDigestAndTag"]
    assert ask("ListImages")["imageIds"] == [{"imageDigest": digest, "imageTag": "b"}]
    assert ask("BatchDeleteImage", imageIds=[{"imageTag": "b"}])["imageIds"]
    assert ask("ListImages")["imageIds"] == []


def test_deleting_by_digest_deletes_all_tags(ask: Ask, files: RegistryFiles) -> None:
    digest = files.image(NAME, b"1", "a", "b")
    assert len(ask("BatchDeleteImage", imageIds=[{"imageDigest": digest}])["imageIds"]) == 2
    assert ask("ListImages")["imageIds"] == []


def test_layers_are_checked_and_get_a_download_url(ask: Ask, files: RegistryFiles) -> None:
    available, missing = files.layer(NAME, b"12345")["digest"], "sha256:" + "0" * 64
    first, second = ask("BatchCheckLayerAvailability", layerDigests=[available, missing])["layers"]
    assert (first["layerAvailability"], first["layerSize"]) == ("AVAILABLE", 5)
    assert second["layerAvailability"] == "UNAVAILABLE"
    url = ask("GetDownloadUrlForLayer", layerDigest=available)["downloadUrl"]
    assert urllib.request.Request(url).host == "localhost:1"
    with pytest.raises(ServiceError, match=f"The layer with digest '{missing}' does not exist within"):
        ask("GetDownloadUrlForLayer", layerDigest=missing)


def test_deleting_a_repository_with_images_needs_force(ask: Ask, files: RegistryFiles) -> None:
    ask("DeleteRepository")
    files.image(NAME, b"1")
    with pytest.raises(ServiceError) as caught:
        ask("DeleteRepository")
    assert caught.value.code == "RepositoryNotEmptyException"
    assert ask("ListImages")["imageIds"]
    ask("DeleteRepository", force=True)
    assert ask("ListImages")["imageIds"] == []


def test_creating_a_repository_deletes_images_of_a_former_one(
    ask: Ask, registry: Registry, files: RegistryFiles
) -> None:
    files.image(NAME, b"1")
    files.image("new", b"1")
    for name in (NAME, "new", "../new", "No Name"):
        ask("CreateRepository", repositoryName=name)
    assert ask("ListImages")["imageIds"]
    assert registry.storage.images("new") == []


@pytest.mark.parametrize("operation", ["DescribeImages", "DeleteRepository", "GetDownloadUrlForLayer"])
@pytest.mark.parametrize("where", [{"repositoryName": "none"}, {"registryId": "999999999999"}])
def test_an_unknown_repository_is_refused(ask: Ask, operation: str, where: dict[str, str]) -> None:
    with pytest.raises(ServiceError, match="does not exist in the registry with id") as caught:
        ask(operation, **where)
    assert caught.value.code == "RepositoryNotFoundException"


def test_uploading_an_image_without_docker_is_refused(ask: Ask) -> None:
    with pytest.raises(ServiceError, match="The local cloud has no PutImage"):
        ask("PutImage")
