"""The compiled part of training: many optimizer steps, or many batches of validation, in one call of TensorFlow.

The code is the same for one device, several devices and several hosts: ``strategy.run`` does a step on each device with
its part of the batch, and the optimizer adds up their gradients.
"""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from trainyard.hosts.cluster import Team
from trainyard.run import Run


def compiled_training(run: Run, batch_size: int, team: Team) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Make the function that does optimizer steps.

    Args:
        run: changed by the function, except for its step number.
        batch_size: examples in a step, on all devices together.
        team: all devices.

    Returns:
        A function of an iterator of batches (inputs, targets) and of the number of steps. It returns the number of
        steps done, and whether all were finite. If a step was not, the state is the one before that step.
    """
    model, optimizer, strategy = run.model, run.optimizer, team.strategy
    # With a scaled loss, gradients often overflow: the optimizer itself skips such a step.
    scaled = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    # The forward pass changes these: batch normalization's averages, the dropout's random state.
    changed_by_forward = model.non_trainable_variables

    def forward_and_backward(inputs: Any, targets: Any) -> Any:
        """One device's part: loss, metrics and whether any number is NaN or infinite; then the gradients."""
        with tf.GradientTape() as tape:
            outputs = model(inputs, training=True)
            # Divided by the number of devices: their sum is the mean over the whole batch.
            loss = tf.add_n([tf.reduce_mean(run.loss(targets, outputs)), *model.losses]) * (1 / team.replicas)
            scaled_loss = optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled_loss, model.trainable_variables)
        watched = [loss] if scaled else [loss, *gradients]
        # A sum is finite if all its terms are: one pass over each array, and no array of truth values.
        finite = tf.reduce_all(tf.math.is_finite([tf.reduce_sum(each) for each in watched]))
        measured = [_sum(metric(targets, outputs)) for metric in run.metrics.values()]
        return tf.stack([tf.cast(loss, tf.float64), *measured, tf.cast(~finite, tf.float64)]), gradients

    def apply(gradients: Any) -> None:
        optimizer.apply(gradients, model.trainable_variables)

    def steps(iterator: Any, count: Any) -> tuple[Any, Any]:
        def step(done: Any, _: Any) -> tuple[Any, Any]:
            before = [tf.identity(variable.value) for variable in changed_by_forward]
            results, gradients = strategy.run(forward_and_backward, args=iterator.get_next())
            loss, *measured, not_finite = tf.unstack(strategy.reduce("SUM", results, axis=None))

            def advance() -> Any:
                strategy.run(apply, args=(gradients,))
                run.totals.assign_add(tf.stack([loss * batch_size, *measured, batch_size]))
                return done + 1, True

            def undo() -> Any:
                for variable, value in zip(changed_by_forward, before, strict=True):
                    variable.value.assign(value)
                return done, False

            outcome: tuple[Any, Any] = tf.cond(not_finite > 0, undo, advance)
            return outcome

        start = tf.constant(0), tf.constant(True)
        ended: tuple[Any, Any] = tf.while_loop(lambda done, finite: finite & (done < count), step, start)
        return ended

    return _compiled(steps)


def compiled_validation(run: Run, team: Team) -> Callable[[Any, Any, Any], Any]:
    """Make the function that scores batches.

    Returns:
        A function of an iterator of batches, of the number of batches, and of the sums so far: loss, metrics, number
        of examples. It returns the new sums.
    """
    model, strategy = run.model, team.strategy

    def score(inputs: Any, targets: Any) -> Any:
        outputs = model(inputs, training=False)
        losses = run.loss(targets, outputs)
        measured = [_sum(metric(targets, outputs)) for metric in run.metrics.values()]
        return tf.stack([tf.cast(tf.reduce_sum(losses), tf.float64), *measured, tf.cast(tf.size(losses), tf.float64)])

    def score_if_any(inputs: Any, targets: Any) -> Any:
        # Only other devices have examples left in this batch; TensorFlow's convolutions fail on an empty one.
        empty = tf.shape(tf.nest.flatten(targets)[0])[0] == 0
        return tf.cond(empty, run.no_totals, lambda: score(inputs, targets))

    part = score if team.replicas == 1 else score_if_any

    def scores(iterator: Any, count: Any, sums: Any) -> Any:
        def batch(done: Any, sums: Any) -> tuple[Any, Any]:
            return done + 1, sums + strategy.reduce("SUM", strategy.run(part, args=iterator.get_next()), axis=None)

        return tf.while_loop(lambda done, _: done < count, batch, (tf.constant(0), sums))[1]

    return _compiled(scores)


def _sum(values: Any) -> Any:
    return tf.reduce_sum(tf.cast(values, tf.float64))


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function whose loops and branches are TensorFlow's own.

    AutoGraph would translate Python's: it works at each start, and leaves files in /tmp if the process is killed.
    """
    compiled: Callable[..., Any] = tf.function(function, autograph=False)
    return compiled
