"""The model as others use it: raw images in, a probability per label out."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

MODEL = "model.keras"
LABELS = "labels.json"


def serving_model(model: Any) -> Any:
    """A model that takes uint8 images of any size, resizes them as training did, and gives probabilities."""
    size, channels = model.input_shape[1], model.input_shape[3]
    images = keras.Input((None, None, channels), dtype="uint8", name="images")
    # Operations, not the layer Resizing: that one rounds whole numbers, which training does not, and puts what
    # follows it into training mode (Keras 3.15), where batch normalization depends on the other images.
    resized = keras.ops.image.resize(keras.ops.cast(images, "float32"), (size, size))
    logits = model(resized, training=False)
    probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
    return keras.Model(images, probabilities, name=model.name)


def export(model: Any, labels: Sequence[str], folder: Path) -> None:
    """Write the model folder: model.keras, labels.json, and 1/, the SavedModel that serving looks for.

    Args:
        model: gives logits for resized images.
        labels: in the order of the model's outputs.
        folder: made where it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    serving = serving_model(model)
    serving.save(folder / MODEL)
    (folder / LABELS).write_text(json.dumps(list(labels), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    shutil.rmtree(folder / "1", ignore_errors=True)
    serving.export(folder / "1", verbose=False)
