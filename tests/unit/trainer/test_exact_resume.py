"""Resuming: from every step a run ends with the same bits, and a checkpoint of another run is refused."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.trainer.trainer_runs import SMALL, Base, equal, weights
from trainer.contract.folders import Folders
from trainer.contract.job import read_job
from trainyard.checkpoints import checkpoint
from trainyard.errors import JobError
from trainyard.stop import Stop

# What has a state of its own, draws at random, or changes within the run, all at once.
EVERYTHING = {
    "augmentation": "standard",
    "flip": "false",
    "mixup": "0.2",
    "ema": "0.9",
    "accumulate_steps": "2",
    "train_layers": "last_10",
    "head_epochs": "1",
    "backbone_learning_rate": "0.5",
    "warmup_epochs": "1",
    "clip_norm": "1",
    "label_smoothing": "0.1",
    "class_weights": "balanced",
}
# 600 images in batches of 304: two steps an epoch, each with a checkpoint. So there is a checkpoint within an epoch and
# one at its end, in each of the two stages.
SHORT = {**SMALL, **EVERYTHING, "epochs": "2", "batch_size": "304", "dropout": "0.3", "checkpoint_steps": "1"}
STEPS = 4
# For tests that are not about the state: what takes long to compile is off.
PLAIN = {"augmentation": "none", "mixup": "0", "ema": "0", "accumulate_steps": "1", "head_epochs": "0"}
STOPPED = Stop()
STOPPED.requested = True
TIMES = {"seconds", "images_per_second"}


@dataclass(frozen=True)
class FinishedRun:
    """A finished run."""

    base: Base

    @property
    def checkpoints(self) -> dict[int, checkpoint.Checkpoint]:
        return {each.step: each for each in checkpoint.find_checkpoints(self.base.root / "checkpoints")[0]}

    @property
    def last(self) -> checkpoint.Checkpoint:
        return max(self.checkpoints.values(), key=lambda each: each.step)

    @property
    def history(self) -> list[dict[str, float]]:
        """The results of the epochs that do not depend on the clock."""
        return [{name: epoch[name] for name in epoch if name not in TIMES} for epoch in self.base.history["history"]]


def train(
    root: Path,
    digits: Path,
    start: Path | None = None,
    mode: str = "File",
    stop: Stop | None = None,
    /,
    **hyperparameters: str,
) -> FinishedRun:
    """Train in this process.

    Args:
        root: the base folder of the job.
        digits: has the channels.
        start: the folder of a checkpoint to resume from.
        mode: the input mode of both channels.
        stop: one that is requested ends the training before its first step.
        hyperparameters: those that differ from SHORT.
    """
    import keras

    from trainer.tasks import image_classification

    channels = {name: {"TrainingInputMode": mode} for name in ("training", "validation")}
    base = Base(root).configure(hyperparameters={**SHORT, **hyperparameters}, inputdataconfig=channels)
    base.channel("training", digits / "training").channel("validation", digits / "validation")
    if start is not None:
        shutil.copytree(start, root / "checkpoints" / start.name)
    keras.backend.clear_session()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAGEMAKER_BASE_DIR", str(root))
        image_classification.train(read_job(Folders(root), [], {}), stop or Stop())
    return FinishedRun(base)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, digits: Path) -> FinishedRun:
    return train(tmp_path_factory.mktemp("uninterrupted") / "ml", digits)


@pytest.mark.e2e
def test_a_run_resumed_from_any_step_ends_with_the_same_bits(
    uninterrupted: FinishedRun, tmp_path: Path, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a minute: each of three resumed runs compiles its steps and exports a model.

    Step 2 is the last of an epoch and of a stage. How a job gets its files, and whether it keeps the images in memory,
    change nothing: so one run gets its files in another way, and one keeps none.
    """
    from trainer.images import memory

    assert sorted(uninterrupted.checkpoints) == list(range(1, STEPS + 1))
    for step in range(1, STEPS):
        with monkeypatch.context() as patch:
            if step == 2:
                patch.setattr(memory, "free", lambda: 0)
            mode = "FastFile" if step == 1 else "File"
            resumed = train(tmp_path / str(step), digits, uninterrupted.checkpoints[step].path, mode)
        assert resumed.last.digest == uninterrupted.last.digest, f"from step {step}"
        assert resumed.history == uninterrupted.history
        assert resumed.last.about["best_epoch"] == uninterrupted.last.about["best_epoch"]


