"""Measures the training time that a checkpoint takes, compared with Keras's BackupAndRestore on the same network.

`benchmarks.training` prints the figures. One run measures training with and without checkpoints: a checkpoint is due
every CYCLE steps, and it is written within the first half of the cycle. The second half has no checkpoint.
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

from trainer.contract.hyperparameters import Hyperparameters
from trainer.networks import architectures
from trainyard.checkpoints.interval import Interval
from trainyard.checkpoints.saver import CheckpointSaver
from trainyard.hosts import cluster
from trainyard.loop.steps import compiled_training
from trainyard.networks import precision, twin
from trainyard.run import Run, Stage
from trainyard.stop import Stop

SETTINGS = Hyperparameters(model="ResNet50", image_size=32, batch_size=16)
LABELS = 10
# Steps from one checkpoint to the next, and steps in total.
CYCLE = 20
STEPS = 7 * CYCLE - 1


@dataclass(frozen=True)
class Cost:
    """The cost of checkpoints.

    Args:
        name: the program that wrote them.
        size: bytes of one checkpoint.
        made: number of measured checkpoints.
        median: seconds of a step without a checkpoint, the median.
        longest: seconds of the longest step, up to the start of the next one.
        extra: seconds of training time that a checkpoint takes, the median.
        interval: default seconds from one checkpoint to the next; None if it is not a time.
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
        """The share of the time that checkpoints take at the default interval."""
        return self.extra / (self.interval + self.extra) if self.interval else None


def measure() -> list[Cost]:
    """Measure this trainer's checkpoints, then Keras's."""
    keras.utils.set_random_seed(0)
    tf.config.experimental.enable_op_determinism()
    with tempfile.TemporaryDirectory() as folder:
        return [_measure_trainer(Path(folder) / "trainer"), _measure_keras(Path(folder) / "keras")]


def _measure_trainer(folder: Path) -> Cost:
    team = cluster.join(["algo-1"], "algo-1", Stop(), os.environ)
    if team is None:
        raise RuntimeError("stopped")
    best = architectures.build(SETTINGS, LABELS, None)
    model = twin.for_training(best, "float32", 1)
    optimizer = precision.optimizer(keras.optimizers.Adam(SETTINGS.learning_rate), "float32")
    optimizer.build(model.trainable_variables)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction=None)
    run = Run(model, best, [Stage(0, optimizer)], loss, {"accuracy": keras.metrics.sparse_categorical_accuracy})
    steps = compiled_training(run, SETTINGS.batch_size, team)
    batches = iter(team.distribute(_batches()))
    times: list[float] = []
    # A checkpoint that is still being written in the second half would distort the steps without a checkpoint.
    unfinished = 0
    with CheckpointSaver(folder, Interval(steps=CYCLE), run, {}, None) as saver:
        for number in range(STEPS):
            before = time.monotonic()
            done, _ = steps(batches, tf.constant(1))
            run.step += int(done)
            saver.save_if_due()
            times.append(time.monotonic() - before)
            if number % CYCLE == CYCLE // 2 - 1:
                unfinished += saver.busy
        saver.save_now()
        cost = saver.cost
    if unfinished:
        raise RuntimeError(f"{unfinished} checkpoints took longer than half a cycle: raise CYCLE")
    newest = max(folder.glob("step-*"))
    size = sum(file.stat().st_size for file in newest.iterdir())
    return _make_cost("this trainer", size, times, Interval().wait(cost))


def _measure_keras(folder: Path) -> Cost:
    model = architectures.build(SETTINGS, LABELS, None)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(SETTINGS.learning_rate), loss, jit_compile=False)
    times: list[float] = []

    class Clock(keras.callbacks.Callback):  # type: ignore[misc]  # Keras publishes no types
        """Notes the start of each batch. A step lasts until the next start, so it includes its checkpoint."""

        def on_train_batch_begin(self, batch: int, logs: object = None) -> None:  # noqa: ARG002 -- Keras names them
            times.append(time.monotonic())

    backup = keras.callbacks.BackupAndRestore(folder, save_freq=CYCLE, delete_checkpoint=False)
    model.fit(_batches(), steps_per_epoch=STEPS + 1, callbacks=[backup, Clock()], shuffle=False, verbose=0)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    seconds = [after - before for before, after in itertools.pairwise(times)]
    return _make_cost("Keras's `fit` with BackupAndRestore", size, seconds, None)


def _make_cost(name: str, size: int, times: Sequence[float], interval: float | None) -> Cost:
    """Calculate the figures from the seconds of all steps; every CYCLE-th step starts a checkpoint."""
    # A cycle begins with the step that starts a checkpoint. The steps before the first cycle are a warm-up.
    cycles = [times[first : first + CYCLE] for first in range(CYCLE - 1, len(times) - CYCLE + 1, CYCLE)]
    half = CYCLE // 2
    extras = [sum(cycle[:half]) - sum(cycle[half:]) for cycle in cycles]
    without = [step for cycle in cycles for step in cycle[half:]]
    longest = max(step for cycle in cycles for step in cycle)
    return Cost(name, size, len(cycles), statistics.median(without), longest, statistics.median(extras), interval)


def _batches() -> Any:
    """The same batch without end, so that reading images does not count."""
    size = SETTINGS.image_size
    images = tf.random.uniform([SETTINGS.batch_size, size, size, SETTINGS.channels], maxval=255.0, seed=0)
    numbers = tf.range(SETTINGS.batch_size) % LABELS
    return tf.data.Dataset.from_tensors((images, numbers)).repeat()
