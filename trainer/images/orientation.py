"""The orientation that a camera wrote into a JPEG file, read inside a tf.data pipeline, and the turn that undoes it.

TensorFlow's decoder ignores it (https://github.com/tensorflow/tensorflow/issues/31939), so a photo that was taken
upright would lie on its side. Where it is: Exif 3.0, https://www.cipa.jp/std/documents/download_e.html?CIPA_DC-008-2024-E
(4.5.4, 4.6.5.1 and 4.7.2).
"""

from typing import Any

import tensorflow as tf

MOST_BYTES = 1 << 17
"""The segment Exif is among the first ones, and no segment is over 64 KiB."""
JPEG, EXIF_SEGMENT, FIRST_SEGMENT, LAST_SEGMENT = 0xFFD8, 0xFFE1, 0xFFE0, 0xFFEF
JFIF_LENGTH, JFIF_END = 16, 20  # without a thumbnail; the end counts from the start of the file
EXIF, TIFF = (0x4578, 0x6966, 0), 10  # "Exif" and two zeros; TIFF's header comes after marker, length and these
LITTLE_ENDIAN = 0x4949
ENTRY = 12
ORIENTATION, SHORT = 0x0112, 3
UPRIGHT = 1


def may_be_written(words: Any) -> Any:
    """Whether a file is a JPEG that may name an orientation: a cheap look, because most images name none.

    Args:
        words: the first numbers of 16 bits of the file, read as big-endian, uint16 [at least 11].

    Returns:
        A bool scalar. It is false if behind the segment JFIF, which comes first, there is no other one for
        applications (https://www.w3.org/Graphics/JPEG/jfif3.pdf, page 5); `read` is then 1.
    """
    is_jfif = (words[1] == FIRST_SEGMENT) & (words[2] == JFIF_LENGTH)
    marker = tf.where(is_jfif, words[JFIF_END // 2], words[1])
    return (words[0] == JPEG) & (marker >= FIRST_SEGMENT) & (marker <= LAST_SEGMENT)


def read(contents: Any) -> Any:
    """The orientation of a JPEG file.

    Args:
        contents: the bytes of the file, a string scalar.

    Returns:
        An int32 scalar from 1 to 8; 1, upright, if the file names none or is damaged there.
    """
    head = tf.io.decode_raw(tf.strings.substr(contents, 0, MOST_BYTES), tf.uint8)
    size = tf.size(head)
    head = tf.concat([head, tf.zeros([2 * ENTRY], tf.uint8)], 0)  # a number at the end of the file is 0

    def is_another(place: Any) -> Any:
        marker = _number(head, place)
        is_segment = (marker >= FIRST_SEGMENT) & (marker <= LAST_SEGMENT)
        return is_segment & ~_is_exif(head, place) & (place < size)

    def following(place: Any) -> tuple[Any]:
        return (tf.minimum(place + 2 + tf.maximum(_number(head, place + 2), 2), size),)

    (place,) = tf.while_loop(is_another, following, (tf.constant(2),))
    found = _is_exif(head, place)
    value = tf.cond(found, lambda: _in_tiff(head, place + TIFF, size), lambda: UPRIGHT)
    return tf.where((value >= 1) & (value <= 8), value, UPRIGHT)


def turn(image: Any, orientation: Any) -> Any:
    """Turn and mirror an image [height, width, channels] so that it is upright."""
    # The eight orientations are the eight symmetries of a rectangle: mirrored at the diagonal from 5 on, then upside
    # down and mirrored left to right.
    image = tf.cond(orientation >= 5, lambda: _mirror_at_diagonal(image), lambda: image)
    upside_down = (orientation == 3) | (orientation == 4) | (orientation == 7) | (orientation == 8)
    mirrored = (orientation == 2) | (orientation == 3) | (orientation == 6) | (orientation == 7)
    image = tf.cond(upside_down, lambda: image[::-1], lambda: image)
    return tf.cond(mirrored, lambda: image[:, ::-1], lambda: image)


def _mirror_at_diagonal(image: Any) -> Any:
    # Not tf.transpose: of uint8, oneDNN's prints an error on processors without AVX-512 (seen with TensorFlow 2.21).
    height, width, channels = tf.unstack(tf.shape(image))
    places = tf.range(height)[None] * width + tf.range(width)[:, None]
    return tf.gather(tf.reshape(image, [height * width, channels]), places)


def _is_exif(head: Any, place: Any) -> Any:
    words = [_number(head, place + 4 + 2 * index) == word for index, word in enumerate(EXIF)]
    return (_number(head, place) == EXIF_SEGMENT) & tf.reduce_all(words)


def _in_tiff(head: Any, start: Any, size: Any) -> Any:
    """The orientation in the first IFD of TIFF's header at ``start``."""
    is_little = _number(head, start) == LITTLE_ENDIAN

    def number(place: Any) -> Any:
        value = _number(head, place)
        return tf.where(is_little, value // 256 + value % 256 * 256, value)

    low, high = tf.where(is_little, 4, 6), tf.where(is_little, 6, 4)
    first = start + number(start + low)  # an offset of 64 KiB and more cannot be in this segment
    count = tf.where(number(start + high) == 0, number(first), 0)
    entries = tf.minimum(count, tf.maximum(size - first - 2, 0) // ENTRY)
    places = first + 2 + ENTRY * tf.range(entries)
    values = tf.where((number(places) == ORIENTATION) & (number(places + 2) == SHORT), number(places + 8), 0)
    return tf.reduce_max(tf.concat([values, [0]], 0))


def _number(head: Any, place: Any) -> Any:
    """The big-endian numbers of two bytes at these places, int32; 0 behind the end."""
    place = tf.minimum(place, tf.size(head) - 2)
    return tf.cast(tf.gather(head, place), tf.int32) * 256 + tf.cast(tf.gather(head, place + 1), tf.int32)
