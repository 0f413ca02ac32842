"""The networks. Each takes images of one size as 0 to 255 and gives one number (logit) per label."""

import sys
import warnings
from pathlib import Path
from typing import Any

import keras

from trainer.contract.errors import JobError
from trainer.contract.hyperparameters import Hyperparameters


def build(settings: Hyperparameters, labels: int, weights: Path | None) -> Any:
    """Make the network with first weights: random by the seed, or the backbone's from a channel.

    Args:
        settings: model, image_size, channels and dropout count here.
        labels: how many there are.
        weights: folder that holds one file of weights of the backbone, all layers but the last; or None.

    Raises:
        JobError: the network does not take this image size, or the weights are not its.
    """
    shape = (settings.image_size, settings.image_size, settings.channels)
    images = keras.Input(shape, name="images")
    try:
        backbone, prepared = _backbone(settings.model, shape, images)
    except ValueError as error:
        raise JobError(f"{settings.model} cannot be made for images of {shape}: {error}") from None
    if weights is not None:
        _load_weights(backbone, weights)
    features = keras.layers.Dropout(settings.dropout, name="dropout")(backbone(prepared))
    # float32 whatever the rest computes in: the loss needs it.
    logits = keras.layers.Dense(labels, dtype="float32", name="logits")(features)
    return keras.Model(images, logits, name=settings.model)


def _backbone(name: str, shape: tuple[int, int, int], images: Any) -> tuple[Any, Any]:
    """A network from images to features, and the images as it wants them."""
    if name == "small_cnn":
        return _small_cnn(shape), keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(images)
    make = getattr(keras.applications, name)
    # weights=None: Keras would download them otherwise, and a container without a network cannot.
    network = make(include_top=False, weights=None, input_shape=shape, pooling="avg")
    if shape[-1] == 3:
        # Each family's own: published weights are worth nothing with another.
        return network, sys.modules[make.__module__].preprocess_input(images)
    return network, images


def _small_cnn(shape: tuple[int, int, int]) -> Any:
    """Blocks of two convolutions, each halving the image, until 4 pixels are left or 5 blocks are made."""
    inputs = outputs = keras.Input(shape)
    for filters in (32, 64, 128, 256, 256):
        for _ in range(2):
            outputs = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(outputs)
            # The default of 0.99 would still hold the first values after the few hundred steps of a small data set.
            outputs = keras.layers.BatchNormalization(momentum=0.9)(outputs)
            outputs = keras.layers.Activation("relu")(outputs)
        if min(outputs.shape[1:3]) < 8:
            break
        outputs = keras.layers.MaxPooling2D()(outputs)
    outputs = keras.layers.GlobalAveragePooling2D()(outputs)
    return keras.Model(inputs, outputs, name="backbone")


def _load_weights(backbone: Any, folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".h5", ".keras"})
    if len(files) != 1:
        raise JobError(f"The channel 'weights' needs exactly one .h5 or .keras file; {folder} holds {len(files)}.")
    try:
        with warnings.catch_warnings():
            # Keras only warns where a file lacks a part of the network, and leaves that part random.
            warnings.filterwarnings("error", message="Skipping", category=UserWarning)
            backbone.load_weights(files[0])
    except (ValueError, OSError, UserWarning) as error:
        raise JobError(f"{files[0]} does not hold weights of {backbone.name} without its last layer: {error}") from None
