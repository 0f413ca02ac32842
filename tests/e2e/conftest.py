"""The whole journey needs Terraform with its provider; the stack takes over a minute to build, so tests share one."""

import shutil
from collections.abc import Iterator

import pytest

from tests.conftest import Project, missing


@pytest.fixture(scope="session")
def yard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A copy of the project with a local cloud running that stands until the last test."""
    if not shutil.which("terraform"):
        missing("terraform is not on PATH")
    project = Project(tmp_path_factory.mktemp("yard"))
    provider = project.verb("infra", "validate")
    if provider.returncode != 0:
        missing(f"the AWS provider cannot be had:\n{provider.stdout}{provider.stderr}")
    project.make("cloud-up")
    yield project
    project.make("cloud-down")


@pytest.fixture(scope="session")
def demo(yard: Project) -> str:
    """What `make demo` printed in the yard; from here on the stack is built and one job has run."""
    return yard.make("demo")
