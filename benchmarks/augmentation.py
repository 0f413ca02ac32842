"""Measures what augmentation does to accuracy, beside Keras's `fit` with its flip and rotation layers.

Run it from the repository's root: ``python -m benchmarks.augmentation [SEEDS]``. It makes 600 training and 200
validation photos of five labels, and trains the same network on them for each setting and seed. It prints a table.
"""

import contextlib
import io
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.table import print_table
from trainer.contract.folders import Folders
from trainer.contract.hyperparameters import Hyperparameters
from trainer.contract.job import read_job
from trainer.images import channel, pipeline
from trainer.networks import architectures
from trainer.tasks import image_classification
from trainyard.stop import Stop

LABELS = ("circle", "cross", "ring", "square", "triangle")
SIZE, EPOCHS, BATCH, RATE = 24, 60, 32, 0.002
COUNTS = {"training": 600, "validation": 200}
SEEDS = 5
ROTATION = 15 / 360
"""For Keras's layer, as a share of a full turn: the trainer's 15 degrees."""

Measure = Callable[[Path, int], float]
"""A function of the folder of the photos and of a seed; it returns the best validation accuracy."""


def main() -> None:
    """Measure every setting and print the table."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    tf.config.experimental.enable_op_determinism()
    settings: dict[str, Measure] = {
        **{f"`augmentation={kind}`": _trainer(kind) for kind in ("none", "light", "standard")},
        "Keras's `fit` with RandomFlip and RandomRotation": _measure_keras,
    }
    with tempfile.TemporaryDirectory() as name:
        write_photos(Path(name))
        rows = []
        for label, measure in settings.items():
            before = time.process_time()
            found = [measure(Path(name), seed) for seed in range(seeds)]
            used = (time.process_time() - before) / seeds
            rows.append(
                [label, f"{statistics.median(found):.3f}", f"{min(found):.3f} to {max(found):.3f}", f"{used:.0f} s"]
            )
            print(*rows[-1], sep=", ", file=sys.stderr, flush=True)
    print_table(["", "median accuracy", f"of {seeds} seeds", "CPU time of a run"], rows)


def write_photos(folder: Path) -> None:
    """Write the photos: a shape of any colour, size, place and tilt, before blurred shapes, with noise."""
    random = np.random.default_rng(0)
    for name, count in COUNTS.items():
        for number in range(count):
            label = LABELS[number % len(LABELS)]
            path = folder / name / label / f"{number:03}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            _photo(label, random).save(path, quality=90)


def _photo(label: str, random: np.random.Generator) -> Image.Image:
    side = 96
    image = Image.new("RGB", (side, side), _colour(random))
    for _ in range(6):  # the background
        x, y, radius = random.integers(0, side, 3)
        ImageDraw.Draw(image).ellipse(
            (int(x - radius), int(y - radius), int(x + radius), int(y + radius)), _colour(random)
        )
    image = image.filter(ImageFilter.GaussianBlur(6))
    radius = int(random.integers(14, 30))
    shape = Image.new("L", (side, side))
    _draw(label, ImageDraw.Draw(shape), side // 2, radius)
    moved = [int(each) for each in random.integers(-side // 5, side // 5, 2)]
    shape = shape.rotate(float(random.uniform(-25, 25)), translate=(moved[0], moved[1]))
    image.paste(Image.new("RGB", (side, side), _colour(random)), mask=shape)
    noisy = np.asarray(image) + random.normal(0, 18, (side, side, 3))
    return Image.fromarray(noisy.clip(0, 255).astype("uint8"))


def _colour(random: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(each) for each in random.integers(0, 256, 3))
    return red, green, blue


def _draw(label: str, on: ImageDraw.ImageDraw, centre: int, radius: int) -> None:
    low, high, third = centre - radius, centre + radius, radius // 3
    if label in {"circle", "ring"}:
        on.ellipse((low, low, high, high), 255)
        if label == "ring":
            on.ellipse((low + third, low + third, high - third, high - third), 0)
    elif label == "square":
        on.rectangle((low, low, high, high), 255)
    elif label == "triangle":
        on.polygon(((low, high), (high, high), (centre, low)), 255)
    else:
        on.rectangle((low, centre - third, high, centre + third), 255)
        on.rectangle((centre - third, low, centre + third, high), 255)


def _trainer(augmentation: str) -> Measure:
    def measure(photos: Path, seed: int) -> float:
        values = {"image_size": SIZE, "epochs": EPOCHS, "batch_size": BATCH, "learning_rate": RATE, "seed": seed}
        arguments = [f"--{name}={value}" for name, value in (values | {"augmentation": augmentation}).items()]
        channels = [f"--{name}={photos / name}" for name in COUNTS]
        keras.backend.clear_session()
        with tempfile.TemporaryDirectory() as base, contextlib.redirect_stdout(io.StringIO()):
            image_classification.train(read_job(Folders(Path(base)), [*arguments, *channels], {}), Stop())
            history = json.loads((Path(base) / "output" / "data" / "history.json").read_text())["history"]
        return max(float(epoch["val_accuracy"]) for epoch in history)

    return measure


def _measure_keras(photos: Path, seed: int) -> float:
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    settings = Hyperparameters(image_size=SIZE)
    network = architectures.build(settings, len(LABELS), None)
    inputs = keras.Input((SIZE, SIZE, 3))
    varied = keras.layers.RandomRotation(ROTATION)(keras.layers.RandomFlip("horizontal")(inputs))
    model = keras.Model(inputs, network(varied))
    steps = COUNTS["training"] // BATCH * EPOCHS
    optimizer = keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(RATE, steps))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=False)
    training, validation = (
        pipeline.ordered_batches(channel.read(photos / name, settings).images, SIZE, 3, count)
        for name, count in COUNTS.items()
    )
    batches = training.unbatch().cache().shuffle(COUNTS["training"], seed=seed).batch(BATCH, drop_remainder=True)
    fitted = model.fit(batches, epochs=EPOCHS, validation_data=validation, verbose=0)
    return float(max(fitted.history["val_accuracy"]))


if __name__ == "__main__":
    main()
