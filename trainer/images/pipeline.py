"""Images from a folder per label, as tf.data.

The order of the training images is a pure function of (seed, position): position p of a run of any length is
image ``index_shuffle(p % n)`` of pass ``p // n``. Nothing of the order has to be stored, starting in its middle
costs nothing, and several hosts take their parts of each batch without a word to each other.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from trainer.images.folders import Images


@dataclass(frozen=True)
class Share:
    """One host's share of every batch: consecutive images of it, of which each of its devices takes a part in turn.

    So the devices, numbered through all hosts, hold the batch in the order of their numbers.

    Args:
        batch: images in a batch, of all the hosts that choose from the same images.
        first: the position in the batch of the first one that is this host's.
        count: how many are.
        at_once: how many of them one of its devices takes; they come as batches of this size.
    """

    batch: int
    first: int
    count: int
    at_once: int


def training_batches(
    images: Images, size: int, channels: int, share: Share, seed: int, steps: range
) -> tf.data.Dataset:
    """A share of the batches of the given steps of a run: float32 images of 0 to 255, and label numbers.

    Every batch is full; each image comes once in a pass, and a batch may hold the end of one pass and the
    beginning of the next.
    """
    paths, numbers = tf.constant(images.paths), tf.constant(images.numbers)

    def at(index: Any) -> tuple[Any, Any]:
        return _load(paths[index], size, channels), numbers[index]

    drawn = indices(len(images.paths), share, seed, steps)
    loaded = drawn.map(at, num_parallel_calls=tf.data.AUTOTUNE)
    return loaded.batch(share.at_once, drop_remainder=True).prefetch(tf.data.AUTOTUNE)


def indices(images: int, share: Share, seed: int, steps: range) -> tf.data.Dataset:
    """Which of so many images a share of these steps is made of, one number after the other."""

    def at(place: Any) -> Any:
        position = place // share.count * share.batch + share.first + place % share.count
        shuffled_by = tf.stack([tf.constant(seed, tf.int64), position // images])
        return tf.random.experimental.index_shuffle(position % images, seed=shuffled_by, max_index=images - 1)

    return tf.data.Dataset.range(steps.start * share.count, steps.stop * share.count).map(at)


def ordered_batches(images: Images, size: int, channels: int, batch: int) -> tf.data.Dataset:
    """Every image once, in the order of ``images``; the last batch may be smaller."""
    listed = (tf.constant(list(images.paths), tf.string), tf.constant(list(images.numbers), tf.int32))  # maybe none
    pairs = tf.data.Dataset.from_tensor_slices(listed)
    loaded = pairs.map(lambda path, number: (_load(path, size, channels), number), num_parallel_calls=tf.data.AUTOTUNE)
    return loaded.batch(batch).prefetch(tf.data.AUTOTUNE)


def decode(path: Any, channels: int) -> Any:
    """One file as uint8 [height, width, channels], whatever its own colours are."""
    return tf.io.decode_image(tf.io.read_file(path), channels=channels, expand_animations=False)


def undecodable(images: Images, channels: int) -> list[str]:
    """The files that cannot be decoded: TensorFlow's own error in a pipeline names none."""

    def fails(path: str) -> bool:
        try:
            decode(path, channels)
        except tf.errors.OpError:
            return True
        return False

    with ThreadPoolExecutor() as pool:  # decoding does not hold Python's lock
        return [path for path, failed in zip(images.paths, pool.map(fails, images.paths), strict=True) if failed]


def _load(path: Any, size: int, channels: int) -> Any:
    image = tf.image.resize(decode(path, channels), [size, size])
    image.set_shape([size, size, channels])
    return image
