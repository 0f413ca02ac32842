"""The local cloud's ECR and registry with a real engine: pushes, refusals, answers, and which layers are kept."""

import base64
import hashlib
import http.client
import io
import json
import os
import shutil
import signal
import tarfile
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import docker
import pytest
from botocore.exceptions import ClientError

from scripts import localcloud
from tests.conftest import missing
from tests.unit.localcloud.processes import is_gone, verb, wait_until

pytestmark = pytest.mark.e2e

REPOSITORY = Path(__file__).parents[2]


class Dock:
    """An engine and a local cloud in the current folder, with short methods for what tests do with them."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.image_ids: set[str] = set()
        self.cloud = localcloud.start(lifetime=True)

    @property
    def ecr(self) -> Any:
        return boto3.Session("local", "local", region_name="us-east-1").client("ecr", endpoint_url=self.cloud.url)

    @property
    def address(self) -> str:
        return f"localhost:{self.cloud.port}"

    def restart(self) -> None:
        localcloud.stop()
        self.cloud = localcloud.start(lifetime=True)

    def create(self, name: str = "trainer", mutability: str = "IMMUTABLE") -> None:
        self.ecr.create_repository(repositoryName=name, imageTagMutability=mutability)

    def image(self, content: bytes) -> str:
        """Make an image of one layer, and return its ID."""
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as tar:
            member = tarfile.TarInfo("content")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        response = json.loads(self.engine.api.import_image_from_data(data.getvalue()))
        self.image_ids.add(response["status"])
        return str(response["status"])

    def auth(self) -> dict[str, str]:
        (data,) = self.ecr.get_authorization_token()["authorizationData"]
        user, _, token = base64.b64decode(data["authorizationToken"]).decode().partition(":")
        return {"username": user, "password": token}

    def push(self, image: str, tag: str, name: str = "trainer", auth: dict[str, str] | None = None) -> list[str]:
        """Push an image, and return the engine's statuses of its layers, or its errors."""
        target = f"{self.address}/{name}"
        self.engine.images.get(image).tag(target, tag)
        client = docker.from_env()
        try:
            events = list(client.api.push(target, tag, stream=True, decode=True, auth_config=auth or self.auth()))
        finally:
            client.close()
        errors = [event["error"] for event in events if "error" in event]
        return errors or [event["status"] for event in events if "id" in event]

    def close(self) -> None:
        """Stop the local cloud of the current folder, and remove the images with all their tags."""
        localcloud.stop()
        for image in self.image_ids:
            self.engine.images.remove(image, force=True)

    def describe_images(self, name: str = "trainer", **members: Any) -> list[dict[str, Any]]:
        return list(self.ecr.describe_images(repositoryName=name, **members)["imageDetails"])


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder without a local cloud the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    return tmp_path


@pytest.fixture
def place(engine: Any, root: Path) -> Iterator[Dock]:
    place = Dock(engine)
    yield place
    os.chdir(root)
    place.close()


def test_ecr_describes_a_pushed_image(place: Dock) -> None:
    place.create()
    assert place.push(place.image(os.urandom(300_000)), "v1")[-1] == "Pushed"
    (found,) = place.describe_images(imageIds=[{"imageTag": "v1"}])
    digest = found["imageDigest"]
    assert found["imageTags"] == ["v1"]
    assert 300_000 < found["imageSizeInBytes"] < 310_000
    assert place.describe_images(imageIds=[{"imageDigest": digest}]) == place.describe_images() == [found]
    (image,) = place.ecr.batch_get_image(repositoryName="trainer", imageIds=[{"imageTag": "v1"}])["images"]
    assert "sha256:" + hashlib.sha256(image["imageManifest"].encode()).hexdigest() == digest
    assert image["imageManifestMediaType"] == found["imageManifestMediaType"]
    manifest = json.loads(image["imageManifest"])
    parts = [manifest["config"], *manifest["layers"]]
    layers = place.ecr.batch_check_layer_availability(
        repositoryName="trainer", layerDigests=[part["digest"] for part in parts]
    )["layers"]
    assert [(layer["layerAvailability"], layer["layerSize"]) for layer in layers] == [
        ("AVAILABLE", part["size"]) for part in parts
    ]
    for part in parts:  # The URL alone is enough, for the configuration too.
        url = place.ecr.get_download_url_for_layer(repositoryName="trainer", layerDigest=part["digest"])["downloadUrl"]
        with urllib.request.urlopen(url) as answer:
            assert "sha256:" + hashlib.sha256(answer.read()).hexdigest() == part["digest"]
    with pytest.raises(ClientError, match="ImageNotFoundException"):
        place.describe_images(imageIds=[{"imageTag": "v2"}])


def test_a_pushed_image_can_be_pulled_by_its_digest(place: Dock) -> None:
    place.create()
    image = place.image(os.urandom(100_000))
    place.push(image, "v1")
    name = f"{place.address}/trainer@{place.describe_images()[0]['imageDigest']}"
    place.engine.images.remove(image, force=True)
    with pytest.raises(docker.errors.ImageNotFound):
        place.engine.images.get(name)
    place.engine.api.pull(name, auth_config=place.auth())
    assert place.engine.images.get(name).id == image


