"""In which precision the layers compute: by the devices, or as asked for. Weights are float32 in all of them.

https://keras.io/api/mixed_precision/
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

POLICIES = {"float32": "float32", "float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}


def choose(asked: str) -> str:
    """The precision to train in.

    Args:
        asked: float32, float16, bfloat16, or auto: by what this host's GPUs are fast in.
    """
    if asked != "auto":
        return asked
    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return fitting([each.get("compute_capability", (0, 0)) for each in details])


def fitting(capabilities: Sequence[tuple[int, int]]) -> str:
    """The precision for GPUs of these compute capabilities; of the slowest, as all wait for it. Without any: float32.

    From 7.0 on (V100, T4) tensor cores multiply float16, from 8.0 on (A10G, A100) bfloat16 as fast, which has
    float32's range and needs no scaling of the loss: https://developer.nvidia.com/cuda-gpus
    """
    slowest = min(capabilities, default=(0, 0))
    if slowest >= (8, 0):
        return "bfloat16"
    return "float16" if slowest >= (7, 0) else "float32"


def policy(precision: str) -> str:
    """What Keras calls it."""
    return POLICIES[precision]


def optimizer(inner: Any, precision: str) -> Any:
    """The optimizer as this precision needs it: for float16, with a scale of the loss.

    The loss is to go through its ``scale_loss`` before the gradients are taken. A step whose gradients overflow
    leaves all weights as they are, is none of ``iterations``, and halves the scale.
    """
    return LossScaleOptimizer(inner) if precision == "float16" else inner


class LossScaleOptimizer(keras.optimizers.LossScaleOptimizer):  # type: ignore[misc]  # Keras publishes no types
    """Keras's own, for several devices.

    That one (3.15) looks for an overflow before it adds up the devices' gradients, and only at those of a host's first
    device: one elsewhere ends up in the weights, and hosts that judge differently wait for each other for ever.
    """

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Change the weights, unless a gradient on any device is no finite number. In a replica's context."""
        overflow = tf.cast(tf.logical_not(self.check_finite(grads)), tf.float32)
        overflows = tf.distribute.get_replica_context().all_reduce("SUM", overflow)
        # One gradient that is no number: what Keras then finds on every device.
        first, *others = grads
        first = tf.where(overflows > 0, tf.constant(float("nan"), first.dtype), first)
        super().apply([first, *others], trainable_variables)
