"""Builds the networks. Each takes images of one size, from 0 to 255, and returns one number (logit) per label."""

import sys
from pathlib import Path
from typing import Any

import keras

from trainer.contract.hyperparameters import Hyperparameters
from trainer.networks import weights as initial_weights
from trainyard.errors import JobError

FILTERS = (32, 64, 128, 256, 256)
"""Of the blocks of small_cnn."""
LARGE = 128
"""From this size on, small_cnn has a stem: at full size, the first layers of a batch would take gigabytes."""


def build(
    settings: Hyperparameters, labels: int, weights: Path | None, prepare_grey: bool = True, stem: bool = True
) -> Any:
    """Build the network with its initial weights: random, or for the backbone from the weights channel.

    Args:
        settings: model, image_size, channels and dropout are used.
        labels: the number of labels.
        weights: folder with one file of weights for the backbone, which is all layers but the last; None for random.
        prepare_grey: whether a keras.applications model gets grey images as prepared RGB images, so that published
            weights fit. In checkpoints before that, such a model has one channel.
        stem: whether small_cnn halves images of `LARGE` pixels first. In checkpoints before that, it does not.

    Raises:
        JobError: the network cannot have this image size, or the weights do not fit it.
    """
    shape = (settings.image_size, settings.image_size, settings.channels)
    images = keras.Input(shape, name="images")
    try:
        network, prepared = _backbone(settings.model, shape, images, prepare_grey, stem)
    except ValueError as error:
        raise JobError(f"{settings.model} cannot be built for images of {shape}: {error}") from None
    if weights is not None:
        initial_weights.load(network, weights)
    features = keras.layers.Dropout(settings.dropout, name="dropout")(network(prepared))
    # Always float32: the loss needs it.
    logits = keras.layers.Dense(labels, dtype="float32", name="logits")(features)
    return keras.Model(images, logits, name=settings.model)


def backbone(model: Any) -> Any:
    """Return the backbone of a network of `build`, or of its twin."""
    return next(layer for layer in model.layers if isinstance(layer, keras.Model))


def frozen_layers(model: Any, train_layers: str) -> list[Any]:
    """Return the layers that are not trained.

    Args:
        model: a network of `build`, or its twin.
        train_layers: all, head or last_N.
    """
    layers = [] if train_layers == "all" else backbone(model).layers
    trained = int(train_layers.removeprefix("last_")) if train_layers.startswith("last_") else 0
    return list(layers[: max(0, len(layers) - trained)])


def _backbone(name: str, shape: tuple[int, int, int], images: Any, prepare_grey: bool, stem: bool) -> tuple[Any, Any]:
    """Return a network from images to features, and its preprocessed input."""
    if name == "small_cnn":
        return _small_cnn(shape, stem), keras.layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(images)
    make = getattr(keras.applications, name)
    if shape[-1] == 1 and not prepare_grey:
        return make(include_top=False, weights=None, input_shape=shape, pooling="avg"), images
    if shape[-1] == 1:
        images = keras.ops.repeat(images, 3, axis=-1)  # no layer: it must not compute in half precision
    # With the default, Keras would download weights; a container without network access cannot.
    network = make(include_top=False, weights=None, input_shape=(*shape[:2], 3), pooling="avg")
    # Each family has its own preprocessing; published weights need it.
    return network, sys.modules[make.__module__].preprocess_input(images)


def _small_cnn(shape: tuple[int, int, int], stem: bool) -> Any:
    """Stack blocks of two convolutions. Each block halves the image, until it has 4 pixels or there are 5 blocks."""
    inputs = outputs = keras.Input(shape)
    while stem and min(outputs.shape[1:3]) >= LARGE:
        outputs = _convolution(outputs, FILTERS[0], strides=2)
    for filters in FILTERS:
        for _ in range(2):
            outputs = _convolution(outputs, filters)
        if min(outputs.shape[1:3]) < 8:
            break
        outputs = keras.layers.MaxPooling2D()(outputs)
    outputs = keras.layers.GlobalAveragePooling2D()(outputs)
    return keras.Model(inputs, outputs, name="backbone")


def _convolution(images: Any, filters: int, strides: int = 1) -> Any:
    outputs = keras.layers.Conv2D(filters, 3, strides, padding="same", use_bias=False)(images)
    # With the default of 0.99, the initial values still matter after the few hundred steps of a small data set.
    outputs = keras.layers.BatchNormalization(momentum=0.9)(outputs)
    return keras.layers.Activation("relu")(outputs)
