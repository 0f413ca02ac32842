"""Fixtures of the tests with a real Docker engine."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from tests.background import BACKGROUND, Prepared
from tests.conftest import ROOT, Project, asks_for, locked, missing
from tests.container.local_registry import Dock
from tests.schedule import runs_first

BASE_LABEL = "trainyard.tensorflow"


def _left(client: docker.DockerClient) -> dict[str, list[str]]:
    """The containers, networks and volumes of an engine."""
    return {
        "containers": sorted(container.name for container in client.containers.list(all=True)),
        "networks": sorted(network.name for network in client.networks.list()),
        "volumes": sorted(volume.name for volume in client.volumes.list()),
    }


@contextlib.contextmanager
def _nothing_left(client: docker.DockerClient, folder: Path) -> Iterator[None]:
    """Check that the engine has the same resources when the last test worker ends as when the first one started.

    Args:
        client: the engine's client.
        folder: a folder that all workers of this run share.
    """
    record = folder / "engine.json"

    @contextlib.contextmanager
    def counted(change: int) -> Iterator[dict[str, Any]]:
        with locked(record):
            found: dict[str, Any] = json.loads(record.read_text()) if record.exists() else {"workers": 0}
            found["workers"] += change
            yield found
            record.write_text(json.dumps(found))

    with counted(+1) as state:
        if state["workers"] == 1:
            state["before"] = _left(client)
    yield
    with counted(-1) as state:
        left = _left(client) if state["workers"] == 0 else state["before"]
    assert left == state["before"]


@pytest.fixture(scope="session")
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[docker.DockerClient]:
    """A Docker engine. After the tests, it must have the same containers, networks and volumes as before.

    The stack of the fixture `dock` is applied from now on: its local cloud may start a registry on this engine.
    """
    try:
        client = docker.from_env()
        client.ping()
    except docker.errors.DockerException as error:
        missing(f"no Docker engine answers: {error}")
        raise
    own = tmp_path_factory.getbasetemp()
    with _nothing_left(client, own if worker_id == "master" else own.parent):
        if asks_for("dock", request.session) and runs_first("tests/container", request.config):
            dock_in_background()
        yield client
        BACKGROUND.stop("dock")
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


# Pushed layers, those of the base among them, are kept here from one test run to the next.
SHARED = ROOT / "build" / "registry-of-tests"


def engine_project(folder: Path) -> Project:
    """A copy of the project that finds the Docker engine and the layers of earlier test runs."""
    made = Project(folder, environment={})
    SHARED.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "build").mkdir(exist_ok=True)
    (folder / "build" / "registry").symlink_to(SHARED)
    return made


@pytest.fixture(scope="session")
def dock(engine: docker.DockerClient, base_image: str) -> Project:
    """A copy of the project with an applied stack, on a local cloud that runs jobs in containers."""
    prepared = dock_in_background()
    prepared.wait()
    return prepared.project


def dock_in_background() -> Prepared:
    """The copy for the fixture `dock`, which may not be ready yet."""
    return BACKGROUND.prepare("dock", engine_project, [("cloud-up",), ("infra", "CLOUD=local", "YES=1")])


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder without a local cloud the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    return tmp_path


@pytest.fixture
def local_ecr(engine: Any, root: Path) -> Iterator[Dock]:
    """A local cloud in that folder, and its registry."""
    made = Dock(engine)
    yield made
    os.chdir(root)
    made.close()
