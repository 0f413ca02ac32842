"""Varies the training images. What happens to an image is a pure function of the seed and its position in the run.

So any step can be made again, and the images are the same for any number of devices and hosts.

| variation | light | standard |
|---|---|---|
| flip: left to right | half of the images, if `flip` | the same |
| crop and scale: a part, resized | 70% to 100% of its area | the same, stretched up to 1.25-fold |
| rotation about the centre; corners are filled by reflection | | -15 to 15 degrees |
| colour: brightness, contrast and, in RGB, saturation | | 0.8 to 1.2 times each |
| erasing: a square gets the image's mean | | a tenth of the images, 2% to 20% of the area |

The strengths are those of practice with few images and epochs, not of ImageNet's long trainings. fastai enlarges up to
1.1-fold, turns by 10 degrees and changes the light by 0.2 (https://docs.fast.ai/vision.augment.html#aug_transforms).
torchvision erases in a tenth of the images (https://github.com/pytorch/vision/tree/main/references/classification). A
smaller crop makes things larger than they are in validation images, which costs accuracy
(https://arxiv.org/abs/1906.06423).
"""

import math
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from trainer.contract.hyperparameters import Hyperparameters

AREA = {"light": 0.7, "standard": 0.7}
"""The smallest part of an image that a crop keeps."""
STRETCH = {"light": 1.0, "standard": 1.25}
"""The largest ratio of height to width, and of width to height, that a crop is stretched by."""
DEGREES, COLOUR, ERASED_IMAGES, ERASED_AREA = 15.0, 0.2, 0.1, (0.02, 0.2)
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
    """Return the largest factor by which a crop enlarges a side of an image. Pure."""
    return 1.0 if kind == "none" else math.sqrt(STRETCH[kind] / AREA[kind])


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
    channels = image.shape[-1]
    made = tf.image.resize(_crop(image, chosen.kind, [next(draws) for _ in range(4)]), [size, size])
    made.set_shape([size, size, channels])
    mirrored = next(draws)
    if chosen.flip:
        made = tf.where(mirrored < 0.5, tf.reverse(made, [1]), made)
    if chosen.kind == "standard":
        made = _rotate(made, _between(-DEGREES, DEGREES, next(draws)) * (math.pi / 180))
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


def _crop(image: Any, kind: str, draws: list[Any]) -> Any:
    area, stretch, top, left = draws
    side = tf.sqrt(_between(AREA[kind], 1, area))
    ratio = tf.exp(_between(-1, 1, stretch) * math.log(STRETCH[kind]) / 2)
    height, width = _part(tf.shape(image)[0], side * ratio), _part(tf.shape(image)[1], side / ratio)
    y, x = _place(tf.shape(image)[0], height, top), _place(tf.shape(image)[1], width, left)
    return image[y : y + height, x : x + width]


def _part(length: Any, share: Any) -> Any:
    """A share of a length in whole pixels, at least one and at most all."""
    return tf.clip_by_value(tf.cast(tf.round(tf.cast(length, tf.float32) * share), tf.int32), 1, length)


def _place(length: Any, part: Any, draw: Any) -> Any:
    """Where a part of a length begins: each place is equally likely."""
    free = length - part
    return tf.minimum(tf.cast(draw * tf.cast(free + 1, tf.float32), tf.int32), free)


def _rotate(image: Any, angle: Any) -> Any:
    size = image.shape[0]
    centre, cosine, sine = (size - 1) / 2, tf.cos(angle), tf.sin(angle)
    # Maps each point of the result to one of the image: https://www.tensorflow.org/api_docs/python/tf/raw_ops/ImageProjectiveTransformV3
    x, y = centre - cosine * centre + sine * centre, centre - sine * centre - cosine * centre
    matrix = tf.stack([cosine, -sine, x, sine, cosine, y, 0.0, 0.0])
    rotated = tf.raw_ops.ImageProjectiveTransformV3(
        images=image[None],
        transforms=matrix[None],
        output_shape=[size, size],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    return tf.ensure_shape(rotated[0], image.shape)


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
