"""Exports the model: it takes raw images and returns a probability per label."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from trainer.networks import same_bytes

MODEL = "model.keras"
LABELS, DECODING = "labels.json", "decoding.json"


def serving_model(model: Any) -> Any:
    """Return a model that takes uint8 images of any size, resizes them as in training, and returns probabilities."""
    size, channels = model.input_shape[1], model.input_shape[3]
    images = keras.Input((None, None, channels), dtype="uint8", name="images")
    # The layer Resizing would be wrong here. It rounds to whole numbers, which training does not. In Keras 3.15 it also
    # puts the layers after it into training mode, where batch normalization depends on the other images.
    resized = keras.ops.image.resize(keras.ops.cast(images, "float32"), (size, size))
    logits = model(resized, training=False)
    probabilities = keras.layers.Softmax(dtype="float32", name="probabilities")(logits)
    return keras.Model(images, probabilities, name=model.name)


def network(model: Any) -> Any:
    """Return the network in an exported model: it takes resized float32 images, and returns logits."""
    return next(layer for layer in model.layers if isinstance(layer, keras.Model))


def export(model: Any, labels: Sequence[str], folder: Path, smallest_side: int = 0) -> None:
    """Write the model folder: model.keras, labels.json, and 1/, the SavedModel for serving.

    If the network was trained on JPEGs that were decoded at a part of their size, decoding.json says so.

    The same run writes the same bytes, except those of the SavedModel.

    Args:
        model: the network; it returns logits for resized images.
        labels: the labels in the order of the model's outputs.
        folder: the model folder; created if it is missing.
        smallest_side: the pixels that both sides of such a JPEG kept at least; 0 if all were decoded in full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    serving = serving_model(model)
    serving.save(folder / MODEL)
    same_bytes.rewrite(folder / MODEL)
    (folder / LABELS).write_text(json.dumps(list(labels), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    (folder / DECODING).unlink(missing_ok=True)
    if smallest_side:
        (folder / DECODING).write_text(json.dumps({"smallest_side": smallest_side}) + "\n", encoding="utf-8")
    shutil.rmtree(folder / "1", ignore_errors=True)
    _export_for_serving(serving, folder / "1")


def _export_for_serving(model: Any, folder: Path) -> None:
    """Write what ``model.export`` writes, in six tenths of its time.

    It would first ask each layer for its functions, to find lookup tables, and these networks have none:
    https://github.com/keras-team/keras/blob/v3.15.1/keras/src/export/saved_model_export_archive.py.
    """
    archive = keras.export.ExportArchive()
    archive.variables.extend(model.variables)
    archive.trainable_variables.extend(model.trainable_variables)
    archive.non_trainable_variables.extend(model.non_trainable_variables)
    (images,) = model.inputs
    signature = [tf.TensorSpec(images.shape, images.dtype, name=images.name)]
    archive.add_endpoint("serve", model.__call__, input_signature=signature)
    archive.write_out(folder, verbose=False)
