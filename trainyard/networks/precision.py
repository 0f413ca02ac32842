"""Chooses the precision in which the layers compute. Weights are always float32.

https://keras.io/api/mixed_precision/
"""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

POLICIES = {"float32": "float32", "float16": "mixed_float16", "bfloat16": "mixed_bfloat16"}


def choose(requested: str) -> str:
    """Return the precision to train in.

    Args:
        requested: float32, float16, bfloat16, or auto for the best one that the GPUs of this host support.
    """
    if requested != "auto":
        return requested
    details = [tf.config.experimental.get_device_details(gpu) for gpu in tf.config.list_physical_devices("GPU")]
    return best_for([each.get("compute_capability", (0, 0)) for each in details])


def best_for(capabilities: Sequence[tuple[int, int]]) -> str:
    """Return the best precision for GPUs with these compute capabilities; float32 if there are none.

    The slowest GPU decides, because all others wait for it.

    Tensor cores multiply float16 from 7.0 on (V100, T4), and bfloat16 as fast from 8.0 on (A10G, A100). The range of
    bfloat16 is that of float32, so the loss needs no scaling. https://developer.nvidia.com/cuda-gpus
    """
    slowest = min(capabilities, default=(0, 0))
    if slowest >= (8, 0):
        return "bfloat16"
    return "float16" if slowest >= (7, 0) else "float32"


def policy(precision: str) -> str:
    """Return Keras's name of the precision."""
    return POLICIES[precision]


def optimizer(inner: Any, precision: str) -> Any:
    """Return the optimizer for this precision; for float16 it scales the loss.

    Call its ``scale_loss`` with the loss before you compute gradients. If the gradients of a step overflow, the weights
    and ``iterations`` stay the same, and the scale is halved.
    """
    return LossScaleOptimizer(inner) if precision == "float16" else inner


class LossScaleOptimizer(keras.optimizers.LossScaleOptimizer):  # type: ignore[misc]  # Keras publishes no types
    """Keras's LossScaleOptimizer, corrected for several devices.

    Keras (3.15) looks for an overflow before it adds up the devices' gradients, and only on the first device of a host.
    An overflow on another device gets into the weights, and hosts that decide differently wait for each other forever.
    """

    def apply(self, grads: Sequence[Any], trainable_variables: Sequence[Any] | None = None) -> None:
        """Update the weights, unless a gradient on any device is NaN or infinite. Call it in a replica context."""
        overflow = tf.cast(tf.logical_not(self.check_finite(grads)), tf.float32)
        overflows = tf.distribute.get_replica_context().all_reduce("SUM", overflow)
        # One NaN gradient on every device, so that Keras detects the overflow on every device.
        first, *others = grads
        first = tf.where(overflows > 0, tf.constant(float("nan"), first.dtype), first)
        super().apply([first, *others], trainable_variables)
