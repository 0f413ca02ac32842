"""The network that trains gives what the one that is exported gives, and is made of the same parts."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from trainer.contract.hyperparameters import APPLICATIONS, Hyperparameters

pytestmark = pytest.mark.e2e
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

SMALL = Hyperparameters(image_size=8, channels=1, dropout=0.5)


@pytest.fixture(autouse=True)
def emptied() -> Iterator[None]:
    """Keras remembers every network that was made."""
    yield
    import keras

    keras.backend.clear_session()


def shuffled(settings: Hyperparameters) -> Any:
    """A network in which no two weights are alike."""
    from trainer.networks import architectures

    model = architectures.build(settings, 10, None)
    random = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(weight.numpy() * random.uniform(0.9, 1.1, weight.shape) + random.normal(0, 1e-3, weight.shape))
    return model


def inner(model: Any) -> list[Any]:
    """All layers but inputs, those of networks in it too."""
    import keras

    layers = [found for layer in model.layers for found in (inner(layer) if hasattr(layer, "layers") else [layer])]
    return [layer for layer in layers if not isinstance(layer, keras.layers.InputLayer)]


@pytest.mark.parametrize(
    "settings",
    [SMALL, *(Hyperparameters(model=name, image_size=32) for name in ("EfficientNetB0", "MobileNetV2", "ResNet50"))],
    ids=lambda settings: settings.model,
)
@pytest.mark.parametrize("replicas", [1, 4])
def test_a_twin_gives_what_its_model_gives(settings: Hyperparameters, replicas: int) -> None:
    from trainer.networks.twin import for_training

    model = shuffled(settings)
    twin = for_training(model, "float32", replicas)
    shape = (4, settings.image_size, settings.image_size, settings.channels)
    images = np.random.default_rng(1).uniform(0, 255, shape).astype("float32")
    given = model(images, training=False).numpy()
    assert np.isfinite(given).all()
    assert given.std() > 0
    assert (twin(images, training=False).numpy() == given).all()
    # And back: what the twin learnt is the model's.
    for own in twin.weights:
        own.assign(own.numpy() * 1.01)
    for theirs, own in zip(model.variables, twin.variables, strict=True):
        theirs.assign(own.value)
    learnt = model(images, training=False).numpy()
    assert (learnt != given).any()
    assert (twin(images, training=False).numpy() == learnt).all()


# The smallest network that each module of keras.applications makes; the larger ones repeat its layers.
SMALLEST = (
    *("ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionResNetV2", "InceptionV3"),
    *("MobileNet", "MobileNetV2", "MobileNetV3Small", "NASNetMobile", "ResNet50", "ResNet50V2", "VGG16", "Xception"),
)


def test_every_network_is_made_by_a_module_that_is_tested() -> None:
    import keras

    modules = {name: getattr(keras.applications, name).__module__ for name in APPLICATIONS}
    assert {modules[name] for name in SMALLEST} == set(modules.values())


@pytest.mark.parametrize("name", SMALLEST)
def test_every_network_has_a_twin(name: str) -> None:
    from trainer.networks import architectures
    from trainer.networks.twin import for_training

    # Large enough for all of them; NASNet takes its own size only.
    model = architectures.build(Hyperparameters(model=name, image_size=224 if name == "NASNetMobile" else 96), 10, None)
    twin = for_training(model, "bfloat16", 2)
    # By name, as our classes are called what Keras's are.
    layers = [(layer.name, type(layer).__name__) for layer in inner(model)]
    assert [(layer.name, type(layer).__name__) for layer in inner(twin)] == layers
    assert len(twin.trainable_variables) == len(model.trainable_variables)
    assert [variable.shape for variable in twin.variables] == [variable.shape for variable in model.variables]
    assert {weight.dtype for weight in twin.trainable_weights} == {"float32"}
    assert twin.output.dtype == "float32"


def test_only_what_needs_it_computes_in_float32() -> None:
    import keras

    from trainer.networks import architectures
    from trainer.networks.twin import for_training

    model = architectures.build(Hyperparameters(model="EfficientNetB0", image_size=32), 10, None)
    twin = for_training(model, "float16", 1)
    exact = {layer.name for layer in inner(twin) if layer.compute_dtype == "float32"}
    preparing = {layer.name for layer in inner(twin) if isinstance(layer, keras.layers.Rescaling)}
    assert len(preparing) > 0
    assert exact == {*preparing, "normalization", "logits"}


def test_the_exported_network_stays_kerass_own() -> None:
    import keras

    from trainer.networks import twin

    model = shuffled(SMALL)
    several, one = (twin.for_training(model, "bfloat16", replicas) for replicas in (2, 1))
    ours = {twin.Dropout, twin.BatchNormalization}
    assert ours <= {type(layer) for layer in inner(several)}
    assert not ours & {type(layer) for layer in inner(model)}
    assert {layer.compute_dtype for layer in inner(model)} == {"float32"}
    # One device needs no word with others.
    assert keras.layers.BatchNormalization in {type(layer) for layer in inner(one)}


def test_dropout_keeps_the_mean_and_drops_its_share() -> None:
    import keras
    import tensorflow as tf

    from trainer.networks.twin import Dropout

    keras.utils.set_random_seed(0)
    ones = tf.ones([1000, 50])
    dropped = Dropout(0.3)(ones, training=True).numpy()
    assert (dropped == 0).mean() == pytest.approx(0.3, abs=0.01)
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.7)}
    together = Dropout(0.3, noise_shape=(None, 1))(ones, training=True).numpy()
    assert (together == together[:, :1]).all()
    assert (together == 0).mean() == pytest.approx(0.3, abs=0.05)
    with pytest.raises(ValueError, match="the first axis is that of the images"):
        Dropout(0.3, noise_shape=(1, 50))(ones, training=True)
    half = Dropout(0.3, dtype="mixed_float16")(ones, training=True)
    assert half.dtype == "float16"
    assert (Dropout(0.3)(ones, training=False).numpy() == 1).all()
