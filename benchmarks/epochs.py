"""The programs that `benchmarks.trainer` compares. Each trains epochs on request: ``python -m benchmarks.epochs``."""

import contextlib
import dataclasses
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from scripts import digits

OURS, UNKEPT, SYNTHETIC = "the trainer", "nothing kept", "synthetic input"
FIT, CACHED = "Keras's `fit`", "`fit` with `.cache()`"
WORKERS = ("trainer", "fit", "cached")
PROGRAMS = {OURS: "trainer", UNKEPT: "trainer", SYNTHETIC: "trainer", FIT: "fit", CACHED: "cached"}
Epoch = Callable[[], None]
DIGITS = 1258
"""The training images among the handwritten digits."""


@dataclass(frozen=True)
class Row:
    """A network and its images.

    Args:
        name: on the command line.
        label: in the table.
        model, image_size, channels, batch_size: as the hyperparameters.
        images: made JPEGs; 0 for the handwritten digits.
        side: their pixels.
    """

    name: str
    label: str
    model: str
    image_size: int
    channels: int
    batch_size: int
    images: int = 0
    side: int = 0

    @property
    def used(self) -> int:
        """Images in an epoch of whole batches."""
        return (self.images or DIGITS) // self.batch_size * self.batch_size

    def write(self, folder: Path) -> None:
        """Write the images to a folder per label."""
        if not self.images:
            digits.write(folder)
            return
        random = np.random.default_rng(0)
        for number in range(self.images):
            path = folder / "training" / "abcd"[number % 4] / f"{number:04}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            coarse = Image.fromarray(random.integers(0, 256, (self.side // 8, self.side // 8, 3), dtype=np.uint8))
            coarse.resize((self.side, self.side), Image.Resampling.BICUBIC).save(path, quality=90)


ROWS = {
    row.name: row
    for row in (
        Row("digits", "digits, small_cnn, 8 px", "small_cnn", 8, 1, 64),
        Row("jpegs", "small JPEGs, small_cnn, 32 px", "small_cnn", 32, 3, 32, images=640, side=128),
        Row("mobilenet", "MobileNetV2, 96 px", "MobileNetV2", 96, 3, 16, images=160, side=256),
        Row("resnet", "ResNet50, 64 px", "ResNet50", 64, 3, 16, images=96, side=256),
    )
}


def trainer_epochs(row: Row, folder: Path, augmentation: str = "none") -> tuple[Any, dict[str, Epoch]]:
    """The trainer's run, and its epochs: with its images in memory, with none kept, and with one batch again and again.

    Args:
        row: the network.
        folder: with the images in ``training``.
        augmentation: as the hyperparameter.
    """
    import tensorflow as tf

    from trainyard.loop.steps import compiled_training
    from trainyard.loop.training import Pace

    team, data, run, total = _prepare(row, folder, augmentation)
    steps = compiled_training(run, row.batch_size, team)

    def program(batches: Any) -> Epoch:
        drawn, pace = iter(team.distribute(batches)), Pace()

        def epoch() -> None:
            left = row.used // row.batch_size
            while left:
                count, before = min(pace.count, left), time.monotonic()
                done, _ = steps(drawn, tf.constant(count))
                run.step += int(done)
                pace.note(count, time.monotonic() - before)
                left -= count

        return epoch

    return run, {name: program(each) for name, each in inputs(data, total).items()}


def inputs(data: Any, total: int) -> dict[str, Any]:
    """The batches of so many steps: with the images in memory, with none kept, and one batch again and again."""
    import tensorflow as tf

    from trainer.images.cache import NOTHING_KEPT
    from trainer.images.host_input import Caches

    unkept = dataclasses.replace(data, caches=Caches(NOTHING_KEPT, NOTHING_KEPT))
    synthetic = tf.data.Dataset.from_tensors(next(iter(unkept.batches(range(1))))).repeat()
    return {OURS: data.batches(range(total)), UNKEPT: unkept.batches(range(total)), SYNTHETIC: synthetic}


