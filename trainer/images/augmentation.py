"""Varies the training images. What happens to an image is a pure function of the seed and its position in the run.

So any step can be made again, and the images are the same for any number of devices and hosts.

| variation | light | standard |
|---|---|---|
| flip: left to right | half of the images, if `flip` | the same |
| scale | a crop of 70% to 100% of the area | each thing gets 70% to 143% of its area |
| stretch | | up to 1.25-fold |
| shift | the place of the crop | up to a tenth of the height and of the width |
| rotation about the centre | | -15 to 15 degrees |
| colour: brightness, contrast and, in RGB, saturation | | 0.8 to 1.2 times each |
| erasing: a square gets the image's mean | | a tenth of the images, 2% to 20% of the area |

What `standard` shows beyond the edge of an image is its reflection.

The strengths are those of practice with few images and epochs, not of ImageNet's long trainings. fastai turns by 10
degrees and changes the light by 0.2, and interpolates once for all that moves pixels
(https://docs.fast.ai/vision.augment.html#aug_transforms). torchvision erases in a tenth of the images
(https://github.com/pytorch/vision/tree/main/references/classification). A crop alone makes things larger than they are
in validation images, which costs accuracy (https://arxiv.org/abs/1906.06423). So `standard` makes them larger and
smaller, as Keras's RandomZoom can
(https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_zoom/).
"""

import math
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from trainer.contract.hyperparameters import Hyperparameters

AREA = 0.7
"""The smallest part of an image that fills the result."""
STRETCH, SHIFT, DEGREES = 1.25, 0.1, 15.0
"""Of `standard`: the largest ratio of height to width and of width to height, a share of the side, and an angle."""
COLOUR, ERASED_IMAGES, ERASED_AREA = 0.2, 0.1, (0.02, 0.2)
GREY = (0.299, 0.587, 0.114)  # https://www.itu.int/rec/R-REC-BT.601
_MIXUP = 0x6D69787570  # keeps the draws of mixup apart from those of the images


@dataclass(frozen=True)
class Augmentation:
    """How training images are varied.

    Args:
        kind: none, light or standard.
        flip: whether images are mirrored left to right.
        mixup: alpha of the distribution of mixed shares; 0 for none.
        seed: of all draws.
    """

    kind: str
    flip: bool
    mixup: float
    seed: int

    @classmethod
    def of(cls, settings: Hyperparameters) -> "Augmentation":
        """Return the augmentation of a job."""
        return cls(settings.augmentation, settings.flip, settings.mixup, settings.seed)


def largest_zoom(kind: str) -> float:
    """Return the largest factor by which a side of an image is enlarged. Pure."""
    return {"none": 1.0, "light": math.sqrt(1 / AREA), "standard": math.sqrt(STRETCH / AREA)}[kind]


def vary(image: Any, position: Any, size: int, chosen: Augmentation) -> Any:
    """Vary a decoded image.

    Args:
        image: uint8 [height, width, channels].
        position: the image's position in the run, int64.
        size: height and width of the result.
        chosen: how.

    Returns:
        float32 [size, size, channels], from 0 to 255.
    """
    draws = iter(
        tf.unstack(tf.random.stateless_uniform([13], tf.stack([tf.constant(chosen.seed, tf.int64), position])))
    )
    place, mirrored = [next(draws) for _ in range(4)], next(draws)
    if chosen.kind == "standard":
        made = _move(image, size, place, next(draws))
    else:
        made = tf.image.resize(_crop(image, place), [size, size])
    made = tf.ensure_shape(made, [size, size, image.shape[-1]])
    if chosen.flip:
        made = tf.where(mirrored < 0.5, tf.reverse(made, [1]), made)
    if chosen.kind == "standard":
        made = _recolour(made, [_between(1 - COLOUR, 1 + COLOUR, next(draws)) for _ in range(3)])
        made = _erase(made, [next(draws) for _ in range(4)])
    return made


