"""A copy of the project without a cloud for the cases that need none; the shared stack, behind a front, for others."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import Project
from tests.errors.front import Front
from tests.errors.scene import Scene, bare, running, with_stack


@pytest.fixture(scope="session")
def plain_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project in which nothing has happened."""
    return Project(tmp_path_factory.mktemp("plain"))


@pytest.fixture
def plain(plain_project: Project, tmp_path: Path) -> Scene:
    """A scene without a cloud."""
    return bare(plain_project, tmp_path)


@pytest.fixture(scope="session")
def front(yard: Project, demo: str) -> Iterator[Front]:
    """What stands between the verbs and the local cloud that the demo has used."""
    server = Front(running(yard).port)
    yield server
    server.close()


@pytest.fixture
def stack(yard: Project, front: Front) -> Scene:
    """A scene with the stack and a run."""
    cloud = running(yard)
    session = boto3.Session("local", "local", region_name=cloud.region)
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = session.client(service, endpoint_url=cloud.url)  # type: ignore[call-overload]
        return made[service]

    return with_stack(yard, front, client)
