"""Resuming from a checkpoint that is older than the trainer's modules and than many hyperparameters."""

import dataclasses
import json
import tarfile
from pathlib import Path

import pytest

from tests.unit.trainer.old_run.make import ARCHIVE, STOPPED_AT
from tests.unit.trainer.trainer_runs import Base
from trainer.contract import run_identity
from trainer.contract.hyperparameters import Hyperparameters
from trainyard.checkpoints import checkpoint

pytestmark = pytest.mark.e2e


@pytest.fixture
def old(tmp_path: Path, base: Base) -> Base:
    """The job of the archive."""
    with tarfile.open(ARCHIVE) as packed:
        packed.extractall(tmp_path / "old", filter="data")
    base.configure(hyperparameters=json.loads((tmp_path / "old" / "hyperparameters.json").read_text()))
    base.channel("training", tmp_path / "old" / "training")
    (base.root / "checkpoints").symlink_to(tmp_path / "old" / "checkpoints")
    return base


def test_an_old_checkpoint_resumes_from_its_step_with_the_values_of_then(old: Base) -> None:
    base = old
    assert ARCHIVE.stat().st_size <= 100_000
    before = set(base.steps)
    assert before == {STOPPED_AT}
    completed = base.train()
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert f"step {STOPPED_AT} of 8" in completed.stdout
    assert [epoch["epoch"] for epoch in base.history["history"]] == [1, 2]
    assert base.steps == [STOPPED_AT, 6, 7, 8]
    # The trainer of then had these results.
    assert base.history["history"][1]["loss"] == pytest.approx(0.6060784608125687, rel=1e-6)
    assert checkpoint.find_checkpoints(base.root / "checkpoints")[0][0].about["identity"]["photos"] == "as stored"
    assert "so this run has augmentation=none, flip=False, optimizer=adam, weight_decay=0.0" in completed.stdout


def test_a_value_that_the_job_sets_is_compared_with_that_of_then(old: Base) -> None:
    assert old.train("--optimizer", "sgd", "--augmentation", "none").returncode == 1
    assert "belongs to another run: its optimizer is adam, this run's is sgd. Resume" in old.failure
    assert "augmentation" not in old.failure


def test_each_decisive_hyperparameter_is_in_the_old_checkpoint_or_has_a_value_of_then() -> None:
    with tarfile.open(ARCHIVE) as packed:
        about = packed.extractfile(f"./checkpoints/step-{STOPPED_AT:08}/about.json")
        assert about is not None
        saved = json.load(about)["identity"]
    assert set(run_identity.DECISIVE) - saved.keys() == run_identity.BEFORE.keys()


def test_adopting_the_values_of_then() -> None:
    old, now = {"seed": 0, "learning_rate": 0.001}, Hyperparameters()
    full = {**run_identity.in_effect(now), "ema": 0.5}
    adopted = run_identity.adopt(now, set(), old)
    assert (adopted.optimizer, adopted.augmentation, adopted.weight_decay) == ("adam", "none", 0.0)
    assert run_identity.adopt(now, {"optimizer"}, old).optimizer == "adamw"
    assert run_identity.adopt(now, set(), None) == now
    assert run_identity.adopt(now, set(), full) == now
    # A new run with the weights of an old one has the defaults of now; that very run resumed has those of then.
    again = dataclasses.replace(now, resume="weights")
    whole = {name: value for name, value in full.items() if name not in run_identity.BEFORE}
    assert run_identity.adopt(again, set(), whole).optimizer == "adam"
    assert run_identity.adopt(dataclasses.replace(again, seed=4), set(), whole).optimizer == "adamw"
