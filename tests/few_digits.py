"""A training job on few images: each image is an object, which the local cloud stores, and reads again for each job."""

from pathlib import Path
from typing import TYPE_CHECKING

from tests.unit.trainer.trainer_runs import write_digits

if TYPE_CHECKING:
    from tests.conftest import Project

DIGITS = {"training": range(100), "validation": range(100, 130), "test": range(130, 160)}
"""The numbers of the digits in each folder."""


def write(folder: Path, *names: str) -> None:
    """Write digits to these folders of a folder: keys of ``DIGITS``."""
    for name in names:
        write_digits(folder / name, DIGITS[name])


def write_few_digits(project: "Project") -> None:
    """Write jobs/few.toml, which is jobs/digits.toml with 100 training and 30 validation images, and the images."""
    write(project.folder / "data" / "few", "training", "validation")
    digits = (project.folder / "jobs" / "digits.toml").read_text()
    (project.folder / "jobs" / "few.toml").write_text(digits.replace("data/digits/", "data/few/"))
