"""The network as it trains: a twin of the one that is exported.

What leaves a job is made of Keras's own layers and computes in float32, so that anybody can load it anywhere. Its twin
computes in the precision that suits the devices, and its result does not depend on how many devices share a batch:
batch normalization looks at the whole one, and dropout drops the same features of the same images.
"""

from typing import Any

import keras
import tensorflow as tf

from trainer.networks.precision import policy

# In half precision brightnesses of 0 to 255 would lose their last bits before anything is made of them.
FIRST_STEPS = (keras.layers.Rescaling, keras.layers.Normalization)


class Dropout(keras.layers.Dropout):  # type: ignore[misc]  # Keras publishes no types
    """Keras's own, but what is dropped of an image depends on its place in the whole batch, not on its device.

    Each device draws the mask of the whole batch and takes its own part. Devices hold consecutive parts of the
    batch, of one size, in the order of their numbers (``trainer.images.pipeline``). All draw equally often, so
    their copies of the generator's state stay the same.
    """

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drop features of [images, …], in training; to be called on a device, by strategy.run.

        Raises:
            ValueError: the layer drops the same of all images, which no network here does.
        """
        if not training or self.rate == 0:
            return inputs
        noise = self.noise_shape or [None] * len(inputs.shape)  # 1 where an axis is dropped or kept as a whole
        if noise[0] is not None:
            raise ValueError(f"noise_shape={noise}: the first axis is that of the images")
        devices = tf.distribute.get_replica_context()
        sizes = tf.shape(inputs)
        mine = sizes[0]
        shape = [sizes[axis] if size is None else size for axis, size in enumerate(noise)]
        shape[0] = mine * devices.num_replicas_in_sync
        # In float32 whatever the layer computes in: the same mask in all.
        drawn = keras.random.uniform(shape, dtype="float32", seed=self.seed_generator)
        first = mine * devices.replica_id_in_sync_group
        kept = drawn[first : first + mine] >= self.rate
        return tf.where(kept, inputs / (1 - self.rate), tf.zeros([], inputs.dtype))


class BatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras publishes no types
    """Keras's own, but mean and variance are those of the whole batch on all devices.

    Keras can do so too (``synchronized``), by the mean of the squares, which loses digits: after 18 steps the losses of
    one device and of two differed by 2e-4 then, by 3e-7 with this.
    """

    def _moments(self, inputs: Any, mask: Any) -> Any:  # noqa: ARG002 - images have no mask
        """Mean and variance of each channel of [images, …]; devices hold equally many images."""
        devices = tf.distribute.get_replica_context()

        def averaged(values: Any) -> Any:
            return devices.all_reduce("SUM", values) / devices.num_replicas_in_sync

        mean, variance = tf.nn.moments(inputs, self._reduction_axes)
        whole = averaged(mean)
        return whole, averaged(variance + tf.square(mean - whole))


def for_training(model: Any, precision: str, replicas: int) -> Any:
    """Make the twin that is trained in place of a model. To be called in the strategy's scope.

    Args:
        model: gives logits; its layers, and those of models in it, are Keras's own.
        precision: a key of ``trainer.networks.precision.POLICIES``.
        replicas: devices that share a batch.

    Returns:
        One with the same weights and random state, of its own. Its ``variables`` are float32 and in the order of the
        model's, so that what was learnt can be copied back one by one.
    """
    last = {output._keras_history.operation for output in model.outputs}  # float32: the loss needs it
    ours: dict[Any, Any] = {keras.layers.Dropout: Dropout}
    if replicas > 1:
        ours[keras.layers.BatchNormalization] = BatchNormalization

    def copied(layer: Any) -> Any:
        config, kind = layer.get_config(), type(layer)
        if isinstance(layer, keras.layers.Layer) and not isinstance(layer, FIRST_STEPS) and layer not in last:
            config["dtype"] = policy(precision)
        return ours.get(kind, kind).from_config(config)

    twin = keras.models.clone_model(model, clone_function=copied, recursive=True)
    for theirs, own in zip(model.variables, twin.variables, strict=True):
        own.assign(theirs.value)
    return twin
