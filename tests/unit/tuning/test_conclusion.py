"""What a tuning leaves: the job file with its best values, the job with the defaults, and the report."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.jobfile.reading import NAME as JOB_NAME
from scripts.jobfile.reading import parse_job
from scripts.jobfile.template import SCHEMA_LINE
from scripts.tuning import best_file
from scripts.tuning.conclusion import write_best_file, write_files
from scripts.tuning.defaults import find_defaults
from scripts.tuning.evaluation import evaluation_line, unseen_images
from scripts.tuning.following import read_ended
from scripts.tuning.reading import save_tuning
from scripts.tuning.results import Range, Tuning
from tests.conftest import ROOT
from tests.unit.tuning.report_samples import BATCH, FOUR, tuning

JOB_FILE = """#:schema ../scripts/jobfile/job.schema.json
instance_type = "ml.m5.xlarge" # a CPU
[hyperparameters]
epochs = 3
batch_size = 64 # as before
flip = false # a mirrored digit is another one

# No test images.
[channels.training]
source = "data/digits/training"
[tuning]
objective = "val_loss"
max_jobs = 8
[tuning.ranges.augmentation]
values = ["none", "light", "standard"]
[tuning.ranges.flip]
values = [true, false]
"""
FLIP = Range("flip", "categorical", choices=("true", "false"))


def found(**values: str) -> Tuning:
    """A tuning whose best job has these values."""
    made = tuning(8, [*FOUR, FLIP])
    assert made.best_trial
    best = replace(made.best_trial, values={**made.best_trial.values, **values})
    return replace(made, trials=tuple(best if one.job == best.job else one for one in made.trials))


def text(made: Tuning, job_file: str = JOB_FILE) -> str:
    assert made.best_trial
    return best_file.best_text(job_file, "digits", made, made.best_trial)


def test_the_job_file_has_the_best_values_with_their_types() -> None:
    made = found(batch_size="16", learning_rate="0.0123", dropout="0.25", augmentation="light", flip="true")
    written = text(made)
    values = tomllib.loads(written)
    assert values["hyperparameters"] == {
        "epochs": 3,
        "batch_size": 16,
        "flip": True,
        "learning_rate": 0.0123,
        "dropout": 0.25,
        "augmentation": "light",
    }
    assert "tuning" not in values
    parse_job(values, "jobs/digits-best.toml")
    schema, mark = written.splitlines()[:2]
    assert schema == SCHEMA_LINE
    assert mark.startswith(f"# Written by `make tune`: jobs/digits.toml with the values of {made.best}, val_loss ")
    assert "batch_size = 16 # as before\n" in written
    assert "# No test images.\n" in written
    assert text(made, JOB_FILE.removeprefix(f"{SCHEMA_LINE}\n")) == written.removeprefix(f"{SCHEMA_LINE}\n")


def test_what_the_command_line_set_for_all_jobs_is_in_the_file() -> None:
    made = replace(found(), fixed={"epochs": "9", "seed": "4"})
    values = tomllib.loads(text(made))["hyperparameters"]
    assert (values["epochs"], values["seed"]) == (9, 4)


def test_a_text_that_was_sent_as_json_is_plain_again() -> None:
    made = found(augmentation='"a b"')
    assert tomllib.loads(text(made))["hyperparameters"]["augmentation"] == "a b"
    without = (
        JOB_FILE.partition("[tuning]")[0].replace("[hyperparameters]\nepochs = 3\n", "").replace("batch_size", "#")
    )
    assert tomllib.loads(text(made, without.replace("flip", "#")))["hyperparameters"]["batch_size"]


def test_the_name_of_the_file_can_begin_a_training_job_s_name() -> None:
    assert best_file.best_name("digits") == "digits-best"
    assert JOB_NAME.fullmatch(best_file.best_name("a" * 36 + "-" + "b" * 5))
    assert len(best_file.best_name("a" * 42)) == 42


def test_a_file_that_somebody_wrote_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").mkdir()
    assert write_best_file(found(), "digits") is None
    (tmp_path / "jobs" / "digits.toml").write_text(JOB_FILE, encoding="utf-8")
    path = write_best_file(found(), "digits")
    assert path == Path("jobs/digits-best.toml")
    assert write_best_file(found(batch_size="99"), "digits") == path
    assert "batch_size = 99" in path.read_text(encoding="utf-8")
    path.write_text("# mine\n", encoding="utf-8")
    assert write_best_file(found(), "digits") is None
    assert path.read_text(encoding="utf-8") == "# mine\n"
    assert "is not written" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({}, "data/digits/test"),
        ({"program": "own.py"}, None),
        ({"channels": {"training": {"source": "s3://bucket/digits/training"}}}, None),
        ({"channels": {"training": {"source": "data/digits/training"}, "more": {"source": "data/digits/test"}}}, None),
        ({"channels": {"training": {"source": "data/others/training"}}}, None),
    ],
    ids=str,
)
def test_images_beside_the_trainer_s_training_images_that_no_job_receives_are_found(
    change: dict[str, Any], found: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/digits/test").mkdir(parents=True)
    spec = parse_job({"channels": {"training": {"source": "data/digits/training"}}} | change, "jobs/digits.toml")
    assert unseen_images(spec) == (None if found is None else Path(found))


def test_a_trainer_that_cannot_evaluate_here_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    line = evaluation_line(Path("runs/a/model"), Path("data/digits/test"))
    assert line.startswith("Not evaluated (")
    assert "No module named" in line
    assert line.endswith(": python -m trainer evaluate --model runs/a/model --data data/digits/test")


OWN = {"epochs": "5", "batch_size": "64"}


def record(**change: Any) -> dict[str, Any]:
    return {
        "job": "digits-20261101-115500-abcd",
        "spec": "digits",
        "status": "Completed",
        "image": "uri@sha256:abc",
        "hyperparameters": {"epochs": "3", "batch_size": "64"},
        "metrics": {"val_loss": 0.6},
    } | change


@pytest.mark.parametrize(
    "change",
    [
        {"status": "Stopped"},
        {"image": "other"},
        {"hyperparameters": {"epochs": "4", "batch_size": "64"}},
        {"hyperparameters": {"epochs": "3", "batch_size": "32"}},
        {"hyperparameters": {"epochs": "3", "batch_size": "64", "seed": "1"}},
        {"metrics": {"loss": 0.6}},
        {"metrics": None},
    ],
    ids=str,
)
def test_only_a_job_that_is_alike_but_for_the_searched_values_is_compared(change: dict[str, Any]) -> None:
    made = tuning(8, [BATCH])
    expected = find_defaults([record()], made, OWN, "uri@sha256:abc")
    assert expected is not None
    assert (expected.job, expected.objective) == ("digits-20261101-115500-abcd", 0.6)
    assert find_defaults([record(**change)], made, OWN, "uri@sha256:abc") is None
    assert find_defaults([record(**change), record()], made, OWN, "uri@sha256:abc") == expected


@pytest.mark.e2e
def test_the_files_are_written_from_what_runs_keeps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = tuning(8)
    assert write_files(made) == [f"The report is runs/{made.name}/report.html."]  # another person's tuning
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "digits.toml").write_bytes((ROOT / "jobs" / "digits.toml").read_bytes())
    image = {"AlgorithmSpecification": {"TrainingImage": "uri@sha256:abc"}}
    request = {"Tags": [{"Key": "Job", "Value": "digits"}], "TrainingJobDefinition": image}
    (tmp_path / "runs" / made.name / "request.json").write_text(json.dumps(request), encoding="utf-8")
    folder = tmp_path / "runs" / "digits-20261101-115500-abcd"
    folder.mkdir()
    defaults = {"batch_size": "64", "learning_rate": "0.002", **made.fixed}
    (folder / "record.json").write_text(json.dumps(record(hyperparameters=defaults)), encoding="utf-8")
    assert write_files(made) == [
        "The best values are in jobs/digits-best.toml: `make train JOB=digits-best`.",
        f"The report is runs/{made.name}/report.html.",
    ]
    page = (tmp_path / "runs" / made.name / "report.html").read_text(encoding="utf-8")
    assert "better than the 0.6 with the defaults" in page
    values = tomllib.loads((tmp_path / "jobs" / "digits-best.toml").read_text(encoding="utf-8"))
    parse_job(values, "jobs/digits-best.toml")


def test_of_a_tuning_that_has_ended_and_is_here_with_its_best_model_no_cloud_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = replace(tuning(8), name="digits-261101120000-abcd", status="Completed")
    assert read_ended("") is None
    assert read_ended("digits") is None
    save_tuning(made)
    assert read_ended("digits") is None  # the model is missing
    folder = tmp_path / "runs" / str(made.best) / "model"
    folder.mkdir(parents=True)
    (folder / "model.keras").write_text("x", encoding="utf-8")
    assert read_ended("digits") == made
    save_tuning(replace(made, status="InProgress"))
    assert read_ended("digits") is None
    save_tuning(replace(made, best=None, status="Failed"))
    assert read_ended(made.name) == replace(made, best=None, status="Failed")
