"""The compiled part of training: many optimizer steps, or many batches of validation, in one call of TensorFlow.

The code is the same for one device, several devices and several hosts: ``strategy.run`` does a step on each device with
its part of the batch, and the optimizer adds up their gradients.
"""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from trainyard.hosts.cluster import Team
from trainyard.loop.gradients import gradients, sum_of
from trainyard.run import Run


def compiled_training(
    run: Run, batch_size: int, team: Team, accumulate: int = 1
) -> Callable[[Any, Any], tuple[Any, Any]]:
    """Make the function that does optimizer steps of the run's current stage.

    Args:
        run: changed by the function, except for its step number.
        batch_size: examples in a step, on all devices together.
        team: all devices.
        accumulate: how many batches of the iterator make a step.

    Returns:
        A function of an iterator of batches (inputs, targets) and of the number of steps. It returns the number of
        steps done, and whether all were finite. If a step was not, the state is the one before that step.
    """
    optimizer, strategy, trained = run.optimizer, team.strategy, run.model.trainable_variables
    changed_by_forward, draw = _changed_by_forward(run), gradients(run, team, accumulate)

    def apply(made: Any) -> None:
        optimizer.apply(made, trained)

    def steps(iterator: Any, count: Any) -> tuple[Any, Any]:
        def step(done: Any, _: Any) -> tuple[Any, Any]:
            before = [tf.identity(variable.value) for variable in changed_by_forward]
            results, made = draw(iterator)
            loss, *measured, not_finite = tf.unstack(results)

            def advance() -> Any:
                strategy.run(apply, args=(made,))
                _update_average(run, strategy)
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


def _changed_by_forward(run: Run) -> list[Any]:
    """The variables that a forward pass changes: batch normalization's averages, the dropout's random state."""
    frozen = {id(weight) for layer in run.stage.frozen for weight in layer.weights}
    return [variable for variable in run.model.non_trainable_variables if id(variable) not in frozen]


def _update_average(run: Run, strategy: Any) -> None:
    """Move the average of the weights, if there is one, towards the weights. Call it after a step.

    In the first steps the average forgets faster, or it would still hold the initial weights after a short run:
    https://www.tensorflow.org/api_docs/python/tf/train/ExponentialMovingAverage
    """
    if run.average is None:
        return
    step = tf.cast(run.stage.first + run.optimizer.iterations.value, tf.float32)
    kept = tf.minimum(run.average.decay, (1 + step) / (10 + step))

    def move(mean: Any, weight: Any, share: Any) -> None:
        mean.assign_sub((mean - weight) * tf.cast(share, mean.dtype))

    for mean, weight in zip(run.average.model.weights, run.model.weights, strict=True):
        strategy.extended.update(mean.value, move, args=(weight.value, 1 - kept), group=False)


def compiled_validation(run: Run, team: Team) -> Callable[[Any, Any, Any], Any]:
    """Make the function that scores batches.

    Returns:
        A function of an iterator of batches, of the number of batches, and of the sums so far: loss, metrics, number
        of examples. It returns the new sums.
    """
    model, strategy = run.evaluated, team.strategy
    loss = run.validation_loss or run.loss

    def score(inputs: Any, targets: Any) -> Any:
        outputs = model(inputs, training=False)
        losses = loss(targets, outputs)
        measured = [sum_of(metric(targets, outputs)) for metric in run.metrics.values()]
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


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function whose loops and branches are TensorFlow's own.

    AutoGraph would translate Python's: it works at each start, and leaves files in /tmp if the process is killed.
    """
    compiled: Callable[..., Any] = tf.function(function, autograph=False)
    return compiled
