"""Measures what a checkpoint takes from the training, beside Keras's BackupAndRestore on the same network.

`benchmarks.training` prints the figures. A checkpoint is made every so many steps, so often that its writing is over by
half of them: the first halves are the training with checkpoints and the second ones that without, in one run.
"""

import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf

from trainer.checkpoints.interval import Interval
from trainer.checkpoints.keeper import Keeper
from trainer.contract.hyperparameters import Hyperparameters
from trainer.contract.stop import Stop
from trainer.hosts import cluster
from trainer.loop.steps import compiled_training
from trainer.networks import architectures, precision, twin
from trainer.run import Run

SETTINGS = Hyperparameters(model="ResNet50", image_size=32, batch_size=16)
LABELS = 10
# Steps from one checkpoint to the next, and in all.
CYCLE = 20
STEPS = 7 * CYCLE - 1


@dataclass(frozen=True)
class Cost:
    """What checkpoints took.

    Args:
        name: of what made them.
        size: bytes of one.
        made: how many were measured.
        median: seconds of a step without any.
        longest: seconds of the longest one, with what follows it.
        extra: seconds that one took from the training, the median.
        interval: seconds from one to the next, by default; None where there is none.
    """

    name: str
    size: int
    made: int
    median: float
    longest: float
    extra: float
    interval: float | None

    @property
    def share(self) -> float | None:
        """Of the time, at the default interval."""
        return self.extra / (self.interval + self.extra) if self.interval else None


def measure() -> list[Cost]:
    """Train with ours, then with Keras's."""
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    with tempfile.TemporaryDirectory() as folder:
        return [_ours(Path(folder) / "ours"), _keras(Path(folder) / "keras")]


def _ours(folder: Path) -> Cost:
    team = cluster.join(["algo-1"], "algo-1", Stop(), os.environ)
    if team is None:
        raise RuntimeError("stopped")
    best = architectures.build(SETTINGS, LABELS, None)
    model = twin.for_training(best, "float32", 1)
    optimizer = precision.optimizer(keras.optimizers.Adam(SETTINGS.learning_rate), "float32")
    optimizer.build(model.trainable_variables)
    run = Run(model, best, optimizer)
    steps = compiled_training(run, SETTINGS.batch_size, team)
    batches = iter(team.distribute(_batches()))
    times: list[float] = []
    # A checkpoint that is still being written when the second half begins would count as training without one.
    unfinished = 0
    with Keeper(folder, Interval(steps=CYCLE), run, {}, None) as keeper:
        for number in range(STEPS):
            before = time.monotonic()
            done, _ = steps(batches, tf.constant(1))
            run.step += int(done)
            keeper.look()
            times.append(time.monotonic() - before)
            if number % CYCLE == CYCLE // 2 - 1:
                unfinished += bool(keeper._writer and keeper._writer.busy)
        keeper.now()
        cost = keeper._writer.cost if keeper._writer else 0.0
    if unfinished:
        raise RuntimeError(f"{unfinished} checkpoints took longer than half a cycle: raise CYCLE")
    newest = max(folder.glob("step-*"))
    size = sum(file.stat().st_size for file in newest.iterdir())
    return _told("this trainer", size, times, Interval().wait(cost))


def _keras(folder: Path) -> Cost:
    model = architectures.build(SETTINGS, LABELS, None)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(SETTINGS.learning_rate), loss, jit_compile=False)
    times: list[float] = []

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]  # Keras publishes no types
        """Notes when batches begin, so that all that follows the one before counts as its own."""

        def on_train_batch_begin(self, batch: int, logs: object = None) -> None:  # noqa: ARG002 -- Keras names them
            times.append(time.monotonic())

    backup = keras.callbacks.BackupAndRestore(folder, save_freq=CYCLE, delete_checkpoint=False)
    model.fit(_batches(), steps_per_epoch=STEPS + 1, callbacks=[backup, Clock()], shuffle=False, verbose=0)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    took = [after - before for before, after in itertools.pairwise(times)]
    return _told("Keras's `fit` with BackupAndRestore", size, took, None)


def _told(name: str, size: int, times: Sequence[float], interval: float | None) -> Cost:
    """Make the figures of the seconds of steps, of which every CYCLE-th makes a checkpoint."""
    # The step that makes a checkpoint is the first of its cycle; before the first such one, all gets warm.
    cycles = [times[first : first + CYCLE] for first in range(CYCLE - 1, len(times) - CYCLE + 1, CYCLE)]
    half = CYCLE // 2
    extras = [sum(cycle[:half]) - sum(cycle[half:]) for cycle in cycles]
    without = [step for cycle in cycles for step in cycle[half:]]
    longest = max(step for cycle in cycles for step in cycle)
    return Cost(name, size, len(cycles), statistics.median(without), longest, statistics.median(extras), interval)


def _batches() -> Any:
    """The same images without end: what is measured is not their reading."""
    size = SETTINGS.image_size
    images = tf.random.uniform([SETTINGS.batch_size, size, size, SETTINGS.channels], maxval=255.0, seed=0)
    numbers = tf.range(SETTINGS.batch_size) % LABELS
    return tf.data.Dataset.from_tensors((images, numbers)).repeat()
