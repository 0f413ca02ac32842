"""``python -m trainer evaluate``: scores a model folder on a folder per label."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.images import decoding, folders
from trainer.images.listing import Images
from trainer.networks import export
from trainyard.errors import JobError

BATCH = 64


def evaluate(model_folder: Path, data_folder: Path) -> dict[str, Any]:
    """Score the exported model on raw images, as its users send them.

    Returns:
        The number of images, accuracy and loss; for every label with images, the number of images and the accuracy.

    Raises:
        JobError: there is no model, there are no images, or the model does not know a label.
    """
    for path in (model_folder / export.MODEL, model_folder / export.LABELS):
        if not path.is_file():
            raise JobError(f"There is no {path}: name the folder of a trained model.")
    if not data_folder.is_dir():
        raise JobError(f"There is no folder {data_folder}.")
    labels = json.loads((model_folder / export.LABELS).read_text(encoding="utf-8"))
    images = folders.list_images(data_folder, labels)
    model = keras.models.load_model(model_folder / export.MODEL)
    channels = model.input_shape[3]
    predict = tf.function(
        lambda batch: model(batch, training=False),
        input_signature=[tf.TensorSpec([None, None, None, channels], tf.uint8)],
        autograph=False,  # nothing to convert, and the conversion leaves files in the folder of temporary files
    )
    predicted = np.concatenate([predict(batch).numpy() for batch in _raw_batches(images, channels)])
    return score(labels, np.asarray(images.numbers), predicted)


def score(labels: list[str], numbers: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> dict[str, Any]:
    """Compare the true labels, as numbers, with the predicted probabilities [images, labels]."""
    right = predicted.argmax(axis=1) == numbers
    # float32 rounds tiny probabilities to 0, which would make the loss infinite.
    probability = np.clip(predicted[np.arange(len(numbers)), numbers].astype(np.float64), 1e-7, 1)
    of_label = {
        label: {"images": int((numbers == number).sum()), "accuracy": float(right[numbers == number].mean())}
        for number, label in enumerate(labels)
        if (numbers == number).any()
    }
    loss = float(-np.log(probability).mean())
    return {"images": len(numbers), "accuracy": float(right.mean()), "loss": loss, "labels": of_label}


def _raw_batches(images: Images, channels: int) -> Iterator[npt.NDArray[np.uint8]]:
    """The unchanged images, in batches: consecutive images of one size share a batch."""
    batch: list[npt.NDArray[np.uint8]] = []
    for path in images.paths:
        try:
            image = decoding.decode(path, channels).numpy()
        except tf.errors.OpError:
            raise JobError(f"{path} cannot be read as an image.") from None
        if batch and (image.shape != batch[0].shape or len(batch) == BATCH):
            yield np.stack(batch)
            batch = []
        batch.append(image)
    yield np.stack(batch)