def mix(images: Any, numbers: Any, positions: Any, labels: int, chosen: Augmentation) -> tuple[Any, Any]:
    """Blend each image of a batch with its partner: positions 2k and 2k + 1 are partners.

    The share of an image's own label is at least a half. It is drawn from a beta distribution
    (https://arxiv.org/abs/1710.09412).

    Args:
        images: float32 [images, height, width, channels], an even number of them.
        numbers: label numbers [images].
        positions: of the images in the run, int64 [images]; the first one is even.
        labels: the number of labels.
        chosen: how.

    Returns:
        The images, and the share of each label, float32 [images, labels].
    """

    def share(position: Any) -> Any:
        seed = tf.stack([tf.constant(chosen.seed ^ _MIXUP, tf.int64), position])
        one, other = tf.unstack(tf.random.stateless_gamma([2], seed, chosen.mixup))
        drawn = tf.math.divide_no_nan(one, one + other)
        return tf.maximum(drawn, 1 - drawn)

    shares = tf.map_fn(share, positions, fn_output_signature=tf.float32)
    truth = tf.one_hot(numbers, labels)

    def blend(values: Any) -> Any:
        pairs = tf.reshape(values, [-1, 2, *values.shape[1:]])
        partners = tf.reshape(tf.reverse(pairs, [1]), tf.shape(values))
        own = tf.reshape(shares, [-1] + [1] * (len(values.shape) - 1))
        return own * values + (1 - own) * partners

    return blend(images), blend(truth)


def _between(low: float, high: float, draw: Any) -> Any:
    return low + (high - low) * draw


def _crop(image: Any, draws: list[Any]) -> Any:
    area, _, top, left = draws  # the second one is of a stretch, which only `standard` has
    side = tf.sqrt(_between(AREA, 1, area))
    height, width = _part(tf.shape(image)[0], side), _part(tf.shape(image)[1], side)
    y, x = _place(tf.shape(image)[0], height, top), _place(tf.shape(image)[1], width, left)
    return image[y : y + height, x : x + width]


def _part(length: Any, share: Any) -> Any:
    """A share of a length in whole pixels, at least one and at most all."""
    return tf.clip_by_value(tf.cast(tf.round(tf.cast(length, tf.float32) * share), tf.int32), 1, length)


def _place(length: Any, part: Any, draw: Any) -> Any:
    """Where a part of a length begins: each place is equally likely."""
    free = length - part
    return tf.minimum(tf.cast(draw * tf.cast(free + 1, tf.float32), tf.int32), free)


def _move(image: Any, size: int, draws: list[Any], turn: Any) -> Any:
    """Scale, stretch, shift, turn and resize an image by one bilinear interpolation: more would blur it.

    Each value is rounded down to a whole number.
    """
    side, ratio = _power(1 / AREA, draws[0]), _power(STRETCH, draws[1])
    shape = tf.cast(tf.shape(image), tf.float32)
    # The pixels of the image for one of the result, and the point of the image that becomes the centre.
    down, across = shape[0] * side * ratio / size, shape[1] * side / ratio / size
    row, column = (shape[axis] * (0.5 + _between(-SHIFT, SHIFT, draws[axis + 2])) - 0.5 for axis in (0, 1))
    angle, middle = _between(-DEGREES, DEGREES, turn) * (math.pi / 180), (size - 1) / 2
    columns, rows = [across * tf.cos(angle), -across * tf.sin(angle)], [down * tf.sin(angle), down * tf.cos(angle)]
    # It maps the column and row of each pixel of the result to those of a point of the image:
    # https://www.tensorflow.org/api_docs/python/tf/raw_ops/ImageProjectiveTransformV3
    matrix = [*columns, column - sum(columns) * middle, *rows, row - sum(rows) * middle, 0.0, 0.0]
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=image[None],
        transforms=tf.stack(matrix)[None],
        output_shape=[size, size],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    return tf.cast(moved[0], tf.float32)


def _power(largest: float, draw: Any) -> Any:
    """A factor for a side. Its square is at most `largest`, and at least the inverse."""
    return tf.exp(_between(-1, 1, draw) * math.log(largest) / 2)


def _recolour(image: Any, factors: list[Any]) -> Any:
    brightness, contrast, saturation = factors
    mean = tf.reduce_mean(image)
    image = ((image - mean) * contrast + mean) * brightness
    if image.shape[-1] == 3:
        grey = tf.tensordot(image, tf.constant(GREY), 1)[..., None]
        image = grey + (image - grey) * saturation
    return tf.clip_by_value(image, 0.0, 255.0)


def _erase(image: Any, draws: list[Any]) -> Any:
    chance, area, top, left = draws
    size = image.shape[0]
    side = _part(tf.constant(size), tf.sqrt(_between(*ERASED_AREA, area)))
    y, x = _place(tf.constant(size), side, top), _place(tf.constant(size), side, left)
    numbers = tf.range(size)
    inside = ((numbers >= y) & (numbers < y + side))[:, None] & ((numbers >= x) & (numbers < x + side))[None]
    return tf.where((inside & (chance < ERASED_IMAGES))[..., None], tf.reduce_mean(image), image)
