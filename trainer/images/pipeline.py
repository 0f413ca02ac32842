"""Image files as tf.data.

The order of the training images is a pure function of (seed, position): position p of a run of any length is image
``index_shuffle(p % n)`` of pass ``p // n``. So the order is not stored, a run can start in its middle at no cost, and
hosts take their parts of each batch without communication.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from trainer.images import augmentation, decoding
from trainer.images.augmentation import Augmentation
from trainer.images.listing import Images

_as_written = tf.autograph.experimental.do_not_convert
"""Marks a function as one without Python's loops and branches, which AutoGraph need not translate."""


@dataclass(frozen=True)
class Share:
    """One host's share of every batch: consecutive images, which its devices take in turn.

    So the devices of all hosts hold the batch in the order of their numbers.

    Args:
        batch: images in a batch, on all hosts that draw from the same images.
        first: position in the batch of this host's first image.
        count: images of this host.
        per_device: images of each of its devices; the dataset's batches have this size.
    """

    batch: int
    first: int
    count: int
    per_device: int


def training_batches(
    images: Images, size: int, channels: int, share: Share, chosen: Augmentation, steps: range, upright: bool = True
) -> tf.data.Dataset:
    """Return a host's share of the batches of some steps: float32 images from 0 to 255, and label numbers.

    With mixup, the share of each label takes the place of the label numbers. Every batch is full. Each image occurs
    once in a pass. A batch may contain the end of one pass and the beginning of the next.
    """
    paths, numbers = tf.constant(images.paths), tf.constant(images.numbers)
    index = _index(len(images.paths), chosen.seed)

    def load(position: Any) -> tuple[Any, Any, Any]:
        number = index(position)
        if chosen.kind == "none":
            return _load(paths[number], size, channels, upright), numbers[number], position
        decoded = decoding.decode(paths[number], channels, upright)
        return augmentation.vary(decoded, position, size, chosen), numbers[number], position

    def finish(made: Any, labels: Any, positions: Any) -> tuple[Any, Any]:
        if not chosen.mixup:
            return made, labels
        return augmentation.mix(made, labels, positions, len(images.labels), chosen)

    loaded = _positions(share, steps).map(_as_written(load), num_parallel_calls=tf.data.AUTOTUNE)
    batches = loaded.batch(share.per_device, drop_remainder=True)
    return batches.map(_as_written(finish), num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


def indices(images: int, share: Share, seed: int, steps: range) -> tf.data.Dataset:
    """Return the indices of the images in a host's share of these steps, one after the other."""
    return _positions(share, steps).map(_as_written(_index(images, seed)))


def _positions(share: Share, steps: range) -> tf.data.Dataset:
    """Return the positions in the run of a host's share of these steps: int64."""

    def position(place: Any) -> Any:
        return place // share.count * share.batch + share.first + place % share.count

    return tf.data.Dataset.range(steps.start * share.count, steps.stop * share.count).map(_as_written(position))


def _index(images: int, seed: int) -> Callable[[Any], Any]:
    """Return the function from a position in the run to the index of its image."""

    def index(position: Any) -> Any:
        shuffled_by = tf.stack([tf.constant(seed, tf.int64), position // images])
        return tf.random.experimental.index_shuffle(position % images, seed=shuffled_by, max_index=images - 1)

    return index


def ordered_batches(images: Images, size: int, channels: int, batch: int, upright: bool = True) -> tf.data.Dataset:
    """Return every image once, in the order of ``images``; the last batch may be smaller."""
    tensors = (
        tf.constant(list(images.paths), tf.string),
        tf.constant(list(images.numbers), tf.int32),
    )  # types for an empty list
    pairs = tf.data.Dataset.from_tensor_slices(tensors)
    load = _as_written(lambda path, number: (_load(path, size, channels, upright), number))
    loaded = pairs.map(load, num_parallel_calls=tf.data.AUTOTUNE)
    return loaded.batch(batch).prefetch(tf.data.AUTOTUNE)


def _load(path: Any, size: int, channels: int, upright: bool) -> Any:
    image = tf.image.resize(decoding.decode(path, channels, upright), [size, size])
    image.set_shape([size, size, channels])
    return image
