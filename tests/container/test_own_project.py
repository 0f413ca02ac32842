"""A project outside of the repository becomes an image and a job: `code` in a job file."""

import json
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.container.by_hand import write_tree

TRAIN = """
import argparse, json, os, sys
import data, evaluate, trainer  # names that the trainer's own files have

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
options = parser.parse_args()
numbers = data.read(os.environ["SM_CHANNEL_TRAIN"])
for epoch in range(options.epochs):
    print(f"epoch {epoch + 1}: score: {evaluate.score(numbers) + epoch}")
with open(os.path.join(os.environ["SM_MODEL_DIR"], "weights.json"), "w") as file:
    json.dump({"sum": sum(numbers), "owner": trainer.OWNER, "test": os.listdir(os.environ["SM_CHANNEL_TEST"])}, file)
"""
JOB = """
code = "{code}"
program = "src/train.py"
instance_type = "ml.m5.xlarge"
hyperparameters = {{ epochs = 3 }}
metrics = {{ score = "score: ([0-9.]+)" }}

[channels.train]
source = "{data}/train"

[channels.test]
source = "{data}/test"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "my-project"
    write_tree(
        folder,
        {
            "src/train.py": TRAIN,
            "src/data.py": "import pathlib\ndef read(folder):\n"
            "    return [int(each.read_text()) for each in pathlib.Path(folder).iterdir()]\n",
            "src/evaluate.py": "def score(numbers):\n    return len(numbers)\n",
            "src/trainer/__init__.py": "OWNER = 'the project'\n",
            ".env": "TOKEN=not-for-the-image\n",
            ".venv/bin/python": "",
            ".gitignore": "notes/\n",
            "notes/private.txt": "ignored",
        },
    )
    write_tree(tmp_path / "numbers", {"train/1": "1", "train/2": "2", "test/3": "3"})
    return folder


def test_a_project_outside_of_the_repository_trains(dock: Project, base_image: str, project: Path) -> None:
    """Half a minute or more: it builds and pushes an image, and a job runs in it."""
    job = JOB.format(code=project, data=project.parent / "numbers")
    write_tree(dock.folder, {"jobs/my-project.toml": job})
    dock.make("base", "CLOUD=local", f"BASE={base_image}")
    output = dock.make("image", "CLOUD=local", "JOB=my-project")
    assert (
        f"From {project}: 5 files, 0.0 MB; left out: 1 of environment variables and 1 of virtual environments."
        in output
    )
    dock.make("train", "CLOUD=local", "JOB=my-project", "YES=1")
    (run,) = (dock.folder / "runs").glob("my-project-*")
    record = json.loads((run / "record.json").read_text())
    assert (record["status"], record["metrics"]["score"]) == ("Completed", 4.0)
    weights = json.loads((run / "model" / "weights.json").read_text())
    assert weights == {"sum": 3, "owner": "the project", "test": ["3"]}
