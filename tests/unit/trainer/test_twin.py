"""The twin that is trained has the same outputs and layers as the network that is exported."""

import inspect
import os
import re
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from trainer.contract.hyperparameters import APPLICATIONS, Hyperparameters

pytestmark = pytest.mark.e2e
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

SMALL = Hyperparameters(image_size=8, channels=1, dropout=0.5)


@pytest.fixture(autouse=True)
def clear_keras() -> Iterator[None]:
    """Keras keeps every network in memory until the session is cleared."""
    yield
    import keras

    keras.backend.clear_session()


def with_different_weights(settings: Hyperparameters) -> Any:
    """A network in which all weights differ."""
    from trainer.networks import architectures

    model = architectures.build(settings, 10, None)
    random = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(weight.numpy() * random.uniform(0.9, 1.1, weight.shape) + random.normal(0, 1e-3, weight.shape))
    return model


def all_layers(model: Any) -> list[Any]:
    """All layers except inputs, also those of networks inside the network."""
    import keras

    layers = [found for layer in model.layers for found in (all_layers(layer) if hasattr(layer, "layers") else [layer])]
    return [layer for layer in layers if not isinstance(layer, keras.layers.InputLayer)]


@pytest.mark.parametrize(
    "settings",
    [SMALL, *(Hyperparameters(model=name, image_size=32) for name in ("MobileNetV3Small", "VGG16"))],
    ids=lambda settings: settings.model,
)
def test_a_twin_has_the_outputs_of_its_model(settings: Hyperparameters) -> None:
    from trainyard.networks.twin import for_training

    model = with_different_weights(settings)
    shape = (4, settings.image_size, settings.image_size, settings.channels)
    images = np.random.default_rng(1).uniform(0, 255, shape).astype("float32")
    for replicas in (1, 4):
        output = model(images, training=False).numpy()
        assert np.isfinite(output).all()
        assert output.std() > 0
        twin = for_training(model, "float32", replicas)
        assert (twin(images, training=False).numpy() == output).all()
        # Change the twin's weights, as training does, then copy its variables back.
        for weight in twin.weights:
            weight.assign(weight.numpy() * 1.01)
        for variable, trained in zip(model.variables, twin.variables, strict=True):
            variable.assign(trained.value)
        new_output = model(images, training=False).numpy()
        assert (new_output != output).any()
        assert (twin(images, training=False).numpy() == new_output).all()


def with_every_layer() -> Any:
    """A small network with a layer of each class that a network of keras.applications has."""
    import keras
    from keras import layers
    from keras.src.applications.convnext import LayerScale, StochasticDepth
    from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

    inputs = outputs = keras.Input((8, 8, 4))
    for layer in (
        *(layers.Rescaling(0.5), layers.Normalization(mean=[1.0] * 4, variance=[2.0] * 4), layers.Conv2D(4, 1)),
        *(layers.DepthwiseConv2D(3), layers.SeparableConv2D(4, 3), layers.Activation("relu"), layers.ReLU(6.0)),
        *(layers.BatchNormalization(), layers.LayerNormalization(), LayerScale(0.1, 4), StochasticDepth(0.1)),
        *(layers.ZeroPadding2D(3), layers.Cropping2D(1), layers.MaxPooling2D(), layers.AveragePooling2D(2)),
        *(layers.Dropout(0.1, noise_shape=(None, 1, 1, 1)), layers.Reshape((2, 2, 4))),
    ):
        outputs = layer(outputs)
    outputs = CustomScaleLayer(0.3)([outputs, layers.Concatenate()([layers.Add()([outputs, outputs])])])
    outputs = layers.Multiply()([outputs, outputs])
    pooled = [each()(outputs) for each in (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D, layers.Flatten)]
    return keras.Model(inputs, layers.Dense(3)(layers.Concatenate()(pooled)))


def test_each_layer_of_keras_s_networks_has_a_twin() -> None:
    """The sources of the networks tell their layers: to build all networks takes half a minute."""
    import keras

    from trainyard.networks.twin import for_training

    modules = {getattr(keras.applications, name).__module__ for name in APPLICATIONS}
    sources = [inspect.getsource(sys.modules[module]) for module in modules]
    used = {name for source in sources for name in re.findall(r"\blayers\.([A-Z]\w+)\(|class (\w+)\(", source)}
    names = {"".join(each) for each in used} - {"Input"}
    model = with_every_layer()
    assert {type(layer).__name__ for layer in all_layers(model)} >= names
    assert len(names) > 20
    assert_same_layers(for_training(model, "bfloat16", 2), model)


# With layers in their blocks, and layers that the sources name in other ways.
@pytest.mark.parametrize("name", ["ConvNeXtTiny", "MobileNetV3Small"])
def test_a_network_has_a_twin(name: str) -> None:
    from trainer.networks import architectures
    from trainyard.networks.twin import for_training

    model = architectures.build(Hyperparameters(model=name, image_size=32), 10, None)
    twin = for_training(model, "bfloat16", 2)
    assert_same_layers(twin, model)
    assert {weight.dtype for weight in twin.trainable_weights} == {"float32"}
    assert twin.output.dtype == "float32"


