"""Images from a folder per label, as tf.data.

The order of the training images is a pure function of (seed, position): position p of a run of any length is
image ``index_shuffle(p % n)`` of pass ``p // n``. Nothing of the order has to be stored, and starting in its
middle costs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from trainer.contract import JobError

SUFFIXES = (".jpeg", ".jpg", ".png")


@dataclass(frozen=True)
class Images:
    """Image files with the number of each one's label in ``labels``; sorted, so equal on every machine."""

    labels: tuple[str, ...]
    paths: tuple[str, ...]
    numbers: tuple[int, ...]


def list_images(folder: Path, labels: Sequence[str] | None = None) -> Images:
    """List a folder that has a folder per label.

    Args:
        folder: its sub-folders' names are the labels.
        labels: those of the training images; None where these are they.

    Raises:
        JobError: no images, fewer than two labels to learn, or a label that is not among ``labels``.
    """
    found = sorted(child.name for child in folder.iterdir() if child.is_dir() and not child.name.startswith("."))
    files = {name: _images_in(folder / name) for name in found}
    if not any(files.values()):
        raise JobError(f"{folder} holds no images: one folder per label is needed, with {', '.join(SUFFIXES)} files.")
    if labels is None:
        labels = [name for name in found if files[name]]
        if len(labels) < 2:
            raise JobError(f"{folder} holds images of one label only ({labels[0]}): there is nothing to tell apart.")
    unknown = sorted(name for name in found if files[name] and name not in labels)
    if unknown:
        raise JobError(f"{folder} holds labels that the training images do not have: {', '.join(unknown)}.")
    number = {name: index for index, name in enumerate(labels)}
    pairs = [(str(path), number[name]) for name in found for path in files[name]]
    return Images(tuple(labels), tuple(path for path, _ in pairs), tuple(label for _, label in pairs))


def training_batches(images: Images, size: int, channels: int, batch: int, seed: int, steps: range) -> tf.data.Dataset:
    """The batches of the given steps of a run: float32 images of 0 to 255, and label numbers.

    Every batch is full; each image comes once in a pass, and a batch may hold the end of one pass and the
    beginning of the next.
    """
    count = len(images.paths)
    paths, numbers = tf.constant(images.paths), tf.constant(images.numbers)

    def at(position: Any) -> tuple[Any, Any]:
        shuffled_by = tf.stack([tf.constant(seed, tf.int64), position // count])
        index = tf.random.experimental.index_shuffle(position % count, seed=shuffled_by, max_index=count - 1)
        return _load(paths[index], size, channels), numbers[index]

    positions = tf.data.Dataset.range(steps.start * batch, steps.stop * batch)
    loaded = positions.map(at, num_parallel_calls=tf.data.AUTOTUNE)
    return loaded.batch(batch, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def ordered_batches(images: Images, size: int, channels: int, batch: int) -> tf.data.Dataset:
    """Every image once, in the order of ``images``; the last batch may be smaller."""
    pairs = tf.data.Dataset.from_tensor_slices((list(images.paths), list(images.numbers)))
    loaded = pairs.map(lambda path, number: (_load(path, size, channels), number), num_parallel_calls=tf.data.AUTOTUNE)
    return loaded.batch(batch).prefetch(tf.data.AUTOTUNE)


def decode(path: Any, channels: int) -> Any:
    """One file as uint8 [height, width, channels], whatever its own colours are."""
    return tf.io.decode_image(tf.io.read_file(path), channels=channels, expand_animations=False)


def unreadable(images: Images, channels: int) -> str | None:
    """The first file that cannot be decoded: TensorFlow's own error in a pipeline names none."""
    for path in images.paths:
        try:
            decode(path, channels)
        except tf.errors.OpError:
            return path
    return None


def _load(path: Any, size: int, channels: int) -> Any:
    image = tf.image.resize(decode(path, channels), [size, size])
    image.set_shape([size, size, channels])
    return image


def _images_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != ".")
