"""Builds the networks. Each takes images of one size, from 0 to 255, and returns one number (logit) per label."""

import sys
import warnings
from pathlib import Path
from typing import Any

import keras

from trainer.contract.hyperparameters import Hyperparameters
from trainyard.errors import JobError


def build(settings: Hyperparameters, labels: int, weights: Path | None) -> Any:
    """Build the network with its initial weights: random, or for the backbone from the weights channel.

    Args:
        settings: model, image_size, channels and dropout are used.
        labels: the number of labels.
        weights: folder with one file of weights for the backbone, which is all layers but the last; None for random.

    Raises:
        JobError: the network cannot have this image size, or the weights do not fit it.
    """
    shape = (settings.image_size, settings.image_size, settings.channels)
    images = keras.Input(shape, name="images")
    try:
        backbone, prepared = _backbone(settings.model, shape, images)
    except ValueError as error:
        raise JobError(f"{settings.model} cannot be built for images of {shape}: {error}") from None
    if weights is not None:
        _load_weights(backbone, weights)
    features = keras.layers.Dropout(settings.dropout, name="dropout")(backbone(prepared))
    # Always float32: the loss needs it.
    logits = keras.layers.Dense(labels, dtype="float32", name="logits")(features)
    return keras.Model(images, logits, name=settings.model)


def _backbone(name: str, shape: tuple[int, int, int], images: Any) -> tuple[Any, Any]:
    """Return a network from images to features, and its preprocessed input."""
    if name == "small_cnn":
        return _small_cnn(shape), keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(images)
    make = getattr(keras.applications, name)
    # With the default, Keras would download weights; a container without network access cannot.
    network = make(include_top=False, weights=None, input_shape=shape, pooling="avg")
    if shape[-1] == 3:
        # Each family has its own preprocessing; published weights need it.
        return network, sys.modules[make.__module__].preprocess_input(images)
    return network, images


def _small_cnn(shape: tuple[int, int, int]) -> Any:
    """Stack blocks of two convolutions. Each block halves the image, until it has 4 pixels or there are 5 blocks."""
    inputs = outputs = keras.Input(shape)
    for filters in (32, 64, 128, 256, 256):
        for _ in range(2):
            outputs = keras.layers.Conv2D(filters, 3, padding="same", use_bias=False)(outputs)
            # With the default of 0.99, the initial values still matter after the few hundred steps of a small data set.
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
        raise JobError(
            f"The channel 'weights' must contain exactly one .h5 or .keras file; {folder} contains {len(files)}."
        )
    try:
        with warnings.catch_warnings():
            # If a file lacks a part of the network, Keras only warns and leaves that part random.
            warnings.filterwarnings("error", message="Skipping", category=UserWarning)
            backbone.load_weights(files[0])
    except (ValueError, OSError, UserWarning) as error:
        raise JobError(
            f"{files[0]} does not contain the weights of {backbone.name} without its last layer: {error}"
        ) from None
