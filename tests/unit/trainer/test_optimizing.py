"""What the hyperparameters about learning do: one effect each, and the same for any number of devices and parts."""

import os
from typing import Any

import numpy as np
import pytest

from tests.unit.trainer.trainer_runs import run_for_json
from trainer.contract.hyperparameters import Hyperparameters

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
pytestmark = pytest.mark.e2e

# Three steps of a network without batch normalization. It prints the state before and after each.
STEPS = """
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import keras, numpy as np, tensorflow as tf
from trainer.contract.hyperparameters import Hyperparameters
from trainer.networks import losses, optimizers
from trainyard.hosts import cluster, link
from trainyard.loop.steps import compiled_training
from trainyard.networks import twin
from trainyard.run import Average, Run, Stage

devices, parts, settings = int(sys.argv[1]), int(sys.argv[2]), Hyperparameters(**json.loads(sys.argv[3]))
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
keras.utils.set_random_seed(0)
strategy = tf.distribute.get_strategy()
if devices > 1:
    strategy = tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(devices)])
team = cluster.Team(strategy, link.Link(["localhost"], 0, []))
backbone = keras.Sequential([keras.Input([4, 4, 1]), keras.layers.Conv2D(3, 3, activation="tanh", use_bias=True),
                             keras.layers.Flatten()])
inputs = keras.Input([4, 4, 1])
best = keras.Model(inputs, keras.layers.Dense(2, name="logits")(backbone(inputs)))
random = np.random.default_rng(0)
images, numbers = random.normal(size=(16, 4, 4, 1)).astype("float32"), np.arange(16, dtype="int32") // 12
with strategy.scope():
    model = twin.for_training(best, "float32", devices)
    average = Average(twin.for_training(best, "float32", devices), settings.ema) if settings.ema else None
    slow = next(layer for layer in model.layers if isinstance(layer, keras.Model)).weights
    optimizer = optimizers.make(settings, settings.learning_rate, model.trainable_variables, slow, sys.argv[4])
    loss = losses.for_training(settings, [12, 4])
    metrics, is_xla = {"accuracy": losses.right}, sys.argv[5] == "xla"
    run = Run(model, best, [Stage(0, optimizer)], loss, metrics, average, is_xla=is_xla)
data = tf.data.Dataset.from_tensor_slices((images, numbers)).repeat().batch(16 // parts // devices)
steps = compiled_training(run, 16, team, parts)
iterator, states = iter(team.distribute(data)), []
def state():
    arrays = run.arrays()
    groups = {"weights": "model/", "average": "average/", "totals": "totals"}
    return {name: [v for key, array in sorted(arrays.items()) if key.startswith(start) for v in array.ravel().tolist()]
            for name, start in groups.items()}
print(json.dumps([state()] + [(steps(iterator, tf.constant(1)), state())[1] for _ in range(3)]))
"""

EVERYTHING: dict[str, Any] = {
    "optimizer": "sgd",
    "learning_rate": 0.5,
    "clip_norm": 0.5,
    "ema": 0.9,
    "label_smoothing": 0.1,
    "class_weights": "balanced",
    "weight_decay": 0.1,
    "backbone_learning_rate": 0.5,
}


def states(
    devices: int = 1, parts: int = 1, precision: str = "float32", compiler: str = "", **settings: Any
) -> list[dict[str, Any]]:
    """Weights, average and sums of the epoch before the first step and after each of three, as arrays."""
    import json

    made = run_for_json(STEPS, str(devices), str(parts), json.dumps(settings), precision, compiler)
    return [{name: np.asarray(values) for name, values in state.items()} for state in made]


def test_devices_parts_and_xla_do_not_change_the_steps() -> None:
    one = states(**EVERYTHING)
    assert abs(one[3]["weights"] - one[0]["weights"]).max() > 0.01
    for devices, parts, compiler in ((2, 4, ""), (1, 4, "xla")):
        other = states(devices, parts, compiler=compiler, **EVERYTHING)
        for expected, state in zip(one, other, strict=True):
            for name, values in state.items():
                assert values == pytest.approx(expected[name], abs=1e-5, rel=0), (devices, parts, compiler, name)


def test_the_limit_is_on_the_sum_of_the_devices_gradients_without_the_loss_scale() -> None:
    """A step of SGD without momentum at the rate 1 is as long as the gradient."""
    settings: dict[str, Any] = {"optimizer": "sgd", "momentum": 0.0, "learning_rate": 1.0, "weight_decay": 0.0}
    before, after, *_ = states(2, 1, "float16", **settings, clip_norm=0.01)
    assert np.linalg.norm(after["weights"] - before["weights"]) == pytest.approx(0.01, rel=1e-3)
    before, free, *_ = states(2, 1, "float16", **settings)
    length = np.linalg.norm(free["weights"] - before["weights"])
    assert length > 0.05
    assert (free["weights"] - before["weights"]) / length == pytest.approx(
        (after["weights"] - before["weights"]) / 0.01, abs=1e-3
    )


