"""What the tests of the plan review share."""

import pytest

from scripts.review import digest


@pytest.fixture(autouse=True)
def slowness(monkeypatch: pytest.MonkeyPatch) -> None:
    """A digest is slow on purpose: 40 ms of each review, in hundreds of tests to which its speed is nothing."""
    monkeypatch.setattr(digest, "SLOWNESS", 2)
