"""The registry behind the local cloud's ECR: when its program runs, which layers it keeps, and where there is none."""

import io
import os
import shutil
import signal
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import localcloud
from tests.conftest import locked, missing
from tests.container.local_registry import Dock
from tests.unit.localcloud.processes import is_gone, kill, verb, wait_until

pytestmark = pytest.mark.e2e


def test_layers_outlast_the_local_cloud_and_images_do_not(local_ecr: Dock) -> None:
    local_ecr.create()
    image = local_ecr.image(os.urandom(400_000))
    local_ecr.push(image, "v1")
    status = verb("status").stdout
    assert "Jobs run " in status
    assert "repository trainer: 1 images" in status
    layers = next(line for line in status.splitlines() if line.startswith("Image layers"))
    assert layers.endswith(" kB")
    assert verb("clean").stderr.splitlines() == [
        "Error: The local cloud is running and uses the layers.",
        "Fix:   Stop it first: `make cloud-down`.",
    ]
    local_ecr.restart()
    local_ecr.create()
    assert local_ecr.describe_images() == []
    assert local_ecr.push(image, "v1")[-1] == "Layer already exists"
    localcloud.stop()
    assert "kB of image layers deleted from build/registry/." in verb("clean").stdout
    assert verb("clean").stdout == "0 B of image layers deleted from build/registry/.\n"
    local_ecr.restart()
    local_ecr.create()
    assert local_ecr.push(image, "v1")[-1] == "Pushed"


def test_local_clouds_in_two_folders_do_not_disturb_each_other(local_ecr: Dock, tmp_path: Path) -> None:
    local_ecr.create()
    image = local_ecr.image(b"content")
    local_ecr.push(image, "v1")
    (tmp_path / "other").mkdir()
    os.chdir(tmp_path / "other")
    other = Dock(local_ecr.engine)
    try:
        other.create()
        assert other.describe_images() == []
        assert other.push(image, "v1")[-1] == "Pushed"
    finally:
        localcloud.stop()
    assert len(local_ecr.describe_images()) == 1
    assert local_ecr.push(image, "v2")[-1] == "Layer already exists"


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


def test_the_registry_ends_with_the_local_cloud_and_starts_again(local_ecr: Dock, root: Path) -> None:
    assert registries(root) == []
    local_ecr.create()
    image = local_ecr.image(b"content")
    local_ecr.push(image, "v1")
    for process in registries(root):
        os.kill(process, signal.SIGKILL)
    wait_until(lambda: not registries(root))  # a request that meets it while it ends gets no answer
    assert local_ecr.push(image, "v2")[-1] == "Layer already exists"
    assert registries(root)
    kill(local_ecr.cloud)
    wait_until(lambda: not registries(root))
    local_ecr.restart()
    local_ecr.create()
    assert local_ecr.describe_images() == []
    local_ecr.push(image, "v1")
    localcloud.stop()
    assert registries(root) == []


@pytest.fixture
def alone() -> Iterator[None]:
    """No other run of these tests makes or removes the image `registry:2` of the same engine meanwhile."""
    with locked(Path(tempfile.gettempdir(), f"trainyard-registry-image-{os.getuid()}")):
        yield


@pytest.fixture
def registry_image(engine: Any, alone: None) -> Iterator[str]:
    """Return the image `registry:2`. If this machine lacks it, make it from the local program."""
    name = "registry:2"
    if engine.api.images(name):
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
    local_ecr = Dock(engine)

    def containers() -> list[Any]:
        label = f"trainyard.registry={root / 'build/registry'}"
        return list(engine.containers.list(all=True, filters={"label": label}))

    try:
        assert "docker-registry" not in (localcloud.container_support(local_ecr.cloud).missing or "")
        local_ecr.create()
        image = local_ecr.image(os.urandom(10_000))
        assert local_ecr.push(image, "v1")[-1] == "Pushed"
        (served,) = containers()
        assert {port["HostIp"] for port in served.ports["5000/tcp"]} == {"127.0.0.1"}
        assert {path.stat().st_uid for path in (root / "build/registry").rglob("*")} == {os.getuid()}
        kill(local_ecr.cloud)
        assert containers()
        local_ecr.restart()
        assert containers() == []
        local_ecr.create()
        assert local_ecr.push(image, "v1")[-1] == "Layer already exists"
    finally:
        local_ecr.close()
    assert containers() == []


def test_without_registry_program_and_image_the_message_says_what_to_install(
    engine: Any, alone: None, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if engine.api.images("registry:2"):
        pytest.skip("the image registry:2 is on this machine")
    monkeypatch.setenv("PATH", str(root))
    cloud = localcloud.start(lifetime=True)
    try:
        missing = localcloud.container_support(cloud).missing
        assert "install docker-registry, or `docker pull registry:2`" in str(missing)
    finally:
        localcloud.stop()
