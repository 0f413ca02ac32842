"""Whether XLA can compile the steps of a model on a GPU."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf


def can_compile(model: Any, device: str = "GPU:0") -> bool:
    """Whether XLA can compile the steps of a model.

    Keras knows of each layer whether XLA can compile it. XLA itself needs parts of CUDA that TensorFlow does not, such
    as ptxas and libdevice (https://github.com/tensorflow/tensorflow/issues/56927): so it is tried.

    Args:
        model: a Keras model.
        device: where to try.
    """
    return all(layer.supports_jit for layer in _layers(model)) and _compiles(device)


def _layers(model: Any) -> Iterator[Any]:
    """The layers of a model, and those of the models in it."""
    for layer in model.layers:
        yield layer
        if hasattr(layer, "layers"):
            yield from _layers(layer)


def _compiles(device: str) -> bool:
    @tf.function(jit_compile=True, autograph=False)  # type: ignore[untyped-decorator]
    def step(images: Any, kernel: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            loss = tf.reduce_sum(tf.exp(tf.nn.conv2d(images, kernel, 1, "SAME")))
        return tape.gradient(loss, kernel)

    try:
        with tf.device(device):
            step(tf.zeros([1, 8, 8, 3]), tf.zeros([3, 3, 3, 4]))
    except (tf.errors.OpError, ValueError):
        return False
    return True
