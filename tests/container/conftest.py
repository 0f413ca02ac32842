"""Fixtures of the tests with a real Docker engine."""

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import docker
import pytest

from tests.background import BACKGROUND, Prepared
from tests.conftest import ROOT, Project, asks_for, locked, missing
from tests.container.local_registry import Dock
from tests.schedule import runs_first

BASE_LABEL = "trainyard.tensorflow"


def _held(client: docker.DockerClient) -> set[str]:
    """The containers, networks and volumes of an engine, by their kinds and names."""
    kinds = {
        "container": client.containers.list(all=True, ignore_removed=True),
        "network": client.networks.list(),
        "volume": client.volumes.list(),
    }
    return {f"{kind} {one.name}" for kind, found in kinds.items() for one in found}


def _left(client: docker.DockerClient, before: Iterable[str]) -> set[str]:
    """What an engine did not have before and keeps. What another run of the tests has there does not stay a minute."""
    left, deadline = _held(client) - set(before), time.monotonic() + 60
    while left and time.monotonic() < deadline:
        time.sleep(0.5)
        left &= _held(client)
    return left


@contextlib.contextmanager
def _nothing_left(client: docker.DockerClient, folder: Path) -> Iterator[None]:
    """Check that the engine keeps nothing, when the last test worker ends, that it lacked when the first one started.

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
            state["before"] = sorted(_held(client))
    yield
    with counted(-1) as state:
        left = set() if state["workers"] else _left(client, state["before"])
    assert left == set()


@pytest.fixture(scope="session")
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[docker.DockerClient]:
    """A Docker engine. The tests must leave no containers, networks and volumes there.

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
    for image in engine.api.images(filters={"label": BASE_LABEL}):  # images.list() fails if one is removed meanwhile
        for name in image["RepoTags"] or ():
            if name.startswith("trainyard-base:"):
                return str(name)
    missing("no TensorFlow base image is on this machine: .ci/base-image makes one")
    raise AssertionError


# Pushed layers, those of the base among them, are kept here from one test run to the next.
SHARED = ROOT / "build" / "registry-of-tests"
_locks: list[IO[str]] = []  # each is held until this process ends


def engine_project(folder: Path) -> Project:
    """A copy of the project that finds the Docker engine, and the layers of earlier test runs unless they are in use.

    A local cloud that starts deletes all images of its registry. So two workers of the tests cannot share the folder.
    """
    made = Project(folder, environment={})
    SHARED.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = SHARED.with_name(f".{SHARED.name}.lock").open("w")
    _locks.append(lock)
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
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
