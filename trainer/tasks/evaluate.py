"""Scores a trained model on labelled images, and predicts the labels of others."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.images import decoding, folders, pipeline
from trainer.images.decoding import Form
from trainer.images.listing import Images
from trainer.networks import export
from trainer.tasks import charts, report
from trainyard.errors import JobError

BATCH = 64


def evaluate(model_folder: Path, data_folder: Path, output: Path | None = None) -> dict[str, Any]:
    """Score an exported model on a folder per label.

    Args:
        model_folder: with model.keras and labels.json.
        data_folder: the images.
        output: a folder for the whole report, in files; None if it is not wanted.

    Returns:
        The scores, as `report.score` describes them.

    Raises:
        JobError: there is no model, there are no images, the model does not know a label, an image cannot be decoded,
            or the report cannot be written.
    """
    model, labels = load(model_folder)
    if not data_folder.is_dir():
        raise JobError(f"There is no folder {data_folder}.")
    images = folders.list_images(data_folder, labels)
    network = export.network(model)
    found = predictions(network, images, in_batches(model_folder, network, images), data_folder)
    return report.score(found) if output is None else write_report(output, found, with_predictions=True)


def predict(model_folder: Path, files: Sequence[Path]) -> list[tuple[str, float]]:
    """Predict the labels of some images.

    Args:
        model_folder: with model.keras and labels.json.
        files: the images.

    Returns:
        For each image its most probable label, and the probability of that label.

    Raises:
        JobError: there is no model, or an image is missing or cannot be decoded.
    """
    model, labels = load(model_folder)
    for file in files:
        if not file.is_file():
            raise JobError(f"There is no file {file}.")
    nothing = (0,) * len(files)
    network, images = export.network(model), Images(tuple(labels), tuple(map(str, files)), nothing, nothing)
    predicted = probabilities(network, images, in_batches(model_folder, network, images))
    return [(labels[each.argmax()], float(each.max())) for each in predicted]


def load(folder: Path) -> tuple[Any, list[str]]:
    """Load an exported model and the names of its labels.

    Raises:
        JobError: there is none.
    """
    for path in (folder / export.MODEL, folder / export.LABELS):
        if not path.is_file():
            raise JobError(f"There is no {path}: name the folder of a trained model.")
    return keras.models.load_model(folder / export.MODEL), json.loads((folder / export.LABELS).read_text("utf-8"))


def in_batches(folder: Path, network: Any, images: Images) -> tf.data.Dataset:
    """The images in batches, decoded as the training images of a model were.

    Args:
        folder: the model folder.
        network: of the model; it takes resized float32 images.
        images: some images.
    """
    file = folder / export.DECODING
    smallest_side = json.loads(file.read_text("utf-8"))["smallest_side"] if file.is_file() else 0
    _, size, _, channels = network.input_shape
    form = Form(size, channels, smallest_side=smallest_side)
    return pipeline.ordered_batches(images, form, BATCH)


def probabilities(network: Any, images: Images, batches: tf.data.Dataset) -> npt.NDArray[np.float32]:
    """The probabilities of the labels, float32 [images, labels], in the order of ``images``.

    Args:
        network: takes resized float32 images, and returns logits.
        images: some images.
        batches: of them, from `pipeline.ordered_batches`.

    Raises:
        JobError: an image cannot be decoded.
    """
    _, size, _, channels = network.input_shape
    predict = tf.function(
        lambda batch: tf.nn.softmax(network(batch, training=False)),
        input_signature=[tf.TensorSpec([None, size, size, channels], tf.float32)],
        autograph=False,  # nothing to convert, and the conversion leaves files in the folder of temporary files
    )
    try:
        return np.concatenate([predict(batch).numpy() for batch, _ in batches])
    except tf.errors.InvalidArgumentError:
        broken = decoding.find_undecodable(images.paths)
        if not broken:
            raise
        raise JobError(f"{folders.unreadable(images, broken)}.") from None


def predictions(network: Any, images: Images, batches: tf.data.Dataset, folder: Path) -> report.Predictions:
    """What a network says about labelled images of a folder.

    Args:
        network: takes resized float32 images, and returns logits.
        images: the images.
        batches: of them, from `pipeline.ordered_batches`.
        folder: they are in its subfolders.

    Raises:
        JobError: an image cannot be decoded.
    """
    names = [Path(path).relative_to(folder).as_posix() for path in images.paths]
    return report.Predictions(images.labels, names, np.asarray(images.numbers), probabilities(network, images, batches))


def write_report(folder: Path, found: report.Predictions, with_predictions: bool) -> dict[str, Any]:
    """Write metrics.json, confusion_matrix.json and confusion_matrix.png.

    Args:
        folder: where to; created if it is missing.
        found: what the model says.
        with_predictions: whether to write predictions.csv too.

    Returns:
        The scores.

    Raises:
        JobError: a file cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scores = report.write(folder, found)
        if with_predictions:
            report.write_predictions(folder, found)
        charts.draw_confusion(found.labels, found.confusion, folder / charts.CONFUSION)
    except OSError as error:
        raise JobError(f"The report cannot be written: {error}.", "Free some disk space.") from error
    return scores
