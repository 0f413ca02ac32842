"""A training job on few images: each image is an object, which the local cloud stores, and reads again for each job."""

from tests.conftest import Project
from tests.unit.trainer.trainer_runs import write_digits

TRAINING, VALIDATION = range(100), range(100, 130)


def write_few_digits(project: Project) -> None:
    """Write jobs/few.toml, which is jobs/digits.toml with 100 training and 30 validation images, and the images."""
    write_digits(project.folder / "data" / "few" / "training", TRAINING)
    write_digits(project.folder / "data" / "few" / "validation", VALIDATION)
    digits = (project.folder / "jobs" / "digits.toml").read_text()
    (project.folder / "jobs" / "few.toml").write_text(digits.replace("data/digits/", "data/few/"))
