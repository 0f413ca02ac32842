"""The loop: steps, epochs, validation, checkpoints, stopping. Knows nothing of what the images show.

Keras's ``fit`` is not used: it fails on several hosts with Keras 3, and cannot go on from the middle of an epoch.
One device, several and several hosts go through the same lines: ``strategy.run`` does a step on each device with its
part of the batch, the optimizer adds up their gradients.
"""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from trainer import checkpoint, describe
from trainer.cluster import Team
from trainer.contract import JobError
from trainer.stop import Stop

# Steps run inside one call of a tf.function, which saves about 2 ms each; a stop waits for the call's end.
SECONDS_PER_CALL = 0.5

Epoch = dict[str, float]


@dataclass(frozen=True)
class Plan:
    """What is to be done, in steps; two plans are equal where the runs would be.

    Args:
        epochs: how many.
        steps_per_epoch: optimizer steps in each.
        batch_size: images in a step, on all devices together.
        identity: all that makes the run what it is, as plain data; a checkpoint of another is refused.
    """

    epochs: int
    steps_per_epoch: int
    batch_size: int
    identity: Mapping[str, Any]

    @property
    def steps(self) -> int:
        """Optimizer steps in all."""
        return self.epochs * self.steps_per_epoch


@dataclass
class Run:
    """The state of a run. Everything that a checkpoint holds is here. To be made in the strategy's scope.

    Args:
        model: gives logits.
        optimizer: built, so that all its variables exist.
    """

    model: Any
    optimizer: Any
    step: int = 0
    history: list[Epoch] = field(default_factory=list)
    best_epoch: int | None = None

    def __post_init__(self) -> None:
        # Sums over the epoch so far: loss, right answers, images.
        self.totals = tf.Variable(tf.zeros(3, tf.float64), trainable=False)
        # `variables` and not `weights`: the state of the dropout's random generator is only among the former.
        self.best = [tf.Variable(variable.value, trainable=False) for variable in self.model.variables]

    @property
    def variables(self) -> list[Any]:
        """All of the state that is in variables, in an order that stays."""
        kept = [*self.model.variables, *self.optimizer.variables]
        return [*(variable.value for variable in kept), self.totals, *self.best]

    def end_epoch(self, values: Epoch) -> None:
        """Note the epoch's results; remember the weights where it is the best so far."""
        self.history.append(values)
        self.totals.assign(tf.zeros_like(self.totals))
        if self.best_epoch is None or _merit(values) >= _merit(self.history[self.best_epoch - 1]):
            self.best_epoch = len(self.history)
            for copy, variable in zip(self.best, self.model.variables, strict=True):
                copy.assign(variable.value)

    def take_best(self) -> None:
        """Put the weights of the best epoch into the model; before the first epoch's end, they stay as they are."""
        if self.best_epoch is not None:
            for copy, variable in zip(self.best, self.model.variables, strict=True):
                variable.assign(copy)


def train(
    run: Run, plan: Plan, batches: Callable[[range], Any], validation: Any, checkpoints: Path, stop: Stop, team: Team
) -> None:
    """Train until the plan is done or a stop is asked for; a checkpoint is there at either end.

    Args:
        run: changed in place; goes on from its step.
        plan: how many steps, and where epochs end.
        batches: the training batches of a range of steps, distributed to the devices.
        validation: all validation batches, distributed, or None.
        checkpoints: the folder for them.
        stop: looked at between calls of the compiled steps; asked for on one host, it counts for all.
        team: all devices.

    Raises:
        JobError: the loss is no number any more, or a host was lost.
    """
    train_steps = _compiled_steps(run, plan.batch_size, team)
    evaluate = _compiled_evaluation(run.model, team)
    iterator = iter(batches(range(run.step, plan.steps)))
    started, first = time.monotonic(), run.step
    at_once = 1  # steps in the next call; grows slowly, as the first one also compiles
    while run.step < plan.steps:
        stopped, at_once = _agreed(stop.requested, at_once, team)
        if stopped:
            saved = _save(run, plan, checkpoints, team)
            team.say(f"stopped after step {run.step} of {plan.steps}; checkpoint in {saved}")
            return
        before = time.monotonic()
        epoch_end = (len(run.history) + 1) * plan.steps_per_epoch
        count = min(at_once, epoch_end - run.step)
        train_steps(iterator, tf.constant(count))
        run.step += count
        at_once = max(1, min(2 * at_once, int(SECONDS_PER_CALL * count / (time.monotonic() - before))))
        if run.step == epoch_end:
            speed = (run.step - first) * plan.batch_size / (time.monotonic() - started)
            values = _epoch(run, plan, evaluate(validation) if validation is not None else None)
            values |= {"seconds": time.monotonic() - started, "images_per_second": speed}
            team.say(describe.epoch_line(values))
            run.end_epoch(values)
            _save(run, plan, checkpoints, team)
            started, first = time.monotonic(), run.step


def _agreed(stop: bool, at_once: int, team: Team) -> tuple[bool, int]:
    """Whether any host is to stop, and the chief's number of steps: all must do the same ones."""
    said = team.link.exchange([stop, at_once])
    return any(stop for stop, _ in said), said[0][1]


