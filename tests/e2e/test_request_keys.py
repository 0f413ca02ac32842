"""Keys of a job file that change how a job runs, from `make train` to the model: a list, no archive, a retry."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Project

pytestmark = pytest.mark.e2e

LOCAL = "CLOUD=local"
JOB = """
program = "list_files.py"
instance_type = "ml.m5.large"
output_compression = "none"
retries = 1

[channels.training]
source = "data/listed"
manifest = "listed.txt"

[request.StoppingCondition]
MaxPendingTimeInSeconds = 7200
"""
# Leaves the names of its input as a model, and a checkpoint.
PROGRAM = """
import os, pathlib
channel, model = (pathlib.Path(os.environ[name]) for name in ("SM_CHANNEL_TRAINING", "SM_MODEL_DIR"))
names = sorted(path.relative_to(channel).as_posix() for path in channel.rglob("*") if path.is_file())
(model / "found").mkdir()
(model / "found/names.txt").write_text(" ".join(names))
(model.parent / "checkpoints/epoch-1").write_text("x")
"""


@pytest.fixture
def files(yard: Project, demo: str) -> Iterator[Path]:
    """The project's folder with a job file, its data, its list and its program."""
    written = {"jobs/listed.toml": JOB, "trainer/list_files.py": PROGRAM, "listed.txt": "a.txt\nsub/b.txt\n"}
    written |= {f"data/listed/{name}": name for name in ("a.txt", "sub/b.txt", "c.txt")}
    for name, text in written.items():
        path = yard.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    yield yard.folder
    yard.make("cloud-faults")
    for name in written:
        (yard.folder / name).unlink()


def test_a_job_with_a_list_without_an_archive_after_an_internal_error(yard: Project, files: Path) -> None:
    yard.make("cloud-faults", "FAULTS=instances InternalServerError 1x")
    output = yard.make("train", LOCAL, "JOB=listed")
    assert output.count("Starting: ") == 2, output
    run = re.findall(r"^Run: (\S+)", output, re.MULTILINE)[0]
    assert [path.name for path in (files / f"runs/{run}/model").iterdir()] == ["found"]
    assert (files / f"runs/{run}/model/found/names.txt").read_text() == "a.txt sub/b.txt"
    request = json.loads((files / f"runs/{run}/request.json").read_text())
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600, "MaxPendingTimeInSeconds": 7200}
    lines = (files / f"runs/{run}/data.jsonl").read_text().splitlines()[1:]
    assert [json.loads(line)["key"] for line in lines] == ["listed/training/a.txt", "listed/training/sub/b.txt"]

    # What the list does not name may change before the job is resumed; what it names may not.
    again = ("resume", LOCAL, f"RUN={run}", "HP=more=1", "DRY_RUN=1")
    (files / "data/listed/c.txt").write_text("changed")
    yard.make("data", LOCAL, "JOB=listed")
    assert request["InputDataConfig"][0]["DataSource"]["S3DataSource"]["S3Uri"] in yard.make(*again)
    (files / "data/listed/a.txt").write_text("changed")
    yard.make("data", LOCAL, "JOB=listed")
    assert "listed/training/a.txt" in yard.make(*again, code=2)