def test_ecr_refuses_wrong_tokens_unknown_repositories_and_overwritten_tags(place: Dock) -> None:
    place.create()
    first, second = place.image(b"first"), place.image(b"second")
    wrong = {"username": "AWS", "password": "wrong"}
    assert place.push(first, "v1", auth=wrong) == ["unauthorized: Not Authorized"]
    assert place.push(first, "v1", name="none") == [
        "name unknown: The repository with name 'none' does not exist in the registry with id '123456789012'"
    ]
    assert place.push(first, "v1")[-1] == "Pushed"
    assert place.push(first, "v1")[-1] == "Layer already exists"
    assert place.push(second, "v1") == [
        "tag invalid: The image tag 'v1' already exists in the 'trainer' repository and cannot be overwritten because "
        "the tag is immutable."
    ]
    assert len(place.describe_images(imageIds=[{"imageTag": "v1"}])) == 1
    client = docker.from_env()  # A client of its own, because it remembers a login.
    try:
        with pytest.raises(docker.errors.APIError, match="401 Unauthorized"):
            client.login(registry=place.address, **wrong)
        assert client.login(registry=place.address, **place.auth())["Status"] == "Login Succeeded"
    finally:
        client.close()


def test_a_mutable_tag_can_be_moved_and_the_old_image_stays_untagged(place: Dock) -> None:
    place.create("moving", "MUTABLE")
    place.push(place.image(b"first"), "v1", "moving")
    (first,) = place.describe_images("moving")
    place.push(place.image(b"second"), "v1", "moving")
    (untagged,) = place.describe_images("moving", filter={"tagStatus": "UNTAGGED"})
    (tagged,) = place.describe_images("moving", imageIds=[{"imageTag": "v1"}])
    assert untagged["imageDigest"] == first["imageDigest"] != tagged["imageDigest"]
    assert untagged["imagePushedAt"] <= tagged["imagePushedAt"]
    deleted = place.ecr.batch_delete_image(repositoryName="moving", imageIds=[{"imageDigest": first["imageDigest"]}])
    assert deleted["imageIds"] == [{"imageDigest": first["imageDigest"]}]
    assert place.describe_images("moving") == [tagged]


def test_if_two_clients_push_the_same_tag_at_once_one_wins(place: Dock) -> None:
    """The test sends the engine's last request itself, because one engine has only one image of a name."""
    place.create()
    for number in range(2):
        place.push(place.image(os.urandom(100)), f"image-{number}")
    ids = [{"imageTag": f"image-{number}"} for number in range(2)]
    images = place.ecr.batch_get_image(repositoryName="trainer", imageIds=ids)["images"]
    auth = "Basic " + base64.b64encode(":".join(place.auth().values()).encode()).decode()
    ready = threading.Barrier(2)

    def put(image: dict[str, Any], tag: str) -> int:
        headers = {"Authorization": auth, "Content-Type": image["imageManifestMediaType"]}
        connection = http.client.HTTPConnection("127.0.0.1", place.cloud.port)
        ready.wait()
        connection.request("PUT", f"/v2/trainer/manifests/{tag}", image["imageManifest"], headers)
        return connection.getresponse().status

    with ThreadPoolExecutor(2) as pool:
        for round_ in range(20):
            answers = pool.map(put, images, [f"v{round_}"] * 2)
            assert sorted(answers) == [201, 400]
    assert sum(len(image["imageTags"]) for image in place.describe_images()) == 22


def test_a_repository_with_images_is_deleted_only_by_force(place: Dock) -> None:
    place.create()
    image = place.image(os.urandom(10_000))
    place.push(image, "v1")
    with pytest.raises(ClientError, match="RepositoryNotEmptyException"):
        place.ecr.delete_repository(repositoryName="trainer")
    place.ecr.delete_repository(repositoryName="trainer", force=True)
    place.create()
    assert place.describe_images() == []
    assert place.push(image, "v1")[-1] == "Layer already exists"
    place.ecr.delete_repository(repositoryName="trainer", force=True)
    assert place.push(image, "v1")[-1].startswith("name unknown")


def test_layers_outlast_the_local_cloud_and_images_do_not(place: Dock) -> None:
    place.create()
    image = place.image(os.urandom(400_000))
    place.push(image, "v1")
    status = verb("status").stdout
    assert "Jobs run " in status
    assert "repository trainer: 1 images" in status
    layers = next(line for line in status.splitlines() if line.startswith("Image layers"))
    assert layers.endswith(" kB")
    assert verb("clean").stderr.splitlines() == [
        "Error: The local cloud is running and uses the layers.",
        "Fix:   Stop it first: `make cloud-down`.",
    ]
    place.restart()
    place.create()
    assert place.describe_images() == []
    assert place.push(image, "v1")[-1] == "Layer already exists"
    localcloud.stop()
    assert "kB of image layers deleted from build/registry/." in verb("clean").stdout
    assert verb("clean").stdout == "0 B of image layers deleted from build/registry/.\n"
    place.restart()
    place.create()
    assert place.push(image, "v1")[-1] == "Pushed"


