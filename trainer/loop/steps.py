"""The compiled part of training: many optimizer steps, or many batches of validation, in one call of TensorFlow.

The code is the same for one device, several devices and several hosts: ``strategy.run`` does a step on each device with
its part of the batch, and the optimizer adds up their gradients.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from trainer.hosts.cluster import Team
from trainer.run import Run


def compiled_training(run: Run, batch_size: int, team: Team) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Make the function that does optimizer steps.

    Args:
        run: changed by the function, except for its step number.
        batch_size: images in a step, on all devices together.
        team: all devices.

    Returns:
        A function of an iterator of batches and of the number of steps. It returns the number of steps done, and
        whether all were finite. If a step was not, the state is the one before that step.
    """
    model, optimizer, strategy = run.model, run.optimizer, team.strategy
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # With a scaled loss, gradients often overflow: the optimizer itself skips such a step.
    scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    # The forward pass changes these: batch normalization's averages, the dropout's random state.
    changed_by_forward = model.non_trainable_variables

    def forward_and_backward(images: Any, numbers: Any) -> Any:
        """One device's part: loss, right answers and whether any number is NaN or infinite; then the gradients."""
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = loss_of(numbers, logits)  # Keras divides it by the number of devices: the sum is the mean
            scaled_loss = optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled_loss, model.trainable_variables)
        watched = [loss] if scaled else [loss, *gradients]
        # A sum is finite if all its terms are: one pass over each array, and no array of truth values.
        finite = tf.reduce_all(tf.math.is_finite([tf.reduce_sum(each) for each in watched]))
        right = tf.reduce_sum(tf.cast(tf.argmax(logits, 1, tf.int32) == numbers, tf.float64))
        return tf.stack([tf.cast(loss, tf.float64), right, tf.cast(~finite, tf.float64)]), gradients

    def apply(gradients: Any) -> None:
        optimizer.apply(gradients, model.trainable_variables)

    def steps(iterator: Any, count: Any) -> tuple[Any, Any]:
        done, finite = tf.constant(0), tf.constant(True)
        for _ in tf.range(count):
            before = [tf.identity(variable.value) for variable in changed_by_forward]
            results, gradients = strategy.run(forward_and_backward, args=next(iterator))
            loss, right, not_finite = tf.unstack(strategy.reduce("SUM", results, axis=None))
            if not_finite > 0:
                for variable, value in zip(changed_by_forward, before, strict=True):
                    variable.value.assign(value)
                finite = tf.constant(False)
                break
            strategy.run(apply, args=(gradients,))
            run.totals.assign_add(tf.stack([loss * batch_size, right, batch_size]))
            done += 1
        return done, finite

    return tf.function(steps)  # type: ignore[no-any-return]  # TensorFlow publishes no types


def compiled_validation(model: Any, team: Team) -> Callable[[Any, Any, Any], Any]:
    """Make the function that scores batches.

    Returns:
        A function of an iterator of batches, of the number of batches, and of the sums so far, float64 [3]: loss, right
        answers, images. It returns the new sums.
    """
    strategy = team.strategy
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")

    def score(images: Any, numbers: Any) -> Any:
        # Only other devices have images left in this batch; TensorFlow's convolutions fail on an empty one.
        if team.replicas > 1 and tf.size(numbers) == 0:
            return tf.zeros(3, tf.float64)
        logits = model(images, training=False)
        right = tf.reduce_sum(tf.cast(tf.argmax(logits, 1, tf.int32) == numbers, tf.float64))
        loss = tf.cast(loss_of(numbers, logits), tf.float64)
        return tf.stack([loss, right, tf.cast(tf.size(numbers), tf.float64)])

    def scores(iterator: Any, count: Any, sums: Any) -> Any:
        for _ in tf.range(count):
            sums += strategy.reduce("SUM", strategy.run(score, args=next(iterator)), axis=None)
        return sums

    return tf.function(scores)  # type: ignore[no-any-return]  # TensorFlow publishes no types
