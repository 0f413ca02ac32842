"""What the tests with a real Docker engine share."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.conftest import ROOT, Project, missing

BASE_LABEL = "trainyard.tensorflow"


def _left(client: docker.DockerClient) -> dict[str, set[str]]:
    """What an engine holds besides images."""
    return {
        "containers": {container.name for container in client.containers.list(all=True)},
        "networks": {network.name for network in client.networks.list()},
        "volumes": {volume.name for volume in client.volumes.list()},
    }


@pytest.fixture(scope="session")
def engine() -> Iterator[docker.DockerClient]:
    """A Docker engine, which holds the same containers, networks and volumes afterwards as before."""
    try:
        client = docker.from_env()
        client.ping()
    except docker.errors.DockerException as error:
        missing(f"no Docker engine answers: {error}")
        raise
    before = _left(client)
    yield client
    assert _left(client) == before
    client.close()


@pytest.fixture(scope="session")
def base_image(engine: Any) -> str:
    """The name of the TensorFlow base image on this machine (.ci/base-image makes one)."""
    for image in engine.images.list(filters={"label": BASE_LABEL}):
        for name in image.tags:
            if name.startswith("trainyard-base:"):
                return str(name)
    missing("no TensorFlow base image is on this machine: .ci/base-image makes one")
    raise AssertionError


# The layers that are pushed in these tests, the base's among them, are kept from one run of them to the next.
SHARED = ROOT / "build" / "registry-of-tests"


def engine_project(folder: Path) -> Project:
    """A copy of the project that finds the Docker engine, and the layers that were pushed before."""
    made = Project(folder, environment={})
    SHARED.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "build").mkdir(exist_ok=True)
    (folder / "build" / "registry").symlink_to(SHARED)
    return made


@pytest.fixture(scope="session")
def dock(engine: docker.DockerClient, base_image: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A copy of the project with a local cloud that runs jobs in containers."""
    project = engine_project(tmp_path_factory.mktemp("dock"))
    project.make("cloud-up")
    yield project
    project.make("cloud-down")
