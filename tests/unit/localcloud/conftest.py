"""One local cloud for all tests here, in a folder of its own, with a stand-in for the trainer.

The stand-in runs the hyperparameter ``code`` as Python, with ``base`` (SAGEMAKER_BASE_DIR) in reach. It needs no
TensorFlow, and each test says in place what its program does.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts import localcloud
from tests.unit.localcloud.account import Account, clients_of

REPOSITORY = Path(__file__).parents[3]
# No engine answers there: these tests are about processes, whatever this machine could run.
NO_ENGINE = "unix:///nowhere"
STAND_IN = """
import json, os, pathlib, signal, sys, time
base = pathlib.Path(os.environ["SAGEMAKER_BASE_DIR"])
assert sys.argv[1:] == ["train"]
exec(json.loads(json.loads((base / "input/config/hyperparameters.json").read_text())["code"]))
"""


def make_root(folder: Path) -> Path:
    """A folder that can stand in for the repository's root."""
    (folder / "trainer").mkdir(parents=True)
    (folder / "trainer" / "__init__.py").touch()  # Else the repository's own trainer comes first.
    (folder / "trainer" / "__main__.py").write_text(STAND_IN)
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


@pytest.fixture
def account_of() -> type[Account]:
    """For tests that start a local cloud of their own."""
    return Account


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a local cloud, as the current one."""
    folder = make_root(tmp_path / "root")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    return folder


@pytest.fixture
def stopped_after(root: Path) -> Iterator[Path]:
    """The same, and a local cloud that a test starts in it is stopped at its end."""
    yield root
    localcloud.stop()
