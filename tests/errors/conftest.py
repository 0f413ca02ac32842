"""A copy of the project without a cloud for the cases that need none; the shared stack, behind a front, for others."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests import forks
from tests.conftest import Project
from tests.errors.front import Front
from tests.errors.jobs import await_mistakes, three_jobs
from tests.errors.scene import DATA, Scene, bare, running, with_stack


@pytest.fixture(scope="session")
def plain_project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A fresh copy of the project, without job files that you have added, such as those of `make tune`."""
    project = Project(tmp_path_factory.mktemp("plain"))
    for path in (project.folder / "jobs").glob("*.toml"):
        if path.stem != "digits":
            path.unlink()
    return project


@pytest.fixture(scope="session")
def plain_python(plain_project: Project) -> Iterator[Path]:
    """What make calls for Python in most cases without a cloud."""
    with forks.python(plain_project.folder) as program:
        yield program


@pytest.fixture(scope="session")
def stack_python(workshop: Project) -> Iterator[Path]:
    """What make calls for Python in most cases with a stack."""
    with forks.python(workshop.folder) as program:
        yield program


@pytest.fixture
def plain(plain_project: Project, tmp_path: Path, plain_python: Path) -> Scene:
    """A scene without a cloud."""
    return replace(bare(plain_project, tmp_path), python=plain_python)


@pytest.fixture(scope="session")
def front(workshop: Project) -> Iterator[Front]:
    """The proxy between the verbs and the workshop's local cloud."""
    server = Front(running(workshop).port)
    yield server
    server.close()


@pytest.fixture(scope="session")
def aws(workshop: Project) -> Callable[[str], Any]:
    """Makes a client of the local cloud that bypasses the proxy."""
    cloud = running(workshop)
    session = boto3.Session("local", "local", region_name=cloud.region)
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = session.client(service, endpoint_url=cloud.url)  # type: ignore[call-overload]
        return made[service]

    return client


@pytest.fixture(scope="session")
def jobs(workshop: Project, front: Front, aws: Callable[[str], Any]) -> Iterator[dict[str, str]]:
    """The names of three jobs: ``sleeper`` is running, ``failed`` is Failed, ``done`` is Completed."""
    with three_jobs(with_stack(workshop, front, aws)) as names:
        yield names


@pytest.fixture
def stack(
    workshop: Project, front: Front, aws: Callable[[str], Any], jobs: dict[str, str], stack_python: Path
) -> Iterator[Scene]:
    """A scene with the stack and its runs."""
    scene = replace(with_stack(workshop, front, aws), python=stack_python)
    (workshop.folder / "build/local-local/plan/plan.tfplan").unlink(missing_ok=True)  # of a test before
    scene.words.update(jobs)
    front.made.clear()
    yield scene
    if any("sagemaker:Create" in call for call in front.made):
        await_mistakes(scene)
    # What it uploaded: the next test's command would ask whether to delete it.
    for each in aws("s3").list_objects_v2(Bucket=DATA, Prefix="mistake/").get("Contents", ()):
        aws("s3").delete_object(Bucket=DATA, Key=each["Key"])