def resume(run: Run, plan: Plan, checkpoints: Path, team: Team) -> None:
    """Go on from the newest checkpoint of the chief, where there is one.

    Raises:
        JobError: it is of another run (other hyperparameters, labels or images), or a host has not got it.
    """
    found = {about["step"]: (path, about) for path, about in checkpoint.whole(checkpoints)}
    step = _agreed_step(team.link.exchange(sorted(found)), team.link.hosts, checkpoints)
    if step is None:
        return
    path, about = found[step]
    for name, value in plan.identity.items():
        if about["identity"].get(name) != value:
            raise JobError(
                f"{path} is of another run: its {name} is {about['identity'].get(name)}, this one's is {value}. "
                "Go on with the same, or give the job an empty checkpoint folder."
            )
    checkpoint.restore(path, run.variables)
    run.step, run.history, run.best_epoch = about["step"], about["history"], about["best_epoch"]
    team.say(f"goes on from {path}: step {run.step} of {plan.steps}")


def _agreed_step(steps: Sequence[Sequence[int]], hosts: Sequence[str], folder: Path) -> int | None:
    """The chief's newest step, given the steps of every host's checkpoints; None where there are none anywhere.

    Raises:
        JobError: another host has not got it.
    """
    newest = max(steps[0], default=None)
    for host, there in zip(hosts, steps, strict=True):
        if newest not in there and (there or newest is not None):
            raise JobError(
                f"The hosts cannot go on from the same step: in {folder}, {hosts[0]} has checkpoints of the steps "
                f"{list(steps[0])}, {host} of {list(there)}.",
                "Give all hosts the checkpoints of the first one, or none.",
            )
    return newest


def _save(run: Run, plan: Plan, folder: Path, team: Team) -> Path | None:
    """Write a checkpoint, on the chief alone: the state is the same on all hosts."""
    if not team.chief:
        return None
    about = {"identity": plan.identity, "history": run.history, "best_epoch": run.best_epoch}
    return checkpoint.save(folder, run.step, run.variables, about)


def _compiled_steps(run: Run, batch_size: int, team: Team) -> Callable[..., None]:
    model, optimizer, strategy = run.model, run.optimizer, team.strategy
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def step(images: Any, numbers: Any) -> Any:
        """One device's part; its share of the loss, and how many it got right."""
        with tf.GradientTape() as tape:
            logits = model(images, training=True)
            loss = loss_of(numbers, logits)  # which Keras divides by the number of devices: the sum is the mean
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        right = tf.reduce_sum(tf.cast(tf.argmax(logits, 1, tf.int32) == numbers, tf.float64))
        return tf.stack([tf.cast(loss, tf.float64), right])

    def steps(iterator: Any, count: Any) -> None:
        for _ in tf.range(count):
            loss, right = tf.unstack(strategy.reduce("SUM", strategy.run(step, args=next(iterator)), axis=None))
            run.totals.assign_add(tf.stack([loss * batch_size, right, batch_size]))

    return tf.function(steps)  # type: ignore[no-any-return]


def _compiled_evaluation(model: Any, team: Team) -> Callable[..., Any]:
    strategy = team.strategy
    loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum")

    def score(images: Any, numbers: Any) -> Any:
        # The other devices have some left; TensorFlow's convolutions fail on none.
        if team.replicas > 1 and tf.size(numbers) == 0:
            return tf.zeros(3, tf.float64)
        logits = model(images, training=False)
        right = tf.reduce_sum(tf.cast(tf.argmax(logits, 1, tf.int32) == numbers, tf.float64))
        loss = tf.cast(loss_of(numbers, logits), tf.float64)
        return tf.stack([loss, right, tf.cast(tf.size(numbers), tf.float64)])

    def evaluate(batches: Any) -> Any:
        totals = tf.zeros(3, tf.float64)
        for batch in batches:
            totals += strategy.reduce("SUM", strategy.run(score, args=batch), axis=None)
        return totals

    return tf.function(evaluate)  # type: ignore[no-any-return]


def _epoch(run: Run, plan: Plan, validation: Any | None) -> Epoch:
    """The results of the epoch that has just ended.

    Raises:
        JobError: its loss is no number.
    """
    loss, right, images = (float(total) for total in run.totals.numpy())
    rate = float(run.optimizer.learning_rate.numpy())
    epoch = len(run.history) + 1
    if not math.isfinite(loss):
        raise JobError(f"The loss is {loss} in epoch {epoch}, at a learning rate of {rate:.3g}: try a lower one.")
    values: Epoch = {"epoch": epoch, "epochs": plan.epochs, "loss": loss / images, "accuracy": right / images}
    if validation is not None:
        loss, right, images = (float(total) for total in validation.numpy())
        values |= {"val_loss": loss / images, "val_accuracy": right / images}
    return values | {"learning_rate": rate}


def _merit(values: Epoch) -> tuple[float, float]:
    """What makes one epoch better than another: without validation images, being the later one."""
    if "val_loss" not in values:
        return (values["epoch"], 0.0)
    return (values["val_accuracy"], -values["val_loss"])
