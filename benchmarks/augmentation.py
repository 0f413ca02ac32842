"""Measures what augmentation does to accuracy, beside Keras's `fit` with its flip and rotation layers.

Run it from the repository's root: ``python -m benchmarks.augmentation [ROW …]``, with rows among none, light, standard
and keras; all of them without. It makes 600 training and 200 validation photos of five labels, and trains the same
network on them with each seed, for the same number of epochs. It prints a row for each setting.
"""

import contextlib
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import tensorflow as tf

from benchmarks import photos
from benchmarks.table import print_table
from trainer.contract.folders import Folders
from trainer.contract.hyperparameters import Hyperparameters
from trainer.contract.job import read_job
from trainer.images import channel, pipeline
from trainer.networks import architectures
from trainer.tasks import image_classification
from trainyard.stop import Stop

SIZE, EPOCHS, BATCH, RATE = 24, 60, 16, 0.002
"""20 epochs are enough to learn all training photos with `none`; with `standard`, twice as many are not."""
COUNTS = {"training": 600, "validation": 200}
SEEDS = 5
ROTATION = 15 / 360
"""For Keras's layer, as a share of a full turn: the trainer's 15 degrees."""


class Accuracy(NamedTuple):
    """What a run reached: on the validation photos in its best epoch, and on the varied training photos in its last."""

    validation: float
    training: float


Measure = Callable[[Path, int], Accuracy]
"""A function of the folder of the photos and of a seed."""


def main() -> None:
    """Measure every setting and print the table."""
    tf.config.experimental.enable_op_determinism()
    settings: dict[str, tuple[str, Measure]] = {
        **{kind: (f"`augmentation={kind}`", _trainer(kind)) for kind in ("none", "light", "standard")},
        "keras": ("Keras's `fit` with RandomFlip and RandomRotation", _measure_keras),
    }
    with tempfile.TemporaryDirectory() as name:
        photos.write(Path(name), COUNTS)
        rows = [_row(*settings[row], Path(name)) for row in sys.argv[1:] or settings]
    print_table(["", "median accuracy", f"of {SEEDS} seeds", "on the training photos", "CPU time of a run"], rows)


def _row(label: str, measure: Measure, folder: Path) -> list[str]:
    before, found = time.process_time(), []
    for seed in range(SEEDS):
        found.append(measure(folder, seed))
        print(f"{label}, seed {seed}: {found[-1]}", file=sys.stderr, flush=True)
    used = (time.process_time() - before) / SEEDS
    training = statistics.median(each.training for each in found)
    return [label, *median_and_range([each.validation for each in found]), f"{training:.3f}", f"{used:.0f} s"]


def median_and_range(values: Sequence[float]) -> list[str]:
    """Two cells of a table."""
    return [f"{statistics.median(values):.3f}", f"{min(values):.3f} to {max(values):.3f}"]


def train(folder: Path, hyperparameters: Mapping[str, Any]) -> Accuracy:
    """Train in the trainer on the photos in a folder."""
    arguments = [f"--{name}={value}" for name, value in hyperparameters.items()]
    channels = [f"--{name}={folder / name}" for name in COUNTS]
    keras.backend.clear_session()
    with tempfile.TemporaryDirectory() as base, contextlib.redirect_stdout(io.StringIO()):
        image_classification.train(read_job(Folders(Path(base)), [*arguments, *channels], {}), Stop())
        history = json.loads((Path(base) / "output" / "data" / "history.json").read_text())["history"]
    return Accuracy(max(epoch["val_accuracy"] for epoch in history), history[-1]["accuracy"])


def _trainer(augmentation: str) -> Measure:
    settings = {"image_size": SIZE, "epochs": EPOCHS, "batch_size": BATCH, "learning_rate": RATE}
    return lambda folder, seed: train(folder, {**settings, "seed": seed, "augmentation": augmentation})


def _measure_keras(folder: Path, seed: int) -> Accuracy:
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    settings = Hyperparameters(image_size=SIZE)
    network = architectures.build(settings, len(photos.LABELS), None)
    inputs = keras.Input((SIZE, SIZE, 3))
    varied = keras.layers.RandomRotation(ROTATION)(keras.layers.RandomFlip("horizontal")(inputs))
    model = keras.Model(inputs, network(varied))
    steps = COUNTS["training"] // BATCH * EPOCHS
    optimizer = keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(RATE, steps))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)
    training, validation = (
        pipeline.ordered_batches(channel.read(folder / name, settings).images, pipeline.form(settings), count)
        for name, count in COUNTS.items()
    )
    batches = training.unbatch().cache().shuffle(COUNTS["training"], seed=seed).batch(BATCH, drop_remainder=True)
    history = model.fit(batches, epochs=EPOCHS, validation_data=validation, verbose=0).history
    return Accuracy(max(history["val_accuracy"]), history["accuracy"][-1])


if __name__ == "__main__":
    main()
