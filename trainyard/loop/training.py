"""The training loop: steps, epochs, validation, checkpoints, stopping. It knows nothing about the examples.

It does not use Keras's ``fit``, which fails on several hosts with Keras 3 and cannot resume inside an epoch.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tensorflow as tf

from trainyard.checkpoints.saver import CheckpointSaver
from trainyard.hosts.cluster import Team
from trainyard.loop import lines
from trainyard.loop.steps import compiled_training, compiled_validation
from trainyard.run import Epoch, Plan, Run, Stage
from trainyard.stop import Stop

# One call of a tf.function runs many steps, which saves about 2 ms a step. A stop waits until the call ends.
SECONDS_PER_CALL = 0.5
# Between two lines about the progress, in long epochs.
SECONDS_PER_LINE = 60.0


@dataclass(frozen=True)
class Feed:
    """Where batches come from.

    Args:
        training: gives the training batches of a range of steps, distributed to the devices.
        validation: gives all validation batches, distributed to the devices. Each epoch reads them from the first one.
        not_finite: makes the error of a step with NaN or infinite results, from the number of steps before it, its
            learning rate, and the checkpoint of the state before it.
    """

    training: Callable[[range], Any]
    validation: Callable[[], Any]
    not_finite: Callable[[int, float, Path | None], Exception]


class Pace:
    """Chooses how many steps one call does."""

    def __init__(self) -> None:
        self.count = 1  # how long a step takes is not known yet

    def note(self, count: int, seconds: float) -> None:
        """Adapt the count: the last call did ``count`` steps in ``seconds``."""
        self.count = max(1, min(2 * self.count, int(SECONDS_PER_CALL * count / max(seconds, 1e-6))))


@dataclass
class _Scoring:
    """A validation in progress.

    Args:
        left: number of batches that remain.
        sums: of loss, metrics and examples.
        batches: an iterator of the batches; None before the first.
    """

    left: int
    sums: Any
    batches: Any = None


class Training:
    """Trains a run to the end of its plan.

    Args:
        run: changed in place; continues from its step.
        plan: how many steps, and where epochs end.
        feed: the batches.
        saver: writes the checkpoints.
        stop: checked between calls of the compiled steps; a stop on one host stops all.
        team: all devices.
    """

    def __init__(self, run: Run, plan: Plan, feed: Feed, saver: CheckpointSaver, stop: Stop, team: Team) -> None:
        self._run, self._plan, self._feed, self._saver, self._stop, self._team = run, plan, feed, saver, stop, team
        self._clock = self._last_line = time.monotonic()
        # The stage whose steps are compiled; none yet: a run that has ended, or that is stopped now, needs no steps.
        self._stage: Stage | None = None
        self._steps: Callable[[Any, Any], tuple[Any, Any]]
        self._scores = compiled_validation(run, team)
        self._training_pace, self._validation_pace = Pace(), Pace()
        # The steps of the current epoch in this process, and the seconds of these steps alone.
        self._trained, self._training_seconds = 0, 0.0
        self._scoring = self._begin_scoring()

    def train(self) -> str:
        """Train until the run ends or is stopped.

        Returns:
            Why it ended, as a text for the log.

        Raises:
            JobError: the loss or a gradient is NaN or infinite, a checkpoint cannot be written, or a host was lost.
        """
        run, plan = self._run, self._plan
        while (ending := end_reason(run, plan)) is None:
            left = self._epoch_end - run.step
            pace = self._training_pace if left else self._validation_pace
            stopped, count = self._agree_on_stop_and_count(min(pace.count, self._saver.steps_left() or pace.count))
            if stopped:
                ending = f"stopped after step {run.step} of {plan.steps}"
                break
            if left:
                self._train_steps(min(count, left))
            elif self._validate_batches(count):
                self._end_epoch()
            if run.step < self._epoch_end:  # at the epoch's last step, the checkpoint waits for the epoch's results
                self._saver.save_if_due()
        return ending

    @property
    def _epoch_end(self) -> int:
        """The last step of the first epoch without results."""
        return (len(self._run.history) + 1) * self._plan.steps_per_epoch

    def _agree_on_stop_and_count(self, count: int) -> tuple[bool, int]:
        """Whether any host wants to stop, and the chief's number of steps: all hosts must do the same steps."""
        answers = self._team.link.exchange([self._stop.requested, count])
        return any(stop for stop, _ in answers), answers[0][1]

    @cached_property
    def _batches(self) -> Any:
        """An iterator of the training batches from the run's step on, when this is first read."""
        return iter(self._feed.training(range(self._run.step, self._plan.steps)))

    def _compile(self) -> Callable[[Any, Any], tuple[Any, Any]]:
        """The function that does the steps of the current stage."""
        self._run.enter_stage()
        steps = compiled_training(self._run, self._plan.batch_size, self._team, self._plan.accumulate)
        steps(self._batches, tf.constant(0))  # compiles now, so that images per second do not include it
        return steps

    def _train_steps(self, count: int) -> None:
        """Do some steps of one stage."""
        if self._run.stage is not self._stage:
            self._stage, self._steps = self._run.stage, self._compile()
        before = time.monotonic()
        done, finite = self._steps(self._batches, tf.constant(count))
        done = int(done)
        self._run.step += done
        self._trained += done
        seconds = time.monotonic() - before
        self._training_seconds += seconds
        self._training_pace.note(count, seconds)
        self._update_epoch_seconds()
        if not finite:
            saved = self._saver.save_now()
            raise self._feed.not_finite(self._run.step, self._learning_rate, saved.path if saved else None)
        self._report_progress()

    @cached_property
    def _validation(self) -> Any:
        """The validation batches. They are made once: TensorFlow traces each dataset anew."""
        return self._feed.validation()

    def _begin_scoring(self) -> _Scoring:
        return _Scoring(self._plan.validation_steps, self._run.no_totals())

    def _validate_batches(self, count: int) -> bool:
        """Score the next validation batches; return whether these were the last."""
        scoring = self._scoring
        if scoring.left:
            if scoring.batches is None:
                scoring.batches = iter(self._validation)
            before = time.monotonic()
            count = min(count, scoring.left)
            scoring.sums = self._scores(scoring.batches, tf.constant(count), scoring.sums)
            scoring.left -= count
            self._validation_pace.note(count, time.monotonic() - before)
        return scoring.left == 0

    def _end_epoch(self) -> None:
        """Print the epoch's results and add them to the history."""
        run, plan = self._run, self._plan
        self._update_epoch_seconds()
        values: Epoch = {"epoch": len(run.history) + 1, "epochs": plan.epochs, **run.means(run.totals)}
        values |= {f"val_{name}": mean for name, mean in run.means(self._scoring.sums).items()}
        speed = self._trained * plan.batch_size / self._training_seconds if self._trained else 0.0
        values |= {"learning_rate": self._learning_rate, "seconds": run.seconds, f"{plan.examples}_per_second": speed}
        self._team.say(lines.epoch_line(values))
        run.end_epoch(values)
        self._trained, self._training_seconds, self._scoring = 0, 0.0, self._begin_scoring()

    @property
    def _learning_rate(self) -> float:
        """The learning rate of the next step."""
        return float(self._run.optimizer.learning_rate.numpy())

    def _update_epoch_seconds(self) -> None:
        now = time.monotonic()
        self._run.seconds += now - self._clock
        self._clock = now

    def _report_progress(self) -> None:
        """Print a line about the progress, at most every SECONDS_PER_LINE."""
        now = time.monotonic()
        if now - self._last_line < SECONDS_PER_LINE:
            return
        self._last_line = now
        seconds_per_step = self._training_seconds / self._trained
        left = (self._plan.steps - self._run.step) * seconds_per_step
        self._team.say(
            f"step {self._run.step:,} of {self._plan.steps:,}: "
            f"{self._plan.batch_size / seconds_per_step:,.0f} {self._plan.examples}/s, {lines.duration(left)} left"
        )


def end_reason(run: Run, plan: Plan) -> str | None:
    """Why the run is at its end, as a text for the log; None if it is not."""
    epochs = len(run.history)
    if plan.patience and run.best_epoch and epochs - run.best_epoch >= plan.patience:
        return f"early stopping after epoch {epochs}: no epoch was better than epoch {run.best_epoch}"
    if epochs >= plan.epochs:
        return f"all {plan.epochs} epochs done"
    return None
