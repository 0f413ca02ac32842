"""The verbs one by one, on the stack and the job that the demo has left: what a user types next.

tests/errors has the mistakes; test_resume.py stops and resumes jobs.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Project
from tests.few_digits import write_few_digits
from tests.put_back import moved_aside

pytestmark = pytest.mark.e2e

LOCAL = "CLOUD=local"


@pytest.fixture(autouse=True)
def _stack(yard: Project, demo: str) -> Iterator[None]:
    """Each of these tests needs the stack; the job files and the program that it writes are removed afterwards."""
    yield
    for path in (yard.folder / "jobs").glob("*.toml"):
        if path.name != "digits.toml":
            path.unlink()
    (yard.folder / "trainer" / "my_train.py").unlink(missing_ok=True)


def runs(yard: Project) -> list[str]:
    return sorted(path.parent.name for path in (yard.folder / "runs").glob("*/record.json"))


def record(yard: Project, run: str) -> dict[str, object]:
    answer: dict[str, object] = json.loads((yard.folder / "runs" / run / "record.json").read_text())
    return answer


def jobs(yard: Project, name: str = "digits") -> set[str]:
    return set(re.findall(rf"{name}-\d{{8}}-\d{{6}}-[a-z0-9]{{4}}", yard.make("jobs", LOCAL)))


def test_data_alone_sends_nothing_twice(yard: Project) -> None:
    output = yard.make("data", LOCAL, "JOB=digits")
    assert re.search(r"0 of \d+ files|unchanged|nothing", output), output


def test_train_again_with_other_hyperparameters_for_a_gpu(yard: Project) -> None:
    """A job for a GPU rehearses unchanged."""
    before = jobs(yard, "gpu")
    write_few_digits(yard)
    text = (yard.folder / "jobs" / "few.toml").read_text()
    (yard.folder / "jobs" / "gpu.toml").write_text(text.replace("ml.m5.xlarge", "ml.g4dn.4xlarge"))
    output = yard.make("train", LOCAL, "JOB=gpu", "HP=epochs=3 learning_rate=0.01", "YES=1")
    assert len(re.findall(r"no GPU", output, flags=re.IGNORECASE)) == 1, output
    (run,) = jobs(yard, "gpu") - before
    found = record(yard, run)
    assert found["status"] == "Completed"
    parameters = found["hyperparameters"]
    assert isinstance(parameters, dict)
    assert (parameters["epochs"], parameters["learning_rate"]) == ("3", "0.01")
    assert [int(epoch) for epoch in re.findall(r"^ *(\d+)/3  ", output, re.MULTILINE)] == [1, 2, 3]
    assert (yard.folder / "runs" / run / "model" / "labels.json").is_file()
    assert output.index("ml.g4dn.4xlarge") < output.index("Starting")


def test_logs_and_model_of_an_ended_job(yard: Project) -> None:
    run = runs(yard)[0]
    assert "epoch=1 " in yard.make("logs", LOCAL, f"RUN={run}")
    shutil.rmtree(yard.folder / "runs" / run / "model")
    yard.make("model", LOCAL, f"RUN={run}")
    assert (yard.folder / "runs" / run / "model" / "model.keras").is_file()


def test_dry_run_prints_the_request_and_does_nothing(yard: Project) -> None:
    before = jobs(yard), runs(yard)
    value = "a 'b' \"c\" $x `d` $(e) ü"
    (yard.folder / "jobs" / "own.toml").write_text(
        'program = "my_train.py"\ninstance_type = "ml.m5.large"\n[channels.training]\nsource = "data/digits/training"\n'
    )
    (yard.folder / "trainer" / "my_train.py").write_text("print('hello')\n")
    quoted = "text='a '\\''b'\\'' \"c\" $x `d` $(e) ü'"
    with yard.start("make", "-s", "train", LOCAL, "JOB=own", f"HP={quoted}", "DRY_RUN=1") as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    request = json.loads(output[output.index("{") :])
    assert request["HyperParameters"]["text"] == value
    assert request["Environment"]["SAGEMAKER_PROGRAM"] == "my_train.py"
    assert (jobs(yard), runs(yard)) == before


def test_a_program_of_one_s_own(yard: Project) -> None:
    (yard.folder / "jobs" / "mine.toml").write_text(
        'program = "my_train.py"\ninstance_type = "ml.m5.large"\n'
        '[metrics]\n"score" = "score=([0-9.]+)"\n'
        '[channels.training]\nsource = "data/digits/test"\n'
    )
    (yard.folder / "trainer" / "my_train.py").write_text(
        "import argparse, os, pathlib\n"
        "parser = argparse.ArgumentParser()\n"
        "parser.add_argument('--greeting')\n"
        "parser.add_argument('--model-dir', default=os.environ['SM_MODEL_DIR'])\n"
        "parser.add_argument('--training', default=os.environ['SM_CHANNEL_TRAINING'])\n"
        "given = parser.parse_args()\n"
        "images = len(list(pathlib.Path(given.training).glob('*/*.png')))\n"
        "print(f'score={images}.5')\n"
        "pathlib.Path(given.model_dir, 'greeting.txt').write_text(given.greeting)\n"
    )
    output = yard.make("train", LOCAL, "JOB=mine", "HP=greeting='$(shell no) \"quoted\"'", "YES=1")
    (run,) = [name for name in runs(yard) if name.startswith("mine-")]
    assert (yard.folder / "runs" / run / "model" / "greeting.txt").read_text() == '$(shell no) "quoted"', output
    metrics = record(yard, run)["metrics"]
    assert isinstance(metrics, dict)
    images = len(list((yard.folder / "data/digits/test").glob("*/*.png")))
    assert metrics["score"] == images + 0.5


def test_a_colleague_s_fresh_clone_initialises_by_itself(yard: Project) -> None:
    with moved_aside(yard.folder / "build" / "local-local"):
        yard.make("train", LOCAL, "JOB=digits", "DRY_RUN=1")


def test_no_local_cloud_names_the_command_that_starts_one(tmp_path: Path) -> None:
    output = Project(tmp_path / "clone").make("jobs", LOCAL, code=2)
    assert "make cloud-up" in output


def test_no_terraform_is_said(yard: Project, tmp_path: Path) -> None:
    for name in ("make", "sh", "awk", "python3", "git"):
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    output = yard.make("infra", LOCAL, env={"PATH": str(tmp_path)}, code=2)
    assert "terraform" in output.lower()
    assert "Error: " in output
    assert "Traceback" not in output
