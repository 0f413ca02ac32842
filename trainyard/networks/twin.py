"""The twin: a copy of the exported network for training.

The exported network has only Keras's own layers and computes in float32, so it can be loaded anywhere. Its twin is
trained instead. The twin computes in the precision of the devices, and its results do not depend on how many devices
share a batch: batch normalization uses the whole batch, and dropout drops the same features of the same images.
"""

from typing import Any

import keras
import tensorflow as tf

from trainyard.networks.precision import policy

# These layers stay in float32: in half precision, brightnesses of 0 to 255 would lose their last bits.
PREPROCESSING = (keras.layers.Rescaling, keras.layers.Normalization)


class Dropout(keras.layers.Dropout):  # type: ignore[misc]  # Keras publishes no types
    """Keras's Dropout, but the mask of an image depends on its position in the whole batch, not on its device.

    Each device draws the mask of the whole batch and uses its own part. The devices hold consecutive parts of the
    batch, of equal size, in the order of their numbers (``trainer.images.pipeline``). All devices draw equally often,
    so their copies of the generator's state stay the same.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drop features of [images, …] while training. Call it in a replica context.

        Raises:
            ValueError: the layer would use one mask for all images, which no network here does.
        """
        if not training or self.rate == 0:
            return inputs
        noise = self.noise_shape or [None] * len(inputs.shape)  # 1: an axis is dropped or kept as a whole
        if noise[0] is not None:
            raise ValueError(f"noise_shape={noise}: the first axis must be None, for the images")
        devices = tf.distribute.get_replica_context()
        sizes = tf.shape(inputs)
        own_count = sizes[0]
        shape = [sizes[axis] if size is None else size for axis, size in enumerate(noise)]
        shape[0] = own_count * devices.num_replicas_in_sync
        # Always float32, so that the mask is the same in every precision.
        drawn = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        first = own_count * devices.replica_id_in_sync_group
        kept = drawn[first : first + own_count] >= self.rate
        return tf.where(kept, inputs / (1 - self.rate), tf.zeros([], inputs.dtype))


class BatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras publishes no types
    """Keras's BatchNormalization, but mean and variance are those of the whole batch on all devices.

    Keras's option ``synchronized`` does so too, but it uses the mean of the squares, which loses digits. After 18
    steps, the losses of one device and of two differed by 2e-4 with that option, and by 3e-7 with this class.
    """

    def _moments(self, inputs: Any, mask: Any) -> Any:  # noqa: ARG002 - images have no mask
        """Return mean and variance of each channel of [images, …]. All devices must hold equally many images."""
        devices = tf.distribute.get_replica_context()

        def average(values: Any) -> Any:
            return devices.all_reduce("SUM", values) / devices.num_replicas_in_sync

        mean, variance = tf.nn.moments(inputs, self._reduction_axes)
        batch_mean = average(mean)
        return batch_mean, average(variance + tf.square(mean - batch_mean))


class FusedBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras publishes no types
    """Keras's BatchNormalization, computed by the one operation that cuDNN has for it.

    Keras 3 computes it from many operations, which read and write the features several times:
    https://www.tensorflow.org/api_docs/python/tf/compat/v1/nn/fused_batch_norm
    """

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        """Normalize [images, height, width, channels]."""
        is_fused = len(inputs.shape) == 4 and self.axis in {-1, 3} and mask is None and not self.renorm
        if not (training and self.trainable and is_fused):
            return super().call(inputs, training=training, mask=mask)
        channels = [inputs.shape[-1]]
        outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
            inputs,
            self.gamma.value if self.scale else tf.ones(channels),
            self.beta.value if self.center else tf.zeros(channels),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The operation gives the unbiased variance; Keras averages the biased one.
        count = tf.cast(tf.size(inputs) // inputs.shape[-1], variance.dtype)
        variance *= (count - 1) / count
        for average, new in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(average * self.momentum + new * (1.0 - self.momentum))
        return outputs


def for_training(model: Any, precision: str | None, replicas: int, is_fused: bool = False) -> Any:
    """Make the twin that is trained instead of a model. Call it in the strategy's scope.

    Args:
        model: a functional or sequential network.
        precision: a key of ``trainyard.networks.precision.POLICIES``; None leaves each layer its own.
        replicas: number of devices that share a batch.
        is_fused: whether one device computes batch normalization by cuDNN's operation.

    Returns:
        A network with its own copy of the weights and the random state. Its ``variables`` are float32 and in the order
        of the model's, so they can be copied back one by one.
    """
    last = {output._keras_history.operation for output in model.outputs}  # stays in float32: the loss needs it
    replacements: dict[Any, Any] = {keras.layers.Dropout: Dropout}
    if replicas > 1:
        replacements[keras.layers.BatchNormalization] = BatchNormalization
    elif is_fused:
        replacements[keras.layers.BatchNormalization] = FusedBatchNormalization

    def copy(layer: Any) -> Any:
        config, kind = layer.get_config(), type(layer)
        computes = isinstance(layer, keras.layers.Layer) and not isinstance(layer, PREPROCESSING)
        if precision and computes and layer not in last:
            config["dtype"] = policy(precision)
        return replacements.get(kind, kind).from_config(config)

    twin = keras.models.clone_model(model, clone_function=copy, recursive=True)
    for source, copied in zip(model.variables, twin.variables, strict=True):
        copied.assign(source.value)
    return twin