def _prepare(row: Row, folder: Path, augmentation: str) -> tuple[Any, Any, Any, int]:
    """The team, the images, the run and its number of steps, as `image_classification` makes them."""
    from trainer.tasks import setup

    team, choices, data = read_images(row, folder, augmentation)
    plan = setup.plan(choices, data)
    run = setup.make_run(choices, data, plan, None, team)
    run.enter_stage()
    return team, data, run, plan.steps


def read_images(row: Row, folder: Path, augmentation: str = "none") -> tuple[Any, Any, Any]:
    """The team, the hyperparameters in effect and the listed images, as `image_classification` makes them."""
    import keras
    import tensorflow as tf

    from trainer.contract.folders import Folders
    from trainer.contract.job import read_job
    from trainer.images import host_input
    from trainer.tasks import setup
    from trainyard.hosts import cluster
    from trainyard.networks import precision
    from trainyard.stop import Stop

    keras.utils.set_random_seed(0)
    if not tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()  # as the trainer does
    names = ("model", "image_size", "channels", "batch_size")
    arguments = [f"--{name}={getattr(row, name)}" for name in names]
    arguments += [f"--augmentation={augmentation}", "--optimizer=adam", "--epochs=10000"]
    arguments += ["--learning_rate_schedule=constant"]
    job = read_job(Folders(folder / "ml"), [*arguments, f"--training={folder / 'training'}"], {})
    team = cluster.join(["algo-1"], "algo-1", Stop(), os.environ)
    if team is None:
        raise RuntimeError("stopped")
    choices = setup.choose(job, None, precision.choose(job.hyperparameters.precision))
    return team, choices, host_input.read(job, choices.settings, team)


def fit(row: Row, folder: Path, is_cached: bool) -> None:
    """Keras's `fit`, as in TensorFlow's tutorials: https://www.tensorflow.org/tutorials/images/classification."""
    import keras
    import tensorflow as tf

    from trainer.contract.hyperparameters import Hyperparameters
    from trainer.networks import architectures

    keras.utils.set_random_seed(0)
    images = keras.utils.image_dataset_from_directory(
        folder / "training",
        color_mode="grayscale" if row.channels == 1 else "rgb",
        image_size=(row.image_size, row.image_size),
        batch_size=row.batch_size,
        seed=0,
        verbose=False,
    ).take(row.used // row.batch_size)
    if is_cached:
        images = images.cache().shuffle(1000, seed=0).prefetch(tf.data.AUTOTUNE)
    settings = Hyperparameters(model=row.model, image_size=row.image_size, channels=row.channels)
    model = architectures.build(settings, len(list((folder / "training").iterdir())), None)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # XLA, which is Keras's default, is slower on a CPU.
    model.compile(keras.optimizers.Adam(0.001), loss, metrics=["accuracy"], jit_compile=False)
    clock = Clock()
    turns = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda *_: clock.start() if sys.stdin.readline() else sys.exit(),
        on_epoch_end=lambda *_: clock.stop(),
    )
    model.fit(images, epochs=1000, verbose=0, callbacks=[turns])


class Clock:
    """Prints what an epoch took: seconds, and CPU seconds of this process."""

    def start(self) -> None:
        """Start an epoch."""
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def stop(self) -> None:
        """End it."""
        print(json.dumps([time.perf_counter() - self._wall, time.process_time() - self._cpu]), flush=True)


def main(kind: str, name: str, folder: str) -> None:
    """Train an epoch of a program whenever standard input names it."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    if kind != "trainer":
        fit(ROWS[name], Path(folder), is_cached=kind == "cached")
        return
    with tempfile.TemporaryFile("w") as nowhere, contextlib.redirect_stdout(nowhere):
        _, programs = trainer_epochs(ROWS[name], Path(folder))
    clock = Clock()
    for line in sys.stdin:
        clock.start()
        programs[line.strip()]()
        clock.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
