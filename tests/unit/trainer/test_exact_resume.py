"""What a run goes on from: every step of it gives the same end, bit for bit, and nothing else is gone on with."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.trainer.trainer_runs import SMALL, Base, Hosts
from trainer.checkpoints import checkpoint
from trainer.contract.errors import JobError
from trainer.contract.folders import Folders
from trainer.contract.job import read_job
from trainer.contract.stop import Stop

# 600 images in batches of 200: three steps an epoch, each with a checkpoint.
SHORT = {**SMALL, "epochs": "3", "batch_size": "200", "dropout": "0.3", "checkpoint_steps": "1"}
STEPS = 9
TIMES = {"seconds", "images_per_second"}


@dataclass(frozen=True)
class Ended:
    """A run that has ended."""

    base: Base

    @property
    def checkpoints(self) -> dict[int, checkpoint.Checkpoint]:
        return {each.step: each for each in checkpoint.look(self.base.root / "checkpoints")[0]}

    @property
    def last(self) -> checkpoint.Checkpoint:
        return max(self.checkpoints.values(), key=lambda each: each.step)

    @property
    def history(self) -> list[dict[str, float]]:
        """Without what depends on the clock."""
        return [{name: epoch[name] for name in epoch if name not in TIMES} for epoch in self.base.history["history"]]


def train(root: Path, digits: Path, start: Path | None = None, **hyperparameters: str) -> Ended:
    """Train in this process, from a checkpoint's folder if one is given."""
    import keras

    from trainer.tasks import image_classification

    base = Base(root).configure(hyperparameters={**SHORT, **hyperparameters})
    base.channel("training", digits / "training").channel("validation", digits / "validation")
    if start is not None:
        shutil.copytree(start, root / "checkpoints" / start.name)
    keras.backend.clear_session()
    image_classification.train(read_job(Folders(base.root), [], {}), Stop())
    return Ended(base)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, digits: Path) -> Ended:
    """The run that was never interrupted."""
    return train(tmp_path_factory.mktemp("whole") / "ml", digits)


@pytest.mark.e2e
def test_from_every_step_on_the_run_ends_the_same_to_the_last_bit(whole: Ended, tmp_path: Path, digits: Path) -> None:
    assert sorted(whole.checkpoints) == list(range(1, STEPS + 1))
    for step in range(1, STEPS + 1):
        ended = train(tmp_path / str(step), digits, whole.checkpoints[step].path)
        assert ended.last.digest == whole.last.digest, f"from step {step}"
        assert ended.history == whole.history
        assert ended.last.about["best_epoch"] == whole.last.about["best_epoch"]


@pytest.mark.e2e
def test_with_the_data_from_their_beginning_it_does_not(
    whole: Ended, tmp_path: Path, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainer.images.host_input import Input

    batches = Input.batches
    monkeypatch.setattr(Input, "batches", lambda given, steps: batches(given, range(len(steps))))
    assert train(tmp_path / "ml", digits, whole.checkpoints[4].path).last.digest != whole.last.digest


def refused(tmp_path: Path, digits: Path, whole: Ended, **hyperparameters: str) -> JobError:
    with pytest.raises(JobError) as caught:
        train(tmp_path / "ml", digits, whole.last.path, **hyperparameters)
    assert whole.last.path.name in str(caught.value)
    return caught.value


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"learning_rate": "0.004"}, "learning_rate is 0.005, this one's is 0.004"),
        ({"seed": "1"}, "seed is 0, this one's is 1"),
        (
            {"model": "MobileNetV2", "image_size": "32", "channels": "3"},
            "model is small_cnn, this one's is MobileNetV2",
        ),
        ({"precision": "bfloat16"}, "precision is float32, this one's is bfloat16"),
    ],
)
def test_what_would_end_otherwise_is_refused_by_name(
    whole: Ended, tmp_path: Path, digits: Path, given: Mapping[str, str], name: str
) -> None:
    assert name in refused(tmp_path, digits, whole, **given).problem


@pytest.mark.e2e
def test_other_images_are_refused(whole: Ended, tmp_path: Path, digits: Path) -> None:
    shutil.copytree(digits, tmp_path / "digits")
    image = next((tmp_path / "digits" / "training" / "3").iterdir())
    image.rename(image.with_name("renamed.png"))
    error = refused(tmp_path, tmp_path / "digits", whole)
    assert "its images is 600 (" in error.problem
    assert "validation" not in error.problem


