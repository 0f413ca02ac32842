from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forks
from tests.conftest import ROOT
from tests.unit.aws_server import aws_address, empty_aws

__all__ = ["aws_address", "empty_aws"]


@pytest.fixture(scope="session")
def forked_python() -> Iterator[Path]:
    """A Python for `-m scripts.NAME`, as a fork of a process that has imported what verbs import."""
    with forks.python(ROOT) as program:
        yield program