def differing(one: checkpoint.Checkpoint, other: checkpoint.Checkpoint, group: str = "model/") -> set[str]:
    """The arrays of a group that differ between two checkpoints."""
    arrays, others = one.read(), other.read()
    return {name for name in arrays if name.startswith(group) and (arrays[name] != others[name]).any()}


@pytest.mark.e2e
def test_frozen_layers_keep_their_bits_and_their_averages(uninterrupted: FinishedRun) -> None:
    """The head is trained for one epoch of two steps; then the last ten layers of the backbone, too."""
    from trainer.contract.hyperparameters import Hyperparameters
    from trainer.networks import architectures

    made = uninterrupted.checkpoints
    model = architectures.build(Hyperparameters(image_size=8, channels=1), 10, None)
    names = {id(variable): f"model/{number:04}" for number, variable in enumerate(model.variables)}
    layers = architectures.backbone(model).layers
    frozen, thawed = (
        {names[id(weight)] for each in part for weight in each.weights} for part in (layers[:-10], layers[-10:])
    )
    first_epoch, whole_run = differing(made[1], made[2]), differing(made[1], made[STEPS])
    assert len(frozen) > 5
    assert not first_epoch & (frozen | thawed)
    assert first_epoch >= {names[id(weight)] for weight in model.get_layer("logits").weights}
    assert not whole_run & frozen
    assert whole_run >= thawed


@pytest.mark.e2e
def test_the_average_of_the_best_epoch_is_exported(uninterrupted: FinishedRun) -> None:
    best_epoch = uninterrupted.last.about["best_epoch"]
    arrays = uninterrupted.checkpoints[2 * best_epoch].read()
    averages = [arrays[name] for name in sorted(arrays) if name.startswith("average/")]
    trained = [arrays[name] for name in sorted(arrays) if name.startswith("model/")]
    exported = weights(uninterrupted.base)
    floats = [array for array in averages if array.dtype == "float32"]
    assert equal(exported, floats)
    assert not equal(exported, [array for array in trained if array.dtype == "float32"])


@pytest.mark.e2e
def test_a_model_of_an_earlier_job_gives_its_backbone(uninterrupted: FinishedRun, tmp_path: Path) -> None:
    import keras

    from trainer.contract.hyperparameters import Hyperparameters
    from trainer.networks import architectures

    folder, settings = uninterrupted.base.root / "model", Hyperparameters(image_size=8, channels=1)
    built = architectures.build(settings, 3, folder)
    earlier = keras.models.load_model(folder / "model.keras").get_layer("small_cnn")
    ours, theirs = (architectures.backbone(each).get_weights() for each in (built, earlier))
    assert equal(ours, theirs)
    assert not equal(ours, architectures.backbone(architectures.build(settings, 3, None)).get_weights())
    with pytest.raises(JobError, match="no network in it has these shapes"):
        architectures.build(Hyperparameters(image_size=32, channels=1), 3, folder)
    (tmp_path / "x.keras").write_bytes(b"no archive")
    with pytest.raises(JobError, match=r"x\.keras does not contain the weights of backbone"):
        architectures.build(settings, 3, tmp_path)


def refused(tmp_path: Path, digits: Path, uninterrupted: FinishedRun, **hyperparameters: str) -> JobError:
    with pytest.raises(JobError) as caught:
        train(tmp_path / "ml", digits, uninterrupted.last.path, **hyperparameters)
    assert uninterrupted.last.path.name in str(caught.value)
    return caught.value


@pytest.mark.e2e
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"learning_rate": "0.004"}, "learning_rate is 0.005, this run's is 0.004"),
        ({"seed": "1"}, "seed is 0, this run's is 1"),
        ({"decode": "scaled"}, "decode is full, this run's is scaled"),
        (
            {"model": "VGG16", "image_size": "32", "channels": "3"},
            "model is small_cnn, this run's is VGG16",
        ),
        ({"precision": "bfloat16"}, "precision is float32, this run's is bfloat16"),
    ],
)
def test_a_hyperparameter_that_changes_the_results_is_refused_by_name(
    uninterrupted: FinishedRun, tmp_path: Path, digits: Path, changed: Mapping[str, str], message: str
) -> None:
    assert message in refused(tmp_path, digits, uninterrupted, **changed).problem


