"""``python -m trainer preview``: a contact sheet of one's own images as a training sees them."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from trainer.contract.hyperparameters import Hyperparameters
from trainer.images import augmentation, channel, decoding, folders, pipeline
from trainer.images.augmentation import Augmentation
from trainer.images.listing import Images
from trainyard.errors import JobError

ROWS, VARIATIONS = 8, 7
SMALLEST = 96
"""Smaller images are enlarged to this many pixels or a little more, so that one can see them."""
GAP = 4


def write(training: Path, settings: Hyperparameters, file: Path) -> list[str]:
    """Write a PNG with a row for each of some training images: the image itself, then variations of it.

    Args:
        training: a folder per label.
        settings: the hyperparameters; without augmentation and mixup, a row repeats its image.
        file: the PNG; an existing one is replaced.

    Returns:
        The image files, from the first row to the last.

    Raises:
        JobError: there are no images, one cannot be decoded, or the PNG cannot be written.
    """
    images = channel.read(training, settings, look="names").images
    chosen = _choose(images)
    try:
        rows = _rows(images, chosen, settings)
    except tf.errors.InvalidArgumentError:
        shown = images.take(chosen)
        folders.without_unreadable(shown, decoding.find_undecodable(shown.paths), skip=False)
        raise
    try:
        file.write_bytes(tf.io.encode_png(_sheet(rows)).numpy())
    except OSError as error:
        raise JobError(f"{file} cannot be written: {error.strerror}.", "Name another with --output.") from None
    return [images.paths[number] for number in chosen]


def _choose(images: Images) -> list[int]:
    """The indices of an even number of images, spread over the labels."""
    count = min(ROWS, len(images.paths) // 2 * 2)
    return [number * len(images.paths) // count for number in range(count)]


def _rows(images: Images, chosen: list[int], settings: Hyperparameters) -> Any:
    """Return float32 [rows, columns, size, size, channels]: each image, then its variations in as many passes."""
    size, how = settings.image_size, Augmentation.of(settings)
    form = pipeline.form(settings)
    decoded = [decoding.decode(images.paths[number], form) for number in chosen]
    numbers = tf.constant([images.numbers[number] for number in chosen])
    columns = [tf.stack([tf.image.resize(image, [size, size]) for image in decoded])]
    for passes in range(VARIATIONS):
        positions = tf.range(len(chosen), dtype=tf.int64) + passes * ROWS
        varied = columns[0]
        if how.kind != "none":
            pairs = zip(decoded, tf.unstack(positions), strict=True)
            varied = tf.stack([augmentation.vary(image, position, size, how) for image, position in pairs])
        if how.mixup:
            varied, _ = augmentation.mix(varied, numbers, positions, len(images.labels), how)
        columns.append(varied)
    return tf.stack(columns, axis=1)


def _sheet(rows: Any) -> Any:
    """Return the contact sheet, uint8 [height, width, channels], with white gaps."""
    factor = -(-SMALLEST // rows.shape[2])
    large = tf.repeat(tf.repeat(rows, factor, axis=2), factor, axis=3)
    framed = tf.pad(large, [[0, 0], [0, 0], [GAP, GAP], [GAP, GAP], [0, 0]], constant_values=255)
    count, columns, height, width, channels = framed.shape
    sheet = tf.reshape(tf.transpose(framed, [0, 2, 1, 3, 4]), [count * height, columns * width, channels])
    return tf.cast(tf.clip_by_value(tf.round(sheet), 0, 255), tf.uint8)
