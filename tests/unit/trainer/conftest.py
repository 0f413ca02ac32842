import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import forks
from tests.conftest import ROOT, copy_bytecode
from tests.unit.trainer.trainer_runs import Base, write_digits


@pytest.fixture
def base(tmp_path: Path) -> Base:
    """An empty base folder for one job."""
    return Base(tmp_path / "ml")


@pytest.fixture(scope="session")
def forked_trainer_python() -> Iterator[str]:
    """A Python for `-m trainer`, as a fork of a process that has imported what the trainer uses without TensorFlow."""
    with forks.python(ROOT, "trainer") as program:
        yield str(program)


@pytest.fixture
def forked_base(base: Base, forked_trainer_python: str) -> Base:
    """A job whose trainer is a fork."""
    base.python = forked_trainer_python
    return base


@pytest.fixture(scope="session")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the trainer's folder and of trainyard's."""
    folder = tmp_path_factory.mktemp("copied")
    for name in ("trainer", "trainyard"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for source in (ROOT / name).rglob("*.py"):
            copy_bytecode(source, folder / source.relative_to(ROOT))
    return folder


@pytest.fixture
def image(copied: Path, tmp_path: Path) -> Path:
    """The trainer's folder beside trainyard's, as in the image; a test adds programs to it and changes none."""
    shutil.copytree(copied, tmp_path / "image", copy_function=os.link)
    return tmp_path / "image" / "trainer"


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders training, validation and test with a few hundred digits. Tests must not change them."""
    folder = tmp_path_factory.mktemp("digits")
    for name, numbers in {"training": range(600), "validation": range(600, 800), "test": range(800, 1000)}.items():
        write_digits(folder / name, numbers)
    return folder
