"""People in the local cloud."""

from collections.abc import Callable
from typing import Any

import pytest

from scripts import localcloud
from tests.unit.localcloud.access.people import People


@pytest.fixture(scope="session")
def people(cloud: localcloud.Cloud, client: Callable[..., Any]) -> People:
    return People(cloud.url, client("iam"))
