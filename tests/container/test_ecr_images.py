"""Images in the local cloud's ECR, pushed by a real engine: answers, refusals, tags, deletion, a large layer."""

import base64
import hashlib
import http.client
import json
import os
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import docker
import pytest
from botocore.exceptions import ClientError

from tests.container.local_registry import Dock

pytestmark = pytest.mark.e2e


def test_ecr_describes_a_pushed_image(local_ecr: Dock) -> None:
    local_ecr.create()
    assert local_ecr.push(local_ecr.image(os.urandom(300_000)), "v1")[-1] == "Pushed"
    (found,) = local_ecr.describe_images(imageIds=[{"imageTag": "v1"}])
    digest = found["imageDigest"]
    assert found["imageTags"] == ["v1"]
    assert 300_000 < found["imageSizeInBytes"] < 310_000
    assert local_ecr.describe_images(imageIds=[{"imageDigest": digest}]) == local_ecr.describe_images() == [found]
    (image,) = local_ecr.ecr.batch_get_image(repositoryName="trainer", imageIds=[{"imageTag": "v1"}])["images"]
    assert "sha256:" + hashlib.sha256(image["imageManifest"].encode()).hexdigest() == digest
    assert image["imageManifestMediaType"] == found["imageManifestMediaType"]
    manifest = json.loads(image["imageManifest"])
    parts = [manifest["config"], *manifest["layers"]]
    layers = local_ecr.ecr.batch_check_layer_availability(
        repositoryName="trainer", layerDigests=[part["digest"] for part in parts]
    )["layers"]
    assert [(layer["layerAvailability"], layer["layerSize"]) for layer in layers] == [
        ("AVAILABLE", part["size"]) for part in parts
    ]
    for part in parts:  # The URL alone is enough, for the configuration too.
        url = local_ecr.ecr.get_download_url_for_layer(repositoryName="trainer", layerDigest=part["digest"])[
            "downloadUrl"
        ]
        with urllib.request.urlopen(url) as answer:
            assert "sha256:" + hashlib.sha256(answer.read()).hexdigest() == part["digest"]
    with pytest.raises(ClientError, match="ImageNotFoundException"):
        local_ecr.describe_images(imageIds=[{"imageTag": "v2"}])


def test_a_pushed_image_can_be_pulled_by_its_digest(local_ecr: Dock) -> None:
    local_ecr.create()
    image = local_ecr.image(os.urandom(100_000))
    local_ecr.push(image, "v1")
    name = f"{local_ecr.address}/trainer@{local_ecr.describe_images()[0]['imageDigest']}"
    local_ecr.engine.images.remove(image, force=True)
    with pytest.raises(docker.errors.ImageNotFound):
        local_ecr.engine.images.get(name)
    local_ecr.engine.api.pull(name, auth_config=local_ecr.auth())
    assert local_ecr.engine.images.get(name).id == image


def test_ecr_refuses_wrong_tokens_unknown_repositories_and_overwritten_tags(local_ecr: Dock) -> None:
    local_ecr.create()
    first, second = local_ecr.image(b"first"), local_ecr.image(b"second")
    wrong = {"username": "AWS", "password": "wrong"}
    assert local_ecr.push(first, "v1", auth=wrong) == ["unauthorized: Not Authorized"]
    assert local_ecr.push(first, "v1", name="none") == [
        "name unknown: The repository with name 'none' does not exist in the registry with id '123456789012'"
    ]
    assert local_ecr.push(first, "v1")[-1] == "Pushed"
    assert local_ecr.push(first, "v1")[-1] == "Layer already exists"
    assert local_ecr.push(second, "v1") == [
        "tag invalid: The image tag 'v1' already exists in the 'trainer' repository and cannot be overwritten because "
        "the tag is immutable."
    ]
    assert len(local_ecr.describe_images(imageIds=[{"imageTag": "v1"}])) == 1
    client = docker.from_env()  # A client of its own, because it remembers a login.
    try:
        with pytest.raises(docker.errors.APIError, match="401 Unauthorized"):
            client.login(registry=local_ecr.address, **wrong)
        assert client.login(registry=local_ecr.address, **local_ecr.auth())["Status"] == "Login Succeeded"
    finally:
        client.close()


