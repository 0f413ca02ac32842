"""`trainyard.train` in small: what it computes, what it refuses, and what it leaves as it was."""

import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trainyard
from tests.conftest import ROOT
from trainyard.checkpoints import checkpoint
from trainyard.errors import JobError

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
pytestmark = pytest.mark.e2e

X = np.linspace(-1, 1, 8, dtype="float32")[:, None]


def same(steps: range) -> Iterator[Any]:
    for _ in steps:
        yield X, 2 * X[:, 0]


def line(**layer: Any) -> Any:
    """The model y = w x, with w = 1."""
    import keras

    return keras.Sequential(
        [keras.Input([1]), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", **layer)]
    )


def train(model: Any, batches: Callable[[range], Any] = same, rate: float = 0.0, **settings: Any) -> "trainyard.Result":
    import keras

    optimizer, loss = keras.optimizers.SGD(rate), keras.losses.MeanSquaredError()
    result: trainyard.Result = trainyard.train(
        model, optimizer, loss, batches, **{"epochs": 1, "steps_per_epoch": 3, **settings}
    )
    return result


def test_the_package_and_its_names_import_no_tensorflow() -> None:
    program = (
        "import sys, trainyard; trainyard.JobError; print({'tensorflow', 'keras', 'numpy'} & set(sys.modules)); "
        "from trainyard import nothing"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout == "set()\n"
    assert "ImportError: cannot import name 'nothing'" in ended.stderr


def test_every_public_name_can_be_imported() -> None:
    for name in trainyard.__all__:
        assert getattr(trainyard, name).__module__.startswith("trainyard.")


def test_loss_metrics_and_regularization_are_those_of_the_formula(tmp_path: Path) -> None:
    import keras

    model = line(kernel_regularizer=keras.regularizers.L2(0.5))
    metrics = {"distance": lambda targets, outputs: abs(targets - outputs[:, 0])}
    result = train(model, metrics=metrics, validation=(X[:3], 2 * X[:3, 0]), checkpoints=tmp_path)
    (epoch,) = result.history
    # The model's error at x is x, and its regularization is 0.5.
    assert math.isclose(epoch["loss"], float((X**2).mean()) + 0.5, rel_tol=1e-6)
    assert math.isclose(epoch["distance"], float(abs(X).mean()), rel_tol=1e-6)
    assert math.isclose(epoch["val_loss"], float((X[:3] ** 2).mean()), rel_tol=1e-6)
    assert math.isclose(epoch["val_distance"], float(abs(X[:3]).mean()), rel_tol=1e-6)
    assert (result.step, result.best_epoch, result.stopped) == (3, 1, False)


def test_the_model_gets_the_weights_of_the_best_epoch_and_epochs_may_grow(tmp_path: Path) -> None:
    """Each step doubles the error, so that the first epoch is the best."""
    settings: dict[str, Any] = {"rate": 1.5 / float((X**2).mean()), "steps_per_epoch": 1, "checkpoints": tmp_path}
    settings |= {"validation": (X, 2 * X[:, 0])}
    first = line()
    assert train(first, **settings).best_epoch == 1
    assert first.get_weights()[0] == pytest.approx(np.array([[4.0]]))
    model = line()
    result = train(model, epochs=3, **settings)
    assert [epoch["epoch"] for epoch in result.history] == [1, 2, 3]
    assert (result.step, result.best_epoch) == (3, 1)
    assert model.get_weights()[0] == pytest.approx(np.array([[4.0]]))


def test_a_step_that_is_not_finite_is_an_error_with_its_number_and_the_state_is_kept(tmp_path: Path) -> None:
    def diverging(steps: range) -> Iterator[Any]:
        for step in steps:
            yield X, np.full(8, np.inf if step == 2 else 1, "float32")

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(JobError, match="NaN or infinite loss or gradients in step 2, counted from 0") as caught:
        train(line(), diverging, checkpoints=tmp_path)
    (kept,) = checkpoint.find_checkpoints(tmp_path)[0]
    assert kept.step == 2
    assert str(kept.path) in caught.value.problem
    assert "batches(range(2, 3))" in caught.value.fix
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_error_of_your_function_is_raised_as_it_is(tmp_path: Path) -> None:
    def broken(steps: range) -> Iterator[Any]:
        for step in steps:
            yield X, [0] * 8 if step < 2 else os.environ["ABSENT"]

    with pytest.raises(KeyError, match="ABSENT"):
        train(line(), broken, checkpoints=tmp_path)


def test_a_model_that_cannot_be_copied_is_refused(tmp_path: Path) -> None:
    import keras

    class Mine(keras.Model):  # type: ignore[misc]  # Keras has no types
        def call(self, inputs: Any) -> Any:
            return inputs

    with pytest.raises(JobError, match="cannot be copied for training") as caught:
        train(Mine(name="mine"), checkpoints=tmp_path)
    assert "keras.Sequential or keras.Model(inputs, outputs)" in caught.value.fix


def test_a_metric_is_a_function_of_each_example(tmp_path: Path) -> None:
    import keras

    with pytest.raises(JobError, match="auc is AUC, not a function for each example"):
        train(line(), metrics={"auc": keras.metrics.AUC()}, checkpoints=tmp_path)
    metrics = {"error": lambda targets, outputs: keras.ops.mean(targets - outputs)}
    with pytest.raises(JobError, match="error returns one number for all examples"):
        train(line(), metrics=metrics, checkpoints=tmp_path)


def test_a_model_is_built_from_the_first_batch_and_takes_inputs_by_name(tmp_path: Path) -> None:
    import keras

    def named(steps: range) -> Iterator[Any]:
        for _ in steps:
            yield {"a": X, "b": X}, 2 * X[:, 0]

    inputs = {name: keras.Input([1], name=name) for name in ("a", "b")}
    model = keras.Model(inputs, keras.layers.Add()([line()(inputs["a"]), inputs["b"]]))
    assert train(model, named, checkpoints=tmp_path / "named").history[0]["loss"] == pytest.approx(0)
    unbuilt = keras.Sequential([keras.layers.Dense(1)])
    assert train(unbuilt, rate=0.1, checkpoints=tmp_path / "unbuilt").history[0]["loss"] > 0


def test_what_changes_the_results_is_refused_by_name(tmp_path: Path) -> None:
    train(line(), checkpoints=tmp_path)
    with pytest.raises(JobError, match=r"its learning_rate is 0\.0, this run's is 0\.5"):
        train(line(), rate=0.5, checkpoints=tmp_path)
    with pytest.raises(JobError, match="its validation is None, this run's is "):
        train(line(), validation=(X, X[:, 0]), checkpoints=tmp_path)


def test_without_a_folder_nothing_is_kept_and_the_log_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SAGEMAKER_BASE_DIR", str(tmp_path))
    assert train(line()).step == 3
    assert f"warning: there is no folder {tmp_path}/checkpoints, so no checkpoint is kept" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JobError, match="cannot be made: Not a directory"):
        train(line(), checkpoints=tmp_path / "file" / "checkpoints")


def test_a_scaled_loss_trains(tmp_path: Path) -> None:
    """The gradients of the first steps overflow float32: these steps halve the scale and change nothing else."""
    import keras

    def far(steps: range) -> Iterator[Any]:
        for _ in steps:
            yield 8 * X, 16 * X

    model = line()
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.005), initial_scale=2.0**126)
    settings: dict[str, Any] = {"epochs": 1, "steps_per_epoch": 8, "checkpoints": tmp_path}
    trainyard.train(model, optimizer, keras.losses.MeanSquaredError(), far, **settings)
    assert 1 < float(model.get_weights()[0][0, 0]) < 2


def test_several_hosts_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SM_HOSTS", '["algo-1", "algo-2"]')
    with pytest.raises(JobError, match="This job has 2 hosts"):
        train(line())
