"""Decoded images in memory, for use inside tf.data: as many as fit, from the first time that each is needed.

The elements of a dataset do not depend on the cache, which only saves decoding. So its functions count as stateless.
Stateful ones, such as those of tf.lookup, would make every map of the dataset sequential in deterministic mode:
https://www.tensorflow.org/api_docs/python/tf/config/experimental/enable_op_determinism
"""

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from trainer.images.memory import Budget

Array = npt.NDArray[Any]
Load = Callable[[Any], Any]
"""A function of an image's number, an int64 scalar. It reads and decodes the image."""


class Cache:
    """The decoded images of a channel.

    Args:
        budget: an image is kept if there is room for it. Several caches may share one.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._kept: dict[int, Array] = {}

    def __len__(self) -> int:
        """The number of images that are kept."""
        return len(self._kept)

    def batch(self, numbers: Any, shape: tuple[int, int, int], load: Load) -> Any:
        """Return images of equal shape.

        Args:
            numbers: of the images, int64 [images].
            shape: height, width, channels.
            load: gives float32 of this shape.

        Returns:
            float32 [images, height, width, channels].
        """
        if not self._budget.size:
            images = map_images(load, numbers)
        else:
            types = (tf.float32, tf.int64)
            found, missing = _call(lambda wanted: self._find_all(wanted, shape), [numbers], types)
            missing.set_shape([None])

            def load_missing() -> Any:
                loaded = map_images(load, tf.gather(numbers, missing))
                return _call(self._complete, [numbers, found, missing, loaded], tf.float32)

            images = tf.cond(tf.size(missing) > 0, load_missing, lambda: found)
        return tf.ensure_shape(images, [None, *shape])

    def one(self, number: Any, channels: int, load: Load) -> Any:
        """Return an image of any size.

        Args:
            number: of the image, an int64 scalar.
            channels: of the image.
            load: gives uint8 [height, width, channels].

        Returns:
            uint8 [height, width, channels].
        """
        if not self._budget.size:
            return load(number)
        is_kept, found = _call(self._find, [number], (tf.bool, tf.uint8))

        def load_it() -> Any:
            return _call(self._keep, [number, load(number)], tf.uint8)

        image = tf.cond(tf.reshape(is_kept, []), lambda: found, load_it)
        image.set_shape([None, None, channels])
        return image

    def _find_all(self, numbers: Array, shape: tuple[int, int, int]) -> tuple[Array, Array]:
        """A batch with the images that are kept, and the places in it of the missing ones."""
        images = [self._kept.get(number) for number in numbers.tolist()]
        missing = np.array([place for place, image in enumerate(images) if image is None], np.int64)
        if len(missing) == 0 and images:
            return np.stack(images), missing  # type: ignore[arg-type]
        batch = np.zeros((len(images), *shape), np.float32)
        for place, image in enumerate(images):
            if image is not None:
                batch[place] = image
        return batch, missing

    def _complete(self, numbers: Array, found: Array, missing: Array, loaded: Array) -> Array:
        """Fill in the missing images of a batch, and keep them."""
        batch: Array = found.copy()
        batch[missing] = loaded
        for number, image in zip(numbers[missing].tolist(), loaded, strict=True):
            self._keep(number, image)
        return batch

    def _find(self, number: Array) -> tuple[bool, Array]:
        image = self._kept.get(int(number))
        return (False, np.zeros((1, 1, 1), np.uint8)) if image is None else (True, image)

    def _keep(self, number: Array | int, image: Array) -> Array:
        """Keep a copy of an image, if there is room; return the image."""
        if int(number) not in self._kept and self._budget.take(image.nbytes):
            self._kept[int(number)] = image.copy()  # TensorFlow uses the memory of this one again
        return image


NOTHING_KEPT = Cache(Budget(0))
"""For images that are needed once."""


def map_images(function: Callable[[Any], Any], elements: Any) -> Any:
    """Apply a function to each image of a batch, on all cores.

    Args:
        function: of one element; it gives float32.
        elements: an array, or a tuple of arrays; the first axis is images.
    """
    as_written = tf.autograph.experimental.do_not_convert(function)
    return tf.map_fn(as_written, elements, parallel_iterations=os.cpu_count() or 1, fn_output_signature=tf.float32)


def _call(function: Callable[..., Any], inputs: list[Any], types: Any) -> Any:
    return tf.numpy_function(function, inputs, types, stateful=False)
