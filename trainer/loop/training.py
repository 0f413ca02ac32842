"""The loop: steps, epochs, validation, checkpoints, stopping. Knows nothing of what the images show.

Keras's ``fit`` is not used: it fails on several hosts with Keras 3, and cannot go on from the middle of an epoch.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import tensorflow as tf

from trainer.checkpoints.keeper import Keeper
from trainer.contract import describe
from trainer.contract.stop import Stop
from trainer.hosts.cluster import Team
from trainer.loop import errors
from trainer.loop.steps import compiled_training, compiled_validation
from trainer.run import Epoch, Plan, Run

# Steps run inside one call of a tf.function, which saves about 2 ms each; a stop waits for the call's end.
SECONDS_PER_CALL = 0.5
# Between two lines that tell how far it is, where epochs are long.
SECONDS_PER_LINE = 60.0


@dataclass(frozen=True)
class Feed:
    """Where batches come from.

    Args:
        training: the training batches of a range of steps, dealt out to the devices.
        validation: all validation batches from the first one on, dealt out to the devices.
        files: the images in the batches of a range of steps that are this host's.
    """

    training: Callable[[range], Any]
    validation: Callable[[], Any]
    files: Callable[[range], Sequence[str]]


class Pace:
    """How many steps fit into one call."""

    def __init__(self) -> None:
        self.count = 1  # the first one also compiles

    def note(self, count: int, seconds: float) -> None:
        """So many took so long."""
        self.count = max(1, min(2 * self.count, int(SECONDS_PER_CALL * count / max(seconds, 1e-6))))


@dataclass
class _Scoring:
    """A validation on its way.

    Args:
        left: batches that are still to be scored.
        sums: of loss, right answers and images, float64 [3].
        batches: an iterator of them; None before the first.
    """

    left: int
    sums: Any
    batches: Any = None


class Training:
    """A run on its way through its plan.

    Args:
        run: changed in place; goes on from its step.
        plan: how many steps, and where epochs end.
        feed: the batches.
        keeper: makes the checkpoints.
        stop: looked at between calls of the compiled steps; asked for on one host, it counts for all.
        team: all devices.
    """

    def __init__(self, run: Run, plan: Plan, feed: Feed, keeper: Keeper, stop: Stop, team: Team) -> None:
        self._run, self._plan, self._feed, self._keeper, self._stop, self._team = run, plan, feed, keeper, stop, team
        self._steps = compiled_training(run, plan.batch_size, team)
        self._scores = compiled_validation(run.model, team)
        self._training_pace, self._validation_pace = Pace(), Pace()
        self._batches = iter(feed.training(range(run.step, plan.steps)))
        self._clock = self._line = time.monotonic()
        # Of the epoch, in this process: steps, and seconds spent on them alone.
        self._trained, self._training_seconds = 0, 0.0
        self._scoring = self._begin_scoring()

    def go(self) -> str:
        """Train until an end is reached.

        Returns:
            Which end it was, in words.

        Raises:
            JobError: the loss is not finite any more, a checkpoint cannot be written, or a host was lost.
        """
        run, plan = self._run, self._plan
        while (ending := reached_end(run, plan)) is None:
            left = self._epoch_end - run.step
            pace = self._training_pace if left else self._validation_pace
            stopped, count = self._agreed(min(pace.count, self._keeper.steps_left() or pace.count))
            if stopped:
                ending = f"stopped after step {run.step} of {plan.steps}"
                break
            if left:
                self._train(min(count, left))
            elif self._validate(count):
                self._end_epoch()
            if run.step < self._epoch_end:  # else the epoch's results are to be in the checkpoint of this step
                self._keeper.look()
        return ending

    @property
    def _epoch_end(self) -> int:
        """The last step of the epoch whose results are not known yet."""
        return (len(self._run.history) + 1) * self._plan.steps_per_epoch

    def _agreed(self, count: int) -> tuple[bool, int]:
        """Whether any host is to stop, and the chief's number of steps: all must do the same ones."""
        said = self._team.link.exchange([self._stop.requested, count])
        return any(stop for stop, _ in said), said[0][1]

    def _train(self, count: int) -> None:
        before = time.monotonic()
        done, finite = self._steps(self._batches, tf.constant(count))
        done = int(done)
        self._run.step += done
        self._trained += done
        took = time.monotonic() - before
        self._training_seconds += took
        self._training_pace.note(count, took)
        self._tick()
        if not finite:
            self._refuse_to_go_on()
        self._say_how_far()

    def _begin_scoring(self) -> _Scoring:
        return _Scoring(self._plan.validation_steps, tf.zeros(3, tf.float64))

    def _validate(self, count: int) -> bool:
        """Score some more of the validation images; whether these were the last."""
        scoring = self._scoring
        if scoring.left:
            if scoring.batches is None:
                scoring.batches = iter(self._feed.validation())
            before = time.monotonic()
            count = min(count, scoring.left)
            scoring.sums = self._scores(scoring.batches, tf.constant(count), scoring.sums)
            scoring.left -= count
            self._validation_pace.note(count, time.monotonic() - before)
        return scoring.left == 0

    def _end_epoch(self) -> None:
        """Tell the results of the epoch, and remember them."""
        run, plan = self._run, self._plan
        self._tick()
        loss, right, images = (float(total) for total in run.totals.numpy())
        values: Epoch = {"epoch": len(run.history) + 1, "epochs": plan.epochs}
        values |= {"loss": loss / images, "accuracy": right / images}
        loss, right, images = (float(total) for total in self._scoring.sums.numpy())
        if images:
            values |= {"val_loss": loss / images, "val_accuracy": right / images}
        speed = self._trained * plan.batch_size / self._training_seconds if self._trained else 0.0
        values |= {"learning_rate": self._learning_rate, "seconds": run.seconds, "images_per_second": speed}
        self._team.say(describe.epoch_line(values))
        run.end_epoch(values)
        self._trained, self._training_seconds, self._scoring = 0, 0.0, self._begin_scoring()

    @property
    def _learning_rate(self) -> float:
        """Of the next step."""
        return float(self._run.optimizer.learning_rate.numpy())

    def _tick(self) -> None:
        """Let the epoch's time go on."""
        now = time.monotonic()
        self._run.seconds += now - self._clock
        self._clock = now

    def _say_how_far(self) -> None:
        """Tell now and then how far it is."""
        now = time.monotonic()
        if now - self._line < SECONDS_PER_LINE:
            return
        self._line = now
        each = self._training_seconds / self._trained
        left = (self._plan.steps - self._run.step) * each
        self._team.say(
            f"step {self._run.step:,} of {self._plan.steps:,}: {self._plan.batch_size / each:,.0f} images/s, "
            f"{describe.duration(left)} left"
        )

    def _refuse_to_go_on(self) -> NoReturn:
        """End where a step gave no finite numbers.

        Raises:
            JobError: always.
        """
        step, rate = self._run.step, self._learning_rate
        mine = list(self._feed.files(range(step, step + 1)))
        files = [file for host in self._team.link.exchange(mine) for file in host]
        print(f"the batch of step {step + 1}:", *files, sep="\n  ", flush=True)
        saved = self._keeper.now()
        raise errors.not_finite(step + 1, rate, files, saved.path if saved else None)


def reached_end(run: Run, plan: Plan) -> str | None:
    """Which end the run has come to by itself, in words; None where it is to go on."""
    epochs = len(run.history)
    if plan.patience and run.best_epoch and epochs - run.best_epoch >= plan.patience:
        return f"early stopping after epoch {epochs}: none was better than epoch {run.best_epoch}"
    if epochs >= plan.epochs:
        return f"all {plan.epochs} epochs done"
    return None
