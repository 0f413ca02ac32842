"""One local cloud for all tests of this folder. It runs in a temporary folder, with a fake trainer.

The fake trainer runs the hyperparameter ``code`` as Python; the variable ``base`` is SAGEMAKER_BASE_DIR. So the tests
need no TensorFlow, and each test contains the program that its job runs.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import localcloud
from tests.unit.localcloud.account import Account, clients_of
from tests.unit.localcloud.tuning.searching import Searches

REPOSITORY = Path(__file__).parents[3]
# No Docker engine answers there, so jobs run as processes, also on a machine that can run containers.
NO_ENGINE = "unix:///nowhere"
FAKE_TRAINER = """
import json, os, pathlib, signal, sys, time
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
assert sys.argv[1:] == ["train"]
exec(json.loads(json.loads((base / "input/config/hyperparameters.json").read_text())["code"]))
"""


def make_root(folder: Path) -> Path:
    """Make a folder that replaces the repository's root, and return it."""
    (folder / "trainer").mkdir(parents=True)
    (folder / "trainer" / "__init__.py").touch()  # Without it, Python imports the repository's own trainer.
    (folder / "trainer" / "__main__.py").write_text(FAKE_TRAINER)
    return folder


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[localcloud.Cloud]:
    root = make_root(tmp_path_factory.mktemp("cloud") / "root")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("PYTHONPATH", str(REPOSITORY))
        patch.setenv("DOCKER_HOST", NO_ENGINE)
        started = localcloud.start(lifetime=True)
    yield started
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        localcloud.stop()


@pytest.fixture(scope="session")
def client(cloud: localcloud.Cloud) -> Callable[..., Any]:
    return clients_of(cloud)


@pytest.fixture(scope="session")
def account(cloud: localcloud.Cloud) -> Account:
    return Account(cloud)


@pytest.fixture(scope="session")
def searches(account: Account) -> Searches:
    return Searches(account, (f"search-{number}" for number in itertools.count(1)))


@pytest.fixture
def account_of() -> type[Account]:
    """Return the class ``Account``, for tests that start their own local cloud."""
    return Account


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder without a local cloud the current folder."""
    folder = make_root(tmp_path / "root")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    return folder


@pytest.fixture
def stopped_after(root: Path) -> Iterator[Path]:
    """Do the same, and stop the local cloud that the test starts there."""
    yield root
    localcloud.stop()
