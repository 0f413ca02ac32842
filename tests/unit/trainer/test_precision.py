"""The choice of the precision, and loss scaling on several devices."""

import os
from typing import Any

import numpy as np
import pytest

from tests.unit.trainer.trainer_runs import run_for_json

pytestmark = pytest.mark.e2e
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [
        ([], "float32"),
        ([(6, 1)], "float32"),
        ([(7, 0)], "float16"),
        ([(7, 5), (7, 5)], "float16"),
        ([(8, 0)], "bfloat16"),
        ([(9, 0), (8, 6)], "bfloat16"),
        ([(9, 0), (7, 5)], "float16"),
        ([(0, 0)], "float32"),  # TensorFlow does not know the GPU
    ],
)
def test_the_slowest_gpu_decides(capabilities: list[tuple[int, int]], precision: str) -> None:
    from trainyard.networks.precision import best_for

    assert best_for(capabilities) == precision


def test_a_requested_precision_is_used_and_auto_is_float32_on_a_cpu() -> None:
    import tensorflow as tf

    from trainyard.networks.precision import choose

    assert [choose(requested) for requested in ("float32", "float16", "bfloat16")] == ["float32", "float16", "bfloat16"]
    if not tf.config.list_physical_devices("GPU"):
        assert choose("auto") == "float32"


def make_model(precision: str) -> tuple[Any, Any]:
    """A small network for training, and its optimizer."""
    import keras

    from trainer.contract.hyperparameters import Hyperparameters
    from trainer.networks import architectures
    from trainyard.networks.precision import optimizer
    from trainyard.networks.twin import for_training

    keras.utils.set_random_seed(0)
    model = for_training(architectures.build(Hyperparameters(image_size=8, channels=1), 10, None), precision, 1)
    adam = optimizer(keras.optimizers.Adam(0.005), precision)
    adam.build(model.trainable_variables)
    return model, adam


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_the_loss_falls_in_half_precision(precision: str) -> None:
    import keras
    import tensorflow as tf

    model, adam = make_model(precision)
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    images = np.random.default_rng(0).uniform(0, 255, (16, 8, 8, 1)).astype("float32")
    numbers = np.arange(16) % 10

    def step() -> Any:
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = loss_of(numbers, logits)
            scaled = adam.scale_loss(loss)
        adam.apply(tape.gradient(scaled, model.trainable_variables), model.trainable_variables)
        return logits, loss

    losses, compiled = [], tf.function(step)
    for _ in range(10):
        logits, loss = compiled()
        assert logits.dtype == "float32"
        losses.append(float(loss))
    assert losses[-1] < losses[0] / 2
    assert {variable.dtype for variable in model.weights} == {"float32"}


def test_the_optimizers_variables_include_the_loss_scale_and_its_counter() -> None:
    """So a checkpoint contains them."""
    _, adam = make_model("float16")
    named = {variable.name: variable for variable in adam.variables}
    assert named["dynamic_scale"].numpy() == 2**15
    assert named["step_counter"].numpy() == 0
    inner = {id(variable) for variable in adam.inner_optimizer.variables}
    assert len(inner) > 2
    assert inner < {id(variable) for variable in adam.variables}
    _, plain = make_model("bfloat16")
    assert "dynamic_scale" not in {variable.name for variable in plain.variables}


# Four steps. The second one overflows, only on the last device.
OVERFLOW = """
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import keras, numpy, tensorflow as tf
from trainyard.networks import precision

devices, kind = int(sys.argv[1]), {"ours": precision.LossScaleOptimizer, "keras": keras.optimizers.LossScaleOptimizer}
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
strategy = tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(devices)])
with strategy.scope():
    weights = keras.Variable(numpy.ones(3, "float32"))
    optimizer = kind[sys.argv[2]](keras.optimizers.SGD(0.25))
    optimizer.dynamic_growth_steps = 2
    optimizer.build([weights])

def step(overflow):
    last = tf.distribute.get_replica_context().replica_id_in_sync_group == devices - 1
    gradient = optimizer.scale_loss(tf.constant([1.0, 2.0, 3.0])) / devices
    optimizer.apply([tf.where(overflow & last, numpy.inf, gradient)], [weights])

run = tf.function(lambda overflow: strategy.run(step, args=(overflow,)))
states = []
for overflow in (False, True, False, False):
    run(tf.constant(overflow))
    copies = [[copy.numpy().tolist() for copy in strategy.experimental_local_results(each.value)]
              for each in (weights, optimizer.dynamic_scale, optimizer.step_counter, optimizer.iterations)]
    assert all(copy == each[0] for each in copies for copy in each), copies
    states.append([each[0] for each in copies])
print(json.dumps(states))
"""


def states_after_each_step(devices: int, kind: str) -> list[Any]:
    """After each step: weights, scale, counter and iterations, which are the same on all devices."""
    states: list[Any] = run_for_json(OVERFLOW, str(devices), kind)
    return states


@pytest.mark.parametrize("devices", [1, 3])
def test_an_overflow_on_any_device_halves_the_scale_and_changes_no_weights(devices: int) -> None:
    first, second, third, fourth = states_after_each_step(devices, "ours")
    assert first == [pytest.approx([0.75, 0.5, 0.25]), 2**15, 1, 1]
    assert second == [first[0], 2**14, 0, 1]
    assert third == [pytest.approx([0.5, 0.0, -0.5]), 2**14, 1, 2]
    assert fourth == [pytest.approx([0.25, -0.5, -1.25]), 2**15, 0, 3]  # the scale grows again


def test_keras_misses_an_overflow_on_another_device() -> None:
    """The reason for our LossScaleOptimizer. When this test fails, we can remove it."""
    _, second, *_ = states_after_each_step(3, "keras")
    assert not np.isfinite(second[0]).any()
