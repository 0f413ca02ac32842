"""What a tuning leaves: the job file with its best values, the job with the defaults, and the report."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scripts.jobfile.reading import NAME as JOB_NAME
from scripts.jobfile.reading import parse_job
from scripts.tuning import best_file
from scripts.tuning.conclusion import write_best_file, write_files
from scripts.tuning.defaults import find_defaults
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
    assert written.startswith(f"# Written by `make tune`: jobs/digits.toml with the values of {made.best}, val_loss ")
    assert "batch_size = 16 # as before\n" in written
    assert "# No test images.\n" in written


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
