"""What the tests with a real Docker engine share."""

from collections.abc import Iterator
from typing import Any

import docker
import pytest

from tests.conftest import missing

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
