"""`trainyard.train` with the example of the docs: interrupted in any way, it ends with the same bits."""

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.conftest import ROOT
from tests.unit.trainer import forked
from tests.unit.trainer.trainer_runs import environment
from trainyard.checkpoints import checkpoint

pytestmark = pytest.mark.e2e

EXAMPLE = ROOT / "docs" / "examples" / "own_loop.py"
STEPS = 6 * 25

# Runs the example on this number of devices; its process gets the signal when the batch of the step is drawn.
PROGRAM = """
import contextlib, os, runpy, sys
import tensorflow as tf
import trainyard

devices, signal, at, example = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
scope = contextlib.nullcontext()
if devices > 1:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
    scope = tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(devices)]).scope()
train = trainyard.train

def interrupted(model, optimizer, loss, batches, **settings):
    def drawn(steps):
        for step, batch in zip(steps, batches(steps)):
            if signal and step == at:
                os.kill(os.getpid(), signal)
            yield batch
    return train(model, optimizer, loss, drawn, **settings)

trainyard.train = interrupted
sys.argv = [example, *sys.argv[5:]]
with scope:
    runpy.run_path(example, run_name="__main__")
"""


@dataclass(frozen=True)
class Ended:
    """A run of the example that has ended."""

    root: Path
    code: int
    log: str

    @property
    def last(self) -> checkpoint.Checkpoint:
        return checkpoint.find_checkpoints(self.root / "checkpoints")[0][0]

    @property
    def weights(self) -> dict[str, Any]:
        """The arrays of the model that the last line of the example saved."""
        found: dict[str, Any] = {}
        with zipfile.ZipFile(self.root / "model" / "model.keras") as archive:
            file = h5py.File(io.BytesIO(archive.read("model.weights.h5")))
            file.visititems(lambda name, each: found.update({name: each[()]}) if hasattr(each, "shape") else None)
        return found

    @property
    def epochs(self) -> list[Mapping[str, str]]:
        """The words of the epochs' lines that do not depend on the clock."""
        lines = [dict(re.findall(r"(\S+)=(\S+)", line)) for line in self.log.splitlines() if line.startswith("epoch=")]
        return [{name: line[name] for name in line if "second" not in name} for line in lines]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table")
    from sklearn.datasets import load_wine  # a second of CPU: not while pytest collects

    wine = load_wine()
    scaled = (wine.data - wine.data.mean(axis=0)) / wine.data.std(axis=0)
    np.savetxt(folder / "train.csv", np.column_stack([scaled, wine.target]), delimiter=",", fmt="%.6g")
    return folder


def run(root: Path, table: Path, *arguments: str, devices: int = 1, signal: int = 0, at: int = 0) -> Ended:
    for name in ("model", "checkpoints"):
        (root / name).mkdir(parents=True, exist_ok=True)
    folders = {"SAGEMAKER_BASE_DIR": root, "SM_MODEL_DIR": root / "model", "SM_CHANNEL_TRAINING": table}
    variables = environment(**{name: str(folder) for name, folder in folders.items()})
    settings = ("--epochs", "6", "--checkpoint_steps", "40", *arguments)
    command = ["-c", PROGRAM, str(devices), str(signal), str(at), str(EXAMPLE), *settings]
    done = forked.run(command, ROOT, variables, timeout=240)
    return Ended(root, done.returncode, done.stdout + done.stderr)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, table: Path) -> Ended:
    ended = run(tmp_path_factory.mktemp("uninterrupted"), table)
    assert ended.code == 0, ended.log
    return ended


@pytest.fixture(scope="module")
def on_two_devices(tmp_path_factory: pytest.TempPathFactory, table: Path) -> Ended:
    ended = run(tmp_path_factory.mktemp("two"), table, devices=2)
    assert ended.code == 0, ended.log
    return ended


def assert_same_bits(one: Ended, other: Ended) -> None:
    assert one.last.step == other.last.step == STEPS
    assert one.last.digest == other.last.digest
    assert one.weights.keys() == other.weights.keys() != set()
    assert all(np.array_equal(one.weights[name], other.weights[name]) for name in one.weights)


def test_the_example_learns_in_fifty_lines(uninterrupted: Ended) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 55
    assert f"```python\n{text}```\n" in (ROOT / "docs" / "own-script-resume.md").read_text(encoding="utf-8")
    assert [epoch["epoch"] for epoch in uninterrupted.epochs] == list("123456")
    assert float(uninterrupted.epochs[-1]["val_accuracy"]) > 0.9
    assert "ended: all 6 epochs done" in uninterrupted.log


def test_a_killed_run_on_two_devices_ends_with_the_same_bits(
    on_two_devices: Ended, tmp_path: Path, table: Path
) -> None:
    killed = run(tmp_path, table, devices=2, signal=9, at=110)
    assert killed.code == -9
    assert not list((tmp_path / "model").iterdir())
    kept = killed.last
    assert 0 < kept.step < 110
    resumed = run(tmp_path, table, devices=2)
    assert f"resumes from {kept.path}: step {kept.step} of {STEPS}" in resumed.log
    assert_same_bits(resumed, on_two_devices)
    assert resumed.epochs == on_two_devices.epochs[-len(resumed.epochs) :]


def test_a_stopped_run_saves_its_model_and_ends_with_the_same_bits(
    uninterrupted: Ended, tmp_path: Path, table: Path
) -> None:
    stopped = run(tmp_path, table, signal=15, at=70)
    assert stopped.code == 0, stopped.log
    assert stopped.weights
    kept = stopped.last.step
    assert 60 < kept < STEPS
    assert f"ended: stopped after step {kept} of {STEPS}" in stopped.log
    assert_same_bits(run(tmp_path, table), uninterrupted)


def test_two_devices_give_the_losses_of_one(uninterrupted: Ended, on_two_devices: Ended) -> None:
    for one, two in zip(uninterrupted.epochs, on_two_devices.epochs, strict=True):
        for name in ("loss", "val_loss"):
            assert float(two[name]) == pytest.approx(float(one[name]), rel=1e-3)


def test_another_seed_is_another_run(uninterrupted: Ended, table: Path) -> None:
    refused = run(uninterrupted.root, table, "--seed", "8")
    assert refused.code == 1
    assert "belongs to another run: its first batch is " in refused.log
    assert "Resume with the same settings, or use an empty checkpoint folder." in refused.log