def step_of(**settings: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The trainable weights of a network before and after two steps, by their number."""
    import keras

    from trainer.networks import optimizers

    keras.utils.set_random_seed(0)
    backbone = keras.Sequential([keras.Input([3]), keras.layers.Dense(4), keras.layers.BatchNormalization()])
    inputs = keras.Input([3])
    model = keras.Model(inputs, keras.layers.Dense(2)(backbone(inputs)))
    chosen, variables = Hyperparameters(**settings), model.trainable_variables
    optimizer = optimizers.make(chosen, chosen.learning_rate, variables, backbone.weights, "float32")
    before = {str(number): variable.numpy() for number, variable in enumerate(variables)}
    random = np.random.default_rng(0)
    for _ in range(2):
        optimizer.apply([random.normal(size=variable.shape).astype("float32") for variable in variables], variables)
    return before, {str(number): variable.numpy() for number, variable in enumerate(variables)}


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd", "lion"])
def test_the_backbone_learns_at_a_share_of_the_rate_and_only_kernels_decay(optimizer: str) -> None:
    base = {"optimizer": optimizer, "learning_rate": 0.01, "weight_decay": 0.0}
    before, full = step_of(**base)
    _, slow = step_of(**base, backbone_learning_rate=0.1)
    for number in before:
        share = 0.1 if int(number) < 4 else 1.0  # kernel, bias, gamma and beta of the backbone; then the head
        moved = share * (full[number] - before[number])
        assert slow[number] - before[number] == pytest.approx(moved, abs=1e-6), number
        assert number not in {"0", "4"} or abs(moved).max() > 1e-4
    _, decayed = step_of(**{**base, "weight_decay": 0.5})
    changed = {number for number in before if (decayed[number] != full[number]).any()}
    assert changed == (set() if optimizer == "adam" else {"0", "4"})  # the two kernels
    if optimizer == "adam":
        return
    # The first of the two steps removes rate times decay of the first weights.
    for number in changed:
        assert decayed[number] - full[number] == pytest.approx(-before[number] * 2 * 0.01 * 0.5, abs=1e-3)


def test_the_optimizers_are_kerass(monkeypatch: pytest.MonkeyPatch) -> None:
    import keras

    from trainer.networks import optimizers

    made = {
        "adamw": keras.optimizers.AdamW(0.01, weight_decay=0.05),
        "adam": keras.optimizers.Adam(0.01),
        "sgd": keras.optimizers.SGD(0.01, momentum=0.8, weight_decay=0.05),
        "lion": keras.optimizers.Lion(0.01, weight_decay=0.05),
    }
    for name, other in made.items():
        ours = step_of(optimizer=name, learning_rate=0.01, momentum=0.8, weight_decay=0.05)[1]
        with monkeypatch.context() as patch:

            def keras_own(*_: Any, other: Any = other) -> Any:
                return other

            patch.setattr(optimizers, "make", keras_own)
            theirs = step_of()[1]
        for number in ("0", "4"):
            assert ours[number] == pytest.approx(theirs[number], abs=1e-7), name


def test_the_rate_rises_then_follows_its_schedule_from_any_stage() -> None:
    from trainer.networks.optimizers import learning_rate

    settings = Hyperparameters(learning_rate=0.1, warmup_epochs=2)
    constant = learning_rate(settings, 5, None, 0)
    assert [float(constant(step)) for step in (0, 4, 9, 50)] == pytest.approx([0.01, 0.05, 0.1, 0.1])
    cosine, later = learning_rate(settings, 5, 10, 0), learning_rate(settings, 5, 10, 20)
    assert float(cosine(25)) == pytest.approx(0.05)
    assert [float(later(step)) for step in (0, 10)] == pytest.approx([float(cosine(step)) for step in (20, 30)])
    assert learning_rate(Hyperparameters(learning_rate=0.1), 5, None, 0) == 0.1


def test_the_loss_weighs_labels_and_spreads_them() -> None:
    import tensorflow as tf

    from trainer.networks import losses

    assert losses.balanced([1, 3, 0]) == pytest.approx([2.0, 2 / 3, 0.0])
    logits, numbers = tf.constant([[2.0, 0.0, 1.0], [0.0, 1.0, 0.0]]), tf.constant([0, 1])
    plain = losses.cross_entropy(numbers, logits).numpy()
    assert losses.for_training(Hyperparameters(), [1, 3, 4]) is losses.cross_entropy
    weighted = losses.for_training(Hyperparameters(class_weights="balanced"), [1, 3, 4])(numbers, logits).numpy()
    assert weighted == pytest.approx(plain * [8 / 3, 8 / 9])
    smooth = losses.for_training(Hyperparameters(label_smoothing=0.3), [1, 3, 4])(numbers, logits).numpy()
    others = tf.nn.log_softmax(logits).numpy()
    assert smooth == pytest.approx(0.7 * plain - 0.1 * others.sum(axis=1))
    shares = tf.one_hot(numbers, 3)
    mixed = losses.for_training(Hyperparameters(mixup=0.2), [1, 3, 4])(shares, logits).numpy()
    assert mixed == pytest.approx(plain)
    assert losses.right(shares, logits).numpy().tolist() == losses.right(numbers, logits).numpy().tolist() == [1, 1]
