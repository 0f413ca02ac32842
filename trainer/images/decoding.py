"""Decodes an image file inside a tf.data pipeline: every format that TensorFlow reads, upright, in grey or RGB.

TensorFlow's decoder decides what is an image: https://www.tensorflow.org/api_docs/python/tf/io/decode_image. It refuses
one channel for WebP, GIF, BMP and CMYK, so their grey is made from RGB.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from trainer.images import orientation, palette

PNG, JPEG = b"\x89PNG", b"\xff\xd8"
CMYK_CHANNELS = 4
HEAD = 30
"""Bytes at the beginning of a file that tell what it needs."""
RATIOS = (2, 4, 8)
"""A JPEG can be decoded at these fractions of its size: https://www.tensorflow.org/api_docs/python/tf/io/decode_jpeg."""
BLACK_WEBP = bytes.fromhex("524946461a000000574542505650384c0e0000002f00000000071011fd0f4444ff03")
"""A WebP file of one pixel."""


@dataclass(frozen=True)
class Form:
    """What an image file becomes.

    Args:
        size: height and width of the resized image.
        channels: 1 for grey, 3 for RGB.
        upright: whether photos are turned as their cameras say.
        smallest_side: a JPEG is decoded at a half, a quarter or an eighth of its size if both sides keep at least so
            many pixels; 0: always in full.
    """

    size: int
    channels: int
    upright: bool = True
    smallest_side: int = 0

    @property
    def shape(self) -> tuple[int, int, int]:
        """The shape of the resized image."""
        return (self.size, self.size, self.channels)


def decode(path: Any, form: Form) -> Any:
    """Decode an image file.

    Args:
        path: the file, a string scalar.
        form: what it becomes; its size is not used.

    Returns:
        uint8 [height, width, channels]; of an animation, the first image.

    Raises:
        tf.errors.OpError: TensorFlow cannot decode it.
    """
    return _compiled(tf.convert_to_tensor(path), form)


def load(path: Any, form: Form) -> Any:
    """Decode an image file and resize the image: float32 [size, size, channels], from 0 to 255."""
    image = tf.image.resize(decode(path, form), form.shape[:2])
    image.set_shape(form.shape)
    return image


def _decode(path: Any, form: Form) -> Any:
    contents = tf.io.read_file(path)
    is_jpeg = tf.strings.substr(contents, 0, 2) == JPEG
    image = _pixels(contents, is_jpeg, form)
    if form.upright:
        stored = image
        image = tf.cond(orientation.may_be_written(_head(contents)), lambda: _turn(stored, contents), lambda: stored)
    image.set_shape([None, None, form.channels])
    return image


# A branch of many operations takes time even where it is not taken, unless it is a function that is not inlined.
@tf.function(autograph=False, experimental_attributes={"_noinline": True})  # type: ignore[untyped-decorator]
def _turn(image: Any, contents: Any) -> Any:
    return orientation.turn(image, orientation.read(contents))


@tf.function(autograph=False, experimental_attributes={"_noinline": True})  # type: ignore[untyped-decorator]
def _colours(image: Any, contents: Any) -> Any:
    return palette.apply(image, contents)


# TensorFlow traces it once, not for each dataset.
_compiled: Callable[..., Any] = tf.function(_decode, autograph=False)


def find_undecodable(paths: Sequence[str]) -> list[str]:
    """Return the files that TensorFlow cannot decode; its error in a pipeline does not name the file."""

    def fails(path: str) -> bool:
        try:
            _rgb(tf.io.read_file(path))
        except tf.errors.OpError:
            return True
        return False

    with ThreadPoolExecutor() as pool:  # threads help: decoding releases Python's lock
        return [path for path, failed in zip(paths, pool.map(fails, paths), strict=True) if failed]


def reads_webp() -> bool:
    """Whether this TensorFlow decodes WebP: it came later than the other formats."""
    try:
        tf.io.decode_image(BLACK_WEBP)
    except tf.errors.OpError:
        return False
    return True


def _pixels(contents: Any, is_jpeg: Any, form: Form) -> Any:
    if not form.smallest_side:
        return _full(contents, is_jpeg, form.channels)
    chosen = tf.cond(is_jpeg, lambda: halvings(tf.io.extract_jpeg_shape(contents), form.smallest_side), lambda: 0)
    branches = [lambda ratio=ratio: _scaled(contents, form.channels, ratio) for ratio in RATIOS]
    return tf.switch_case(chosen, [lambda: _full(contents, is_jpeg, form.channels), *branches])


def halvings(shape: Any, smallest_side: int) -> Any:
    """How often a JPEG's sides may be halved: from 0 to 3 times."""
    side = tf.minimum(shape[0], shape[1])
    return tf.reduce_sum(tf.cast(side >= smallest_side * tf.constant(RATIOS), tf.int32))


def _scaled(contents: Any, channels: int, ratio: int) -> Any:
    def decoded(channels: int) -> Any:
        return tf.io.decode_jpeg(contents, channels, ratio=ratio)

    if channels == 3:
        return decoded(3)
    return tf.cond(_is_cmyk(contents), lambda: tf.image.rgb_to_grayscale(decoded(3)), lambda: decoded(1))


def _full(contents: Any, is_jpeg: Any, channels: int) -> Any:
    return _rgb(contents) if channels == 3 else _grey(contents, is_jpeg)


def _is_cmyk(contents: Any) -> Any:
    return tf.io.extract_jpeg_shape(contents)[2] == CMYK_CHANNELS


def _rgb(contents: Any) -> Any:
    image = tf.io.decode_image(contents, channels=3, expand_animations=False)
    image.set_shape([None, None, 3])
    return tf.cond(palette.is_written(_head(contents)), lambda: _colours(image, contents), lambda: image)


def _head(contents: Any) -> Any:
    return tf.io.decode_raw(contents, tf.uint16, little_endian=False, fixed_length=HEAD)


def _grey(contents: Any, is_jpeg: Any) -> Any:
    is_png = tf.strings.substr(contents, 0, 4) == PNG
    has_grey = tf.cond(is_jpeg, lambda: ~_is_cmyk(contents), lambda: is_png)
    image = tf.cond(
        has_grey,
        lambda: tf.io.decode_image(contents, channels=1, expand_animations=False),
        lambda: tf.image.rgb_to_grayscale(_rgb(contents)),
    )
    image.set_shape([None, None, 1])
    return image
