"""A project outside of the repository becomes an image and a job: `code` in a job file."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.container.by_hand import write_tree
from tests.package_index import PASSWORD, package_index

pytestmark = pytest.mark.e2e

TRAIN = """
import argparse, json, os, sys
import data, evaluate, trainer  # names that the trainer's own files have
import greeting_of_mine, only_source_of_mine
import trainyard  # ours, beside the project's own `trainer`

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int)
options = parser.parse_args()
numbers = data.read(os.environ["SM_CHANNEL_TRAIN"])
for epoch in range(options.epochs):
    print(f"epoch {epoch + 1}: score: {evaluate.score(numbers) + epoch}")
with open(os.path.join(os.environ["SM_MODEL_DIR"], "weights.json"), "w") as file:
    found = {"owner": trainer.OWNER, "ours": trainyard.JobError.__module__}
    found["packages"] = [greeting_of_mine.TEXT, only_source_of_mine.TEXT]
    json.dump({"sum": sum(numbers), "test": os.listdir(os.environ["SM_CHANNEL_TEST"]), **found}, file)
"""
JOB = """
code = "{code}"
program = "src/train.py"
entrypoint = ["sh", "-c", "echo through a shell; exec python -m trainer train"]
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
            "requirements.txt": "# of a private index\nGreeting.of_mine == 1.2\nonly-source-of-mine==0.3\n",
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
    with package_index() as address:
        configuration = project.parent / "pip.conf"
        configuration.write_text(f"[global]\nindex-url = {address}\n")
        output = dock.make("image", "CLOUD=local", "JOB=my-project", env={"PIP_CONFIG_FILE": str(configuration)})
    left_out = "1 of environment variables and 1 of virtual environments"
    assert f"From {project}: 6 files, 0.0 MB; left out: {left_out}." in output
    assert "Downloading 1 package." in output
    assert "No wheel fits only-source-of-mine==0.3: it is built in the image, from its source." in output
    assert PASSWORD not in output + everything_about(output)
    output = dock.make("train", "CLOUD=local", "JOB=my-project", "YES=1")
    assert re.search(r"^(algo-1: )?through a shell$", output, re.MULTILINE), output
    (run,) = (dock.folder / "runs").glob("my-project-*")
    record = json.loads((run / "record.json").read_text())
    assert (record["status"], record["metrics"]["score"]) == ("Completed", 4.0)
    weights = json.loads((run / "model" / "weights.json").read_text())
    assert weights == {
        "sum": 3,
        "owner": "the project",
        "ours": "trainyard.errors",
        "test": ["3"],
        "packages": ["hello", "from source"],
    }


def everything_about(output: str) -> str:
    """What the image that was built tells: its history, its configuration, and the names of files with the password."""
    (tag,) = set(re.findall(r"trainyard:(code-[0-9a-f]{12})", output))
    image = f"trainyard:{tag}"
    texts = [
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
        for command in (["docker", "history", "--no-trunc", image], ["docker", "inspect", image])
    ]
    inside = ["docker", "run", "--rm", "--network", "none", "--entrypoint", "sh", image, "-c"]
    search = f"grep -rlF {PASSWORD} /opt /root /tmp /etc /home && echo {PASSWORD}; grep -lF from /opt/packages/*.py"
    found = subprocess.run([*inside, search], capture_output=True, text=True, check=True).stdout
    assert found == "/opt/packages/only_source_of_mine.py\n", "the search sees the files, and no password in them"
    return "".join([*texts, found])
