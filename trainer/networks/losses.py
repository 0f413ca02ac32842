"""The losses: what is minimized, and what is measured on the validation images."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from trainer.contract.hyperparameters import Hyperparameters
from trainyard.run import Score

cross_entropy: Score = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
"""The loss of each image from label numbers [images] and logits [images, labels]."""


def for_training(settings: Hyperparameters, counts: Sequence[int]) -> Score:
    """Return the loss that is minimized.

    Its targets are label numbers [images], or the share of each label [images, labels].

    Args:
        settings: class_weights, label_smoothing and mixup are used.
        counts: the number of training images of each label.
    """
    if settings.class_weights == "none" and not settings.label_smoothing and not settings.mixup:
        return cross_entropy
    weights = tf.constant(balanced(counts) if settings.class_weights == "balanced" else [1.0] * len(counts))

    def loss(targets: Any, logits: Any) -> Any:
        shares = tf.one_hot(targets, len(counts)) if len(targets.shape) == 1 else targets
        weight = tf.linalg.matvec(shares, weights)
        spread = settings.label_smoothing
        smoothed = shares * (1 - spread) + spread / len(counts)
        return weight * tf.nn.softmax_cross_entropy_with_logits(smoothed, logits)

    return loss


def right(targets: Any, logits: Any) -> Any:
    """1 for each image whose highest logit is that of its label, 0 for the others: float64 [images].

    The targets are label numbers, or the share of each label: the highest share counts.
    """
    numbers = targets if len(targets.shape) == 1 else tf.argmax(targets, 1, tf.int32)
    return tf.cast(tf.argmax(logits, 1, tf.int32) == numbers, tf.float64)


def balanced(counts: Sequence[int]) -> list[float]:
    """Return a weight for each label: all labels have the same sum over the images, and the mean over them is 1.

    Args:
        counts: the number of images of each label; 0 gives the weight 0.
    """
    present = [count for count in counts if count]
    return [sum(counts) / (len(present) * count) if count else 0.0 for count in counts]
