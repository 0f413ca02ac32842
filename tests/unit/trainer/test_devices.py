"""What does not depend on the number of devices: dropout, and who gets which batch."""

from typing import Any

import pytest

from tests.unit.trainer.trainer_runs import run_for_json

pytestmark = pytest.mark.e2e

# Two dropout layers in three steps; the second one drops whole images. Each device prints its part of a batch of 8.
MASKS = """
import json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import keras, tensorflow as tf
from trainyard.networks import twin

devices, kind = int(sys.argv[1]), {"ours": twin.Dropout, "keras": keras.layers.Dropout}[sys.argv[2]]
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
strategy = tf.distribute.get_strategy()
if devices > 1:
    strategy = tf.distribute.MirroredStrategy([f"CPU:{number}" for number in range(devices)])
with strategy.scope():
    layers = [kind(0.5, seed=1), kind(0.5, noise_shape=(None, 1, 1), seed=2)]

def step():
    return [layer(tf.ones([8 // devices, 3, 2]), training=True) for layer in layers]

run = tf.function(lambda: strategy.run(step))
steps = [[tf.concat(strategy.experimental_local_results(each), 0).numpy().tolist() for each in run()]
         for _ in range(3)]
states = [copy.numpy().tolist() for layer in layers
          for copy in strategy.experimental_local_results(layer.seed_generator.state.value)]
print(json.dumps({"steps": steps, "states": states, "read": layers[0].seed_generator.state.numpy().tolist()}))
"""


def dropped(devices: int, kind: str = "ours") -> dict[str, Any]:
    """The output for a batch of ones, for each step and layer, and the copies of the random state."""
    output: dict[str, Any] = run_for_json(MASKS, str(devices), kind)
    return output


def test_dropout_does_not_depend_on_the_number_of_devices() -> None:
    one, four = dropped(1), dropped(4)
    assert one["steps"] == four["steps"]
    first, second, third = one["steps"]
    assert first != second != third != first
    whole_images = [[value for row in image for value in row] for image in first[1]]
    assert {len(set(image)) for image in whole_images} == {1}
    assert len({image[0] for image in whole_images}) == 2
    # All copies of the random state are equal, so one of them is enough for a checkpoint.
    assert four["states"] == [*[[1, 3]] * 4, *[[2, 3]] * 4]
    assert four["read"] == [1, 3]


def test_keras_dropout_depends_on_the_number_of_devices() -> None:
    """The negative control: with Keras's layer, every device draws the same mask for its part."""
    two = dropped(2, "keras")
    assert two["steps"][0][0][:4] == two["steps"][0][0][4:]


# The second half of the CPU stands for the GPU.
AHEAD = """
import json, os
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"
import tensorflow as tf
from trainyard.hosts import cluster, link

physical = tf.config.list_physical_devices
cpu = physical("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
team = cluster.Team(tf.distribute.get_strategy(), link.Link(["localhost"], 0, []))

def devices():
    iterator = iter(team.distribute(tf.data.Dataset.range(5)))
    drawn = [next(iterator) for _ in range(2)]
    add = tf.function(lambda it: tf.while_loop(
        lambda n, _: n < 3, lambda n, total: (n + 1, total + it.get_next()), (0, tf.constant(0, tf.int64)))[1],
        autograph=False)
    return [team.is_one_gpu, drawn[1].device[-5:], int(drawn[1]), int(add(iterator))]

before = devices()
tf.config.list_physical_devices = lambda kind=None: ["one"] if kind == "GPU" else physical(kind)
cluster.GPU = "/CPU:1"
print(json.dumps([before, devices()]))
"""


def test_a_single_gpu_gets_its_batches_ahead() -> None:
    assert run_for_json(AHEAD) == [[False, "CPU:0", 1, 2 + 3 + 4], [True, "CPU:1", 1, 2 + 3 + 4]]
