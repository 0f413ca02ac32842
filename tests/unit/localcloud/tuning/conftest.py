"""Tuning jobs in the local cloud of the folder above."""

from itertools import count
from typing import Any

import pytest

from tests.unit.localcloud.tuning.searching import Searches


@pytest.fixture(scope="session")
def searches(account: Any) -> Searches:
    return Searches(account, (f"search-{number}" for number in count(1)))
