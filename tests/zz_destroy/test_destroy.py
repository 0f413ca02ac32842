"""`make destroy`, last of all: the tests before it share the stack that it removes."""

import pytest

from tests.conftest import Project

pytestmark = pytest.mark.e2e

LOCAL = "CLOUD=local"


def test_destroy_asks_for_the_name_and_leaves_the_state_bucket(yard: Project, demo: str) -> None:
    output = yard.make("destroy", LOCAL, code=2)
    assert "CONFIRM=local" in output
    output = yard.make("destroy", LOCAL, "CONFIRM=local")
    assert "21 destroyed" in output
    assert "trainyard-tfstate-" in output
    output = yard.make("train", LOCAL, "JOB=digits", code=2)
    assert "make infra" in output