@pytest.mark.e2e
def test_other_images_are_refused(uninterrupted: FinishedRun, tmp_path: Path, digits: Path) -> None:
    shutil.copytree(digits, tmp_path / "digits")
    image = next((tmp_path / "digits" / "training" / "3").iterdir())
    image.rename(image.with_name("renamed.png"))
    error = refused(tmp_path, tmp_path / "digits", uninterrupted)
    assert "its images is 600 (" in error.problem
    assert "validation" not in error.problem


@pytest.mark.e2e
def test_epochs_may_grow_if_schedule_epochs_is_set(uninterrupted: FinishedRun, tmp_path: Path, digits: Path) -> None:
    error = refused(tmp_path, digits, uninterrupted, epochs="3")
    assert "its schedule_epochs is 2, this run's is 3" in error.problem
    assert "schedule_epochs=2" in error.fix
    grown = train(tmp_path / "grown", digits, uninterrupted.last.path, epochs="3", schedule_epochs="2")
    assert [epoch["epoch"] for epoch in grown.history] == [1, 2, 3]
    error = refused(tmp_path / "less", digits, uninterrupted, epochs="1", schedule_epochs="2")
    assert "is past the end" in error.problem


@pytest.mark.e2e
def test_a_run_started_from_weights_resumes_exactly(uninterrupted: FinishedRun, tmp_path: Path, digits: Path) -> None:
    settings = {**PLAIN, "resume": "weights", "learning_rate": "0.001"}
    first = train(tmp_path / "first", digits, uninterrupted.last.path, **settings)
    assert sorted(first.checkpoints) == list(range(STEPS + 1))
    start, source = first.checkpoints[0].read(), uninterrupted.last.read()
    # The head's kernel: the first layers are frozen.
    kernel = next(name for name, array in start.items() if name.startswith("model/") and array.ndim == 2)
    assert (start[kernel] == source[kernel]).all()
    assert not (first.last.read()[kernel] == source[kernel]).all()
    # The same job again, as SageMaker restarts it after a spot interruption.
    again = train(tmp_path / "again", digits, first.checkpoints[STEPS - 1].path, **settings)
    assert again.last.digest == first.last.digest


@pytest.mark.e2e
def test_a_start_from_the_beginning_is_reported_if_only_torn_checkpoints_exist(
    uninterrupted: FinishedRun, tmp_path: Path, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = tmp_path / "torn" / uninterrupted.last.path.name
    shutil.copytree(uninterrupted.last.path, torn)
    (torn / "state.npz").write_bytes(b"")
    first = train(tmp_path / "ml", digits, torn, "File", STOPPED, **PLAIN)
    log = capsys.readouterr().out
    assert f"{torn.name} is not complete: state.npz does not match manifest.json; renamed to aside-00000004" in log
    assert "holds only aside-00000004: training starts from the beginning" in log
    # The same job again, as if it had been lost before its first checkpoint.
    train(tmp_path / "again", digits, first.base.root / "checkpoints" / "aside-00000004", "File", STOPPED, **PLAIN)
    assert "holds only aside-00000004: training starts from the beginning" in capsys.readouterr().out
    with pytest.raises(JobError, match="resume=weights needs a complete checkpoint, and "):
        train(tmp_path / "none", digits, resume="weights")


@pytest.mark.e2e
def test_early_stopping_is_reported_and_holds_for_more_epochs_and_a_resume(
    uninterrupted: FinishedRun, tmp_path: Path, digits: Path
) -> None:
    # At such a rate the network learns nothing, so one epoch stays the best. It is constant, so epochs may grow.
    settings = {**PLAIN, "patience": "2", "learning_rate": "1e-8", "learning_rate_schedule": "constant"}
    straight = train(tmp_path / "straight", digits, epochs="30", **settings)
    history = straight.base.history
    assert history["ended"].startswith("early stopping after epoch ")
    assert len(history["history"]) == history["best_epoch"] + 2 < 30
    short = train(tmp_path / "short", digits, epochs="1", **settings)
    for name, start in (("more", short), ("again", straight)):
        resumed = train(tmp_path / name, digits, start.last.path, epochs="30", **settings)
        assert resumed.last.digest == straight.last.digest
        assert resumed.history[1:] == straight.history[1:]  # the first epoch of one epoch says so
        assert resumed.base.history["ended"] == history["ended"]
    assert uninterrupted.base.history["ended"] == "all 2 epochs done"