def assert_same_layers(twin: Any, model: Any) -> None:
    # Compare the classes by name: ours have the same names as Keras's.
    layers = [(layer.name, type(layer).__name__) for layer in all_layers(model)]
    assert [(layer.name, type(layer).__name__) for layer in all_layers(twin)] == layers
    assert len(twin.trainable_variables) == len(model.trainable_variables)
    assert [variable.shape for variable in twin.variables] == [variable.shape for variable in model.variables]


def test_only_preprocessing_and_the_last_layer_compute_in_float32() -> None:
    import keras

    from trainer.networks import architectures
    from trainyard.networks.twin import for_training

    model = architectures.build(Hyperparameters(model="EfficientNetB0", image_size=32), 10, None)
    twin = for_training(model, "float16", 1)
    in_float32 = {layer.name for layer in all_layers(twin) if layer.compute_dtype == "float32"}
    preprocessing = {layer.name for layer in all_layers(twin) if isinstance(layer, keras.layers.Rescaling)}
    assert len(preprocessing) > 0
    assert in_float32 == {*preprocessing, "normalization", "logits"}


def test_the_exported_network_has_only_layers_of_keras() -> None:
    import keras

    from trainyard.networks import twin

    model = with_different_weights(SMALL)
    several, one = (twin.for_training(model, "bfloat16", replicas) for replicas in (2, 1))
    ours = {twin.Dropout, twin.BatchNormalization}
    assert ours <= {type(layer) for layer in all_layers(several)}
    assert not ours & {type(layer) for layer in all_layers(model)}
    assert {layer.compute_dtype for layer in all_layers(model)} == {"float32"}
    # With one device there is nothing to add up.
    assert keras.layers.BatchNormalization in {type(layer) for layer in all_layers(one)}


def test_dropout_drops_its_share_and_scales_the_rest() -> None:
    import keras
    import tensorflow as tf

    from trainyard.networks.twin import Dropout

    keras.utils.set_random_seed(0)
    ones = tf.ones([1000, 50])
    dropped = Dropout(0.3)(ones, training=True).numpy()
    assert (dropped == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.7)}
    together = Dropout(0.3, noise_shape=(None, 1))(ones, training=True).numpy()
    assert (together == together[:, :1]).all()
    assert (together == 0).mean() == pytest.approx(0.3, abs=0.05)
    with pytest.raises(ValueError, match="the first axis must be None, for the images"):
        Dropout(0.3, noise_shape=(1, 50))(ones, training=True)
    half = Dropout(0.3, dtype="mixed_float16")(ones, training=True)
    assert half.dtype == "float16"
    assert (Dropout(0.3)(ones, training=False).numpy() == 1).all()


@pytest.mark.parametrize(("dtype", "limit", "scale"), [("float32", 1e-4, True), ("bfloat16", 0.05, False)])
def test_the_fused_batch_normalization_gives_what_keras_does(dtype: str, limit: float, scale: bool) -> None:
    import keras
    import tensorflow as tf

    from trainyard.networks.twin import FusedBatchNormalization

    images = tf.constant(np.random.default_rng(0).normal(3, 2, (4, 5, 6, 3)), dtype)
    found = []
    for kind in (keras.layers.BatchNormalization, FusedBatchNormalization):
        layer = kind(momentum=0.5, scale=scale, dtype=dtype if dtype == "float32" else f"mixed_{dtype}")
        layer.build(images.shape)
        layer.beta.assign([0.5, 1.0, 1.5])
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = layer(images, training=True)
            loss = tf.reduce_sum(tf.cast(outputs, tf.float32) ** 3)
        averages = [layer.moving_mean.numpy(), layer.moving_variance.numpy()]
        layer.trainable = False
        frozen = layer(images, training=True)
        assert [average.tolist() for average in averages] == [
            layer.moving_mean.numpy().tolist(),
            layer.moving_variance.numpy().tolist(),
        ]
        gradients = tape.gradient(loss, [images, layer.beta.value])
        found.append([np.asarray(tf.cast(each, tf.float32)) for each in (outputs, *averages, frozen, *gradients)])
    for keras_own, fused in zip(*found, strict=True):
        assert abs(keras_own - fused).max() <= limit * max(1, abs(keras_own).max())


def test_one_gpu_gets_the_fused_batch_normalization() -> None:
    from trainyard.networks import gpu, twin

    model = with_different_weights(SMALL)
    layers = all_layers(twin.for_training(model, None, 1, is_fused=True))
    assert sum(type(layer) is twin.FusedBatchNormalization for layer in layers) == 4
    assert gpu.can_compile(model, "CPU:0")
    model.layers[-1].supports_jit = False
    assert not gpu.can_compile(model, "CPU:0")
