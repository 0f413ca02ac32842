"""Image files as tf.data.

The order of the training images is a pure function of (seed, position): position p of a run of any length is image
``index_shuffle(p % n)`` of pass ``p // n``. So the order is not stored, a run can start in its middle at no cost, and
hosts take their parts of each batch without communication.
"""

import math
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from trainer.contract.hyperparameters import Hyperparameters
from trainer.images import augmentation, decoding
from trainer.images.augmentation import Augmentation
from trainer.images.cache import NOTHING_KEPT, Cache, map_images
from trainer.images.decoding import Form
from trainer.images.listing import Images

BATCHES_AT_ONCE = 2
"""All cores decode the images of one batch together. Cores that have no image left begin with the next batch."""

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


def form(settings: Hyperparameters, upright: bool = True) -> Form:
    """Return what a job's image files become. Pure.

    Args:
        settings: the hyperparameters of the job.
        upright: whether photos are turned as their cameras say.
    """
    # Also of images that are not varied, such as validation images: they are decoded as the training images are.
    needed = math.ceil(settings.image_size * augmentation.largest_zoom(settings.augmentation))
    return Form(settings.image_size, settings.channels, upright, needed if settings.decode == "scaled" else 0)


def training_batches(
    images: Images, form: Form, share: Share, chosen: Augmentation, steps: range, cache: Cache = NOTHING_KEPT
) -> tf.data.Dataset:
    """Return a host's share of the batches of some steps: float32 images from 0 to 255, and label numbers.

    With mixup, the share of each label takes the place of the label numbers. Every batch is full. Each image occurs
    once in a pass. A batch may contain the end of one pass and the beginning of the next.

    Args:
        images: of the channel.
        form: what their files become.
        share: the host's.
        chosen: how the images are varied.
        steps: the steps.
        cache: keeps images that do not change: varied ones as they were decoded, others resized.
    """
    paths, numbers = tf.constant(images.paths), tf.constant(images.numbers)

    def vary(drawn: tuple[Any, Any]) -> Any:
        index, position = drawn
        decoded = cache.one(index, form.channels, lambda each: decoding.decode(paths[each], form))
        return augmentation.vary(decoded, position, form.size, chosen)

    def batch(indices: Any, positions: Any) -> tuple[Any, Any]:
        labels = tf.gather(numbers, indices)
        if chosen.kind == "none":
            made = cache.batch(indices, form.shape, lambda each: decoding.load(paths[each], form))
        else:
            made = map_images(vary, (indices, positions))
        made = tf.ensure_shape(made, [share.per_device, *form.shape])
        if not chosen.mixup:
            return made, labels
        return augmentation.mix(made, labels, positions, len(images.labels), chosen)

    drawn = indices(len(images.paths), share, chosen.seed, steps)
    return drawn.map(_as_written(batch), BATCHES_AT_ONCE).prefetch(tf.data.AUTOTUNE)


def indices(images: int, share: Share, seed: int, steps: range) -> tf.data.Dataset:
    """Return the indices of the images in a host's share of these steps, and their positions in the run.

    Each element is a batch of a device: two arrays, int64 [per_device].
    """

    def draw(number: Any) -> tuple[Any, Any]:
        place = number * share.per_device + tf.range(share.per_device, dtype=tf.int64)
        positions = place // share.count * share.batch + share.first + place % share.count
        return _shuffled(positions, images, seed), positions

    devices = share.count // share.per_device
    return tf.data.Dataset.range(steps.start * devices, steps.stop * devices).map(_as_written(draw))


def _shuffled(positions: Any, images: int, seed: int) -> Any:
    """The indices of the images at ascending positions of the run."""

    def add(number: Any, made: Any) -> tuple[Any, Any]:
        shuffled_by = tf.stack([tf.constant(seed, tf.int64), number])
        order = tf.random.experimental.index_shuffle(positions % images, seed=shuffled_by, max_index=images - 1)
        return number + 1, tf.where(positions // images == number, order, made)

    # All positions of a batch are in one pass, or in two: index_shuffle takes one seed at a time.
    passes = positions[0] // images, positions[-1] // images
    start = passes[0], tf.zeros_like(positions)
    return tf.while_loop(lambda number, _: number <= passes[1], add, start)[1]


def ordered_batches(images: Images, form: Form, batch: int, cache: Cache = NOTHING_KEPT) -> tf.data.Dataset:
    """Return every image once, resized, in the order of ``images``; the last batch may be smaller.

    Args:
        images: of the channel.
        form: what their files become.
        batch: the number of images in a batch.
        cache: keeps the resized images.
    """
    # With their types: the lists may be empty.
    paths, numbers = tf.constant(list(images.paths), tf.string), tf.constant(list(images.numbers), tf.int32)

    def take(indices: Any) -> tuple[Any, Any]:
        made = cache.batch(indices, form.shape, lambda each: decoding.load(paths[each], form))
        return made, tf.gather(numbers, indices)

    indices = tf.data.Dataset.range(len(images.paths)).batch(batch)
    return indices.map(_as_written(take), BATCHES_AT_ONCE).prefetch(tf.data.AUTOTUNE)
