"""The gradients of a step, on each device: from its part of one batch, or of several, one after another.

Keras's optimizers can accumulate gradients too, but not in a tf.function on several devices (seen with 3.15).
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from trainyard.hosts.cluster import Team
from trainyard.run import Run

Draw = Callable[[Any], tuple[Any, Any]]
"""A function of an iterator of batches. It returns the sums of a step over all devices, float64 [metrics + 2]: loss,
metrics, and a number above 0 if any result is NaN or infinite; and the gradients of each device."""


def gradients(run: Run, team: Team, batches: int) -> Draw:
    """Make the function that computes the gradients of a step of the run's current stage.

    Args:
        run: its forward pass changes the network's state; nothing else changes.
        team: all devices. The sum of their gradients is that of the mean loss of the step's examples.
        batches: how many batches of the iterator make a step.
    """
    part, strategy = _backward(run, team.replicas * batches), team.strategy
    if batches == 1:

        def draw(iterator: Any) -> tuple[Any, Any]:
            results, made = strategy.run(part, args=iterator.get_next())
            return strategy.reduce("SUM", results, axis=None), made

        return draw
    return _accumulated(run, part, strategy, batches)


def _accumulated(run: Run, part: Callable[[Any, Any], Any], strategy: Any, batches: int) -> Draw:
    with strategy.scope():  # ON_READ: each device has a sum of its own, and nothing is sent before the last batch
        sums = [
            tf.Variable(
                tf.zeros(variable.shape),
                trainable=False,
                synchronization=tf.VariableSynchronization.ON_READ,
                aggregation=tf.VariableAggregation.SUM,
            )
            for variable in run.model.trainable_variables
        ]

    def clear() -> None:
        for each in sums:
            each.assign(tf.zeros_like(each))

    def add(inputs: Any, targets: Any) -> Any:
        results, made = part(inputs, targets)
        for each, gradient in zip(sums, made, strict=True):
            each.assign_add(gradient)
        return results

    def draw(iterator: Any) -> tuple[Any, Any]:
        def batch(done: Any, totals: Any) -> tuple[Any, Any]:
            results = strategy.run(add, args=iterator.get_next())
            return done + 1, totals + strategy.reduce("SUM", results, axis=None)

        strategy.run(clear)
        start = tf.constant(0), run.no_totals()
        results = tf.while_loop(lambda done, _: done < batches, batch, start)[1]
        return results, strategy.run(lambda: [tf.identity(each) for each in sums])

    return draw


def _backward(run: Run, parts: int) -> Callable[[Any, Any], Any]:
    model, optimizer = run.model, run.optimizer
    # With a scaled loss, gradients often overflow: the optimizer itself skips such a step.
    scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)

    def forward_and_backward(inputs: Any, targets: Any) -> Any:
        """One device's part: loss, metrics and whether any number is NaN or infinite; then the gradients."""
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=True)
            # Divided by the number of parts: their sum is the mean over the whole batch.
            loss = tf.add_n([tf.reduce_mean(run.loss(targets, outputs)), *model.losses]) * (1 / parts)
            scaled_loss = optimizer.scale_loss(loss)
        made = tape.gradient(scaled_loss, model.trainable_variables)
        watched = [loss] if scaled else [loss, *made]
        # A sum is finite if all its terms are: one pass over each array, and no array of truth values.
        finite = tf.reduce_all(tf.math.is_finite([tf.reduce_sum(each) for each in watched]))
        measured = [sum_of(metric(targets, outputs)) for metric in run.metrics.values()]
        return tf.stack([tf.cast(loss, tf.float64), *measured, tf.cast(~finite, tf.float64)]), made

    if run.is_xla:
        compiled: Callable[[Any, Any], Any] = tf.function(forward_and_backward, jit_compile=True, autograph=False)
        return compiled
    return forward_and_backward


def sum_of(values: Any) -> Any:
    """The sum of an array, as float64."""
    return tf.reduce_sum(tf.cast(values, tf.float64))
