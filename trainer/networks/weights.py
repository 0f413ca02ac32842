"""The weights channel: initial weights for the backbone."""

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from trainyard.errors import JobError


def load(backbone: Any, folder: Path) -> None:
    """Load the weights of a backbone from the one file in a folder.

    It is a file of a backbone's weights, such as Keras's ``…_notop.h5``, or a whole model that has such a backbone in
    it, such as the ``model.keras`` of an earlier job.

    Raises:
        JobError: there is not exactly one file, or it does not fit.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".h5", ".keras"})
    if len(files) != 1:
        raise JobError(
            f"The channel 'weights' must contain exactly one .h5 or .keras file; {folder} contains {len(files)}."
        )
    try:
        if files[0].suffix == ".keras":
            _load_model(backbone, files[0])
            return
        with warnings.catch_warnings():
            # If a file lacks a part of the network, Keras only warns and leaves that part random.
            warnings.filterwarnings("error", message="Skipping", category=UserWarning)
            backbone.load_weights(files[0])
    except (ValueError, TypeError, OSError, UserWarning) as error:
        raise JobError(
            f"{files[0]} does not contain the weights of {backbone.name} without its last layer: {error}"
        ) from None


def _load_model(backbone: Any, file: Path) -> None:
    """Copy the weights of the network in a model that has the backbone's shapes.

    Raises:
        ValueError: there is none, or the file is no model.
    """
    wanted = _shapes(backbone)
    for network in _networks(keras.models.load_model(file, compile=False)):
        if _shapes(network) == wanted:
            backbone.set_weights(network.get_weights())
            return
    raise ValueError("no network in it has these shapes")


def _networks(model: Any) -> Iterator[Any]:
    """A model and all networks in it, the outer ones first."""
    yield model
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _networks(layer)


def _shapes(network: Any) -> list[tuple[int, ...]]:
    return [tuple(weight.shape) for weight in network.weights]
