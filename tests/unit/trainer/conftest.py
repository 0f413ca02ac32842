from pathlib import Path

import pytest

from tests.unit.trainer.trainer_runs import Base, write_digits


@pytest.fixture
def base(tmp_path: Path) -> Base:
    """The base folder of one job, empty."""
    return Base(tmp_path / "ml")


@pytest.fixture(scope="session")
def digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """training, validation and test folders of a few hundred digits; tests only read them."""
    folder = tmp_path_factory.mktemp("digits")
    for name, numbers in {"training": range(600), "validation": range(600, 800), "test": range(800, 1000)}.items():
        write_digits(folder / name, numbers)
    return folder
