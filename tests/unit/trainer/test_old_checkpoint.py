"""Resuming from a checkpoint that was written before the trainer's modules were renamed."""

import json
import tarfile
from pathlib import Path

import pytest

from tests.unit.trainer.old_run.make import ARCHIVE, STOPPED_AT
from tests.unit.trainer.trainer_runs import Base

pytestmark = pytest.mark.e2e


def test_an_old_checkpoint_resumes_from_its_step(tmp_path: Path, base: Base) -> None:
    assert ARCHIVE.stat().st_size <= 100_000
    with tarfile.open(ARCHIVE) as packed:
        packed.extractall(tmp_path / "old", filter="data")
    base.configure(hyperparameters=json.loads((tmp_path / "old" / "hyperparameters.json").read_text()))
    base.channel("training", tmp_path / "old" / "training")
    (base.root / "checkpoints").symlink_to(tmp_path / "old" / "checkpoints")
    before = set(base.steps)
    assert before == {STOPPED_AT}
    completed = base.train()
    assert completed.returncode == 0, completed.stdout + completed.stderr
    assert f"step {STOPPED_AT} of 8" in completed.stdout
    assert [epoch["epoch"] for epoch in base.history["history"]] == [1, 2]
    assert base.steps == [STOPPED_AT, 6, 7, 8]