def test_local_clouds_in_two_folders_do_not_disturb_each_other(place: Dock, tmp_path: Path) -> None:
    place.create()
    image = place.image(b"content")
    place.push(image, "v1")
    (tmp_path / "other").mkdir()
    os.chdir(tmp_path / "other")
    other = Dock(place.engine)
    try:
        other.create()
        assert other.describe_images() == []
        assert other.push(image, "v1")[-1] == "Pushed"
    finally:
        localcloud.stop()
    assert len(place.describe_images()) == 1
    assert place.push(image, "v2")[-1] == "Layer already exists"


def registries(root: Path) -> list[int]:
    """Return the numbers of the registry processes with this folder's configuration."""
    file = str(root / "build/registry/config.json").encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue  # The process has ended meanwhile.
        if file in words and not is_gone(int(entry.parent.name)):
            found.append(int(entry.parent.name))
    return found


def test_the_registry_ends_with_the_local_cloud_and_starts_again(place: Dock, root: Path) -> None:
    assert registries(root) == []
    place.create()
    image = place.image(b"content")
    place.push(image, "v1")
    for process in registries(root):
        os.kill(process, signal.SIGKILL)
    assert place.push(image, "v2")[-1] == "Layer already exists"
    assert registries(root)
    os.kill(place.cloud.pid, signal.SIGKILL)
    wait_until(lambda: not registries(root))
    wait_until(lambda: localcloud.running() is None)
    place.restart()
    place.create()
    assert place.describe_images() == []
    place.push(image, "v1")
    localcloud.stop()
    assert registries(root) == []


def test_a_large_layer_is_streamed(place: Dock) -> None:
    """The layer is sent in chunks, as docker does, and downloaded; the server never holds it in memory."""
    place.create()
    size, piece = 300 << 20, os.urandom(1 << 20)
    digest = "sha256:" + hashlib.sha256(piece * (size >> 20)).hexdigest()
    auth = "Basic " + base64.b64encode(":".join(place.auth().values()).encode()).decode()
    connection = http.client.HTTPConnection("127.0.0.1", place.cloud.port)

    def ask(method: str, url: str, body: Any = None, **more: Any) -> http.client.HTTPResponse:
        connection.request(method, url, body, {"Authorization": auth, "Host": place.address}, **more)
        return connection.getresponse()

    started = ask("POST", "/v2/trainer/blobs/uploads/?mount=sha256:1&from=other")
    assert (started.status, started.read()) == (202, b"")
    assert started.headers["Location"].startswith(f"http://{place.address}/v2/trainer/blobs/uploads/")
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
    peak = Path(f"/proc/{place.cloud.pid}/status").read_text().partition("VmHWM:")[2].split()[0]
    assert int(peak) << 10 < 250 << 20


@pytest.fixture
def registry_image(engine: Any) -> Iterator[str]:
    """Return the image `registry:2`. If this machine lacks it, make it from the local program."""
    name = "registry:2"
    if engine.images.list(name):
        yield name
        return
    program = shutil.which("docker-registry")
    if program is None:
        missing("neither docker-registry nor the image registry:2 is on this machine")
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", dereference=True) as tar:
        tar.add(str(program), "bin/registry")
        for library in ("lib/x86_64-linux-gnu/libc.so.6", "lib64/ld-linux-x86-64.so.2"):
            tar.add(f"/{library}", library)
    changes = ['ENTRYPOINT ["/bin/registry"]', "VOLUME /var/lib/registry"]
    engine.api.import_image_from_data(data.getvalue(), repository="registry", tag="2", changes=changes)
    yield name
    engine.images.remove(name)


@pytest.mark.usefixtures("registry_image")
def test_without_the_registry_program_its_image_is_used(
    engine: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(root))  # Nothing is installed there.
    place = Dock(engine)

    def containers() -> list[Any]:
        label = f"trainyard.registry={root / 'build/registry'}"
        return list(engine.containers.list(all=True, filters={"label": label}))

    try:
        assert "docker-registry" not in (localcloud.container_support(place.cloud).missing or "")
        place.create()
        image = place.image(os.urandom(10_000))
        assert place.push(image, "v1")[-1] == "Pushed"
        (served,) = containers()
        assert {port["HostIp"] for port in served.ports["5000/tcp"]} == {"127.0.0.1"}
        assert {path.stat().st_uid for path in (root / "build/registry").rglob("*")} == {os.getuid()}
        os.kill(place.cloud.pid, signal.SIGKILL)
        wait_until(lambda: localcloud.running() is None)
        assert containers()
        place.restart()
        assert containers() == []
        place.create()
        assert place.push(image, "v1")[-1] == "Layer already exists"
    finally:
        place.close()
    assert containers() == []


def test_without_registry_program_and_image_the_message_says_what_to_install(
    engine: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine.images.list("registry:2"):
        pytest.skip("the image registry:2 is on this machine")
    monkeypatch.setenv("PATH", str(root))
    cloud = localcloud.start(lifetime=True)
    try:
        missing = localcloud.container_support(cloud).missing
        assert "install docker-registry, or `docker pull registry:2`" in str(missing)
    finally:
        localcloud.stop()