@pytest.mark.e2e
def test_epochs_may_grow_where_the_schedule_does_not_depend_on_them(whole: Ended, tmp_path: Path, digits: Path) -> None:
    error = refused(tmp_path, digits, whole, epochs="4")
    assert "its schedule_epochs is 3, this one's is 4" in error.problem
    assert "schedule_epochs=3" in error.fix
    grown = train(tmp_path / "grown", digits, whole.last.path, epochs="4", schedule_epochs="3")
    assert [epoch["epoch"] for epoch in grown.history] == [1, 2, 3, 4]
    assert "is past the end" in refused(tmp_path / "less", digits, whole, epochs="2", schedule_epochs="3").problem


@pytest.mark.e2e
def test_another_number_of_hosts_goes_on_and_says_what_it_keeps(whole: Ended, tmp_path: Path, digits: Path) -> None:
    hosts = Hosts(tmp_path / "ml", 2, **SHORT)
    hosts.channel("training", digits / "training").channel("validation", digits / "validation")
    for base in hosts.bases:
        shutil.copytree(whole.checkpoints[4].path, base.root / "checkpoints" / whole.checkpoints[4].path.name)
    chief, other = hosts.train()
    assert (chief.returncode, other.returncode) == (0, 0), chief.stderr + other.stderr
    assert "step 4 of 9\nnote: hosts 1 before, 2 now, devices 1 before, 2 now: the order of the images" in chief.stdout
    for mine, theirs in zip(Ended(hosts.bases[0]).history, whole.history, strict=True):
        assert mine["loss"] == pytest.approx(theirs["loss"], abs=1e-4)
        assert mine["val_loss"] == pytest.approx(theirs["val_loss"], abs=1e-4)


@pytest.mark.e2e
def test_a_run_begun_from_weights_goes_on_exactly(whole: Ended, tmp_path: Path, digits: Path) -> None:
    anew = {"resume": "weights", "learning_rate": "0.001"}
    first = train(tmp_path / "first", digits, whole.last.path, **anew)
    assert sorted(first.checkpoints) == list(range(STEPS + 1))
    begun, given = first.checkpoints[0].read(), whole.last.read()
    kernel = "model/0000"
    assert (begun[kernel] == given[kernel]).all()
    assert not (first.last.read()[kernel] == given[kernel]).all()
    assert first.history[0]["loss"] < whole.history[0]["loss"]
    # The same job once more, as SageMaker starts one whose spot instance was taken.
    again = train(tmp_path / "again", digits, first.checkpoints[5].path, **anew)
    assert again.last.digest == first.last.digest


@pytest.mark.e2e
def test_a_start_from_nothing_is_never_silent(
    whole: Ended, tmp_path: Path, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = tmp_path / "torn" / whole.last.path.name
    shutil.copytree(whole.last.path, torn)
    (torn / "state.npz").write_bytes(b"")
    ended = train(tmp_path / "ml", digits, torn, epochs="1", schedule_epochs="3")
    told = capsys.readouterr().out
    assert f"{torn.name} is not whole and is set aside: state.npz is not what was written" in told
    assert "holds aside-00000009 only: training starts from the beginning" in told
    # And the same job once more, had it been lost before its first checkpoint.
    train(tmp_path / "again", digits, ended.base.root / "checkpoints" / "aside-00000009", epochs="1")
    assert "holds aside-00000009 only: training starts from the beginning" in capsys.readouterr().out
    with pytest.raises(JobError, match="resume=weights takes weights from a checkpoint, and "):
        train(tmp_path / "none", digits, resume="weights")


@pytest.mark.e2e
def test_early_stopping_says_so_and_stays(whole: Ended, tmp_path: Path, digits: Path) -> None:
    # At such a rate nothing is learnt: one epoch is the best, and the next ones are not.
    given = {"patience": "2", "epochs": "30", "learning_rate": "1e-8", "learning_rate_schedule": "constant"}
    ended = train(tmp_path / "ml", digits, None, **given)
    told = ended.base.history
    assert told["ended"].startswith("early stopping after epoch ")
    assert len(told["history"]) == told["best_epoch"] + 2 < 30
    again = train(tmp_path / "again", digits, ended.last.path, **given)
    assert again.last.digest == ended.last.digest
    assert again.base.history["ended"] == told["ended"]
    assert whole.base.history["ended"] == "all 3 epochs done"