def test_a_mutable_tag_can_be_moved_and_the_old_image_stays_untagged(local_ecr: Dock) -> None:
    local_ecr.create("moving", "MUTABLE")
    local_ecr.push(local_ecr.image(b"first"), "v1", "moving")
    (first,) = local_ecr.describe_images("moving")
    local_ecr.push(local_ecr.image(b"second"), "v1", "moving")
    (untagged,) = local_ecr.describe_images("moving", filter={"tagStatus": "UNTAGGED"})
    (tagged,) = local_ecr.describe_images("moving", imageIds=[{"imageTag": "v1"}])
    assert untagged["imageDigest"] == first["imageDigest"] != tagged["imageDigest"]
    assert untagged["imagePushedAt"] <= tagged["imagePushedAt"]
    deleted = local_ecr.ecr.batch_delete_image(
        repositoryName="moving", imageIds=[{"imageDigest": first["imageDigest"]}]
    )
    assert deleted["imageIds"] == [{"imageDigest": first["imageDigest"]}]
    assert local_ecr.describe_images("moving") == [tagged]


def test_if_two_clients_push_the_same_tag_at_once_one_wins(local_ecr: Dock) -> None:
    """The test sends the engine's last request itself, because one engine has only one image of a name."""
    local_ecr.create()
    for number in range(2):
        local_ecr.push(local_ecr.image(os.urandom(100)), f"image-{number}")
    ids = [{"imageTag": f"image-{number}"} for number in range(2)]
    images = local_ecr.ecr.batch_get_image(repositoryName="trainer", imageIds=ids)["images"]
    auth = "Basic " + base64.b64encode(":".join(local_ecr.auth().values()).encode()).decode()
    ready = threading.Barrier(2)

    def put(image: dict[str, Any], tag: str) -> int:
        headers = {"Authorization": auth, "Content-Type": image["imageManifestMediaType"]}
        connection = http.client.HTTPConnection("127.0.0.1", local_ecr.cloud.port)
        ready.wait()
        connection.request("PUT", f"/v2/trainer/manifests/{tag}", image["imageManifest"], headers)
        return connection.getresponse().status

    with ThreadPoolExecutor(2) as pool:
        for round_ in range(20):
            answers = pool.map(put, images, [f"v{round_}"] * 2)
            assert sorted(answers) == [201, 400]
    assert sum(len(image["imageTags"]) for image in local_ecr.describe_images()) == 22


def test_a_repository_with_images_is_deleted_only_by_force(local_ecr: Dock) -> None:
    local_ecr.create()
    image = local_ecr.image(os.urandom(10_000))
    local_ecr.push(image, "v1")
    with pytest.raises(ClientError, match="RepositoryNotEmptyException"):
        local_ecr.ecr.delete_repository(repositoryName="trainer")
    local_ecr.ecr.delete_repository(repositoryName="trainer", force=True)
    local_ecr.create()
    assert local_ecr.describe_images() == []
    assert local_ecr.push(image, "v1")[-1] == "Layer already exists"
    local_ecr.ecr.delete_repository(repositoryName="trainer", force=True)
    assert local_ecr.push(image, "v1")[-1].startswith("name unknown")


def test_a_large_layer_is_streamed(local_ecr: Dock) -> None:
    """The layer is sent in chunks, as docker does, and downloaded; the server never holds it in memory."""
    local_ecr.create()
    size, piece = 300 << 20, os.urandom(1 << 20)
    digest = "sha256:" + hashlib.sha256(piece * (size >> 20)).hexdigest()
    auth = "Basic " + base64.b64encode(":".join(local_ecr.auth().values()).encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", local_ecr.cloud.port)

    def ask(method: str, url: str, body: Any = None, **more: Any) -> http.client.HTTPResponse:
        connection.request(method, url, body, {"Authorization": auth, "Host": local_ecr.address}, **more)
        return connection.getresponse()

    started = ask("POST", "/v2/trainer/blobs/uploads/?mount=sha256:1&from=other")
    assert (started.status, started.read()) == (202, b"")
    assert started.headers["Location"].startswith(f"http://{local_ecr.address}/v2/trainer/blobs/uploads/")
    sent = ask("PATCH", started.headers["Location"], (piece for _ in range(size >> 20)), encode_chunked=True)
    assert (sent.status, sent.read()) == (202, b"")
    done = ask("PUT", f"{sent.headers['Location']}&digest={digest}")
    assert (done.status, done.read()) == (201, b"")
    head = ask("HEAD", f"/v2/trainer/blobs/{digest}")
    assert (head.status, head.headers["Content-Length"], head.read()) == (200, str(size), b"")
    answer = ask("GET", f"/v2/trainer/blobs/{digest}")
    seen = hashlib.sha256()
    while part := answer.read(1 << 20):
        seen.update(part)
    assert f"sha256:{seen.hexdigest()}" == digest
    peak = Path(f"/proc/{local_ecr.cloud.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
    assert int(peak) << 10 < 250 << 20
