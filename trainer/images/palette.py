"""The colours of a BMP with a palette: TensorFlow's decoder gives the numbers of the colours instead.

Where they are: https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage, and for each format
https://learn.microsoft.com/en-us/windows/win32/api/wingdi/ns-wingdi-bitmapinfoheader. TensorFlow reads palettes of 8
bits only: https://github.com/tensorflow/tensorflow/blob/v2.21.0/tensorflow/core/kernels/image/decode_image_op.cc.
"""

from typing import Any

import tensorflow as tf

BMP, BITS_PLACE, BITS = 0x424D, 28, 0x0800  # of 16 bits, read as big-endian
PIXELS_PLACE, HEADER_PLACE = 10, 14
ENTRY = 4
"""Bytes of a colour: blue, green, red and an unused one."""


def is_written(words: Any) -> Any:
    """Whether a file is a BMP with a palette: a bool scalar.

    Args:
        words: the first numbers of 16 bits of the file, read as big-endian, uint16 [at least 15].
    """
    return (words[0] == BMP) & (words[BITS_PLACE // 2] == BITS)


def apply(numbers: Any, contents: Any) -> Any:
    """Return the colours, uint8 [height, width, 3].

    Args:
        numbers: of the colours, as TensorFlow decodes them: uint8 [height, width, 3], three times the same.
        contents: the bytes of the file, a string scalar.

    Raises:
        tf.errors.InvalidArgumentError: the header is damaged.
    """
    # Within the file: the text of TensorFlow's error would contain the bytes of the file, which Python cannot read.
    length = tf.strings.length(contents)
    start = tf.clip_by_value(_number(contents, HEADER_PLACE), 0, length - HEADER_PLACE) + HEADER_PLACE
    size = (tf.clip_by_value(_number(contents, PIXELS_PLACE), start, length) - start) // ENTRY * ENTRY
    table = tf.io.decode_raw(tf.strings.substr(contents, start, size), tf.uint8)
    colours = tf.reshape(table, [-1, ENTRY])[:, 2::-1]
    last = tf.shape(colours)[0] - 1
    return tf.gather(colours, tf.minimum(tf.cast(numbers[..., 0], tf.int32), last))


def _number(contents: Any, place: int) -> Any:
    """The little-endian number of four bytes at a place, int32."""
    return tf.io.decode_raw(tf.strings.substr(contents, place, 4), tf.int32)[0]
