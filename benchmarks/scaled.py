"""Measures what `decode=scaled` does to accuracy and to the time of decoding, beside `decode=full`.

Run it from the repository's root: ``python -m benchmarks.scaled [SEEDS]``. It enlarges the photos of
`benchmarks.photos`, adds noise to each pixel as a camera does, and trains the same network on them for each
setting and seed. The time is that of one JPEG of 6 megapixels, which becomes an image of 224 pixels. It prints a table.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from PIL import Image

from benchmarks import augmentation, photos
from benchmarks.table import print_table
from trainer.contract.hyperparameters import Hyperparameters
from trainer.images import decoding, pipeline

SIDE, NOISE = 192, 18
LARGE = (3000, 2000)
SETTINGS = {"image_size": 24, "epochs": 20, "batch_size": 16, "learning_rate": 0.002}
SEEDS, DECODED = 2, 20


def main() -> None:
    """Measure both settings and print the table."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    tf.config.experimental.enable_op_determinism()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        write_photos(Path(name))
        for decode in ("full", "scaled"):
            settings = {**SETTINGS, "decode": decode}
            runs = [augmentation.train(Path(name), {**settings, "seed": seed}) for seed in range(seeds)]
            accuracy = augmentation.median_and_range([run.validation for run in runs])
            times = [f"{milliseconds(Path(name), decode, kind):.1f} ms" for kind in ("none", "light")]
            rows.append([f"`decode={decode}`", *accuracy, *times])
            print(*rows[-1], sep=", ", file=sys.stderr, flush=True)
    print_table(["", "median accuracy", f"of {seeds} seeds", "6 megapixels, `none`", "`light`"], rows)


def write_photos(folder: Path) -> None:
    """Write photos of SIDE pixels, and one of 6 megapixels."""
    photos.write(folder, augmentation.COUNTS)
    random = np.random.default_rng(1)
    for path in folder.glob("*/*/*.jpg"):
        _noisy(path, (SIDE, SIDE), random).save(path, quality=90)
    _noisy(next(folder.glob("*/*/*.jpg")), LARGE, random).save(folder / "large.jpg", quality=90)


def milliseconds(folder: Path, decode: str, kind: str) -> float:
    """The CPU time of decoding the large photo for a network of 224 pixels."""
    form = pipeline.form(Hyperparameters(image_size=224, decode=decode, augmentation=kind))
    path = tf.constant(str(folder / "large.jpg"))
    times = []
    for _ in range(DECODED + 1):
        before = time.process_time()
        decoding.decode(path, form)
        times.append(time.process_time() - before)
    return statistics.median(times[1:]) * 1000  # the first one traces the function


def _noisy(path: Path, size: tuple[int, int], random: np.random.Generator) -> Image.Image:
    pixels = np.asarray(Image.open(path).resize(size, Image.Resampling.BICUBIC))
    return Image.fromarray((pixels + random.normal(0, NOISE, pixels.shape)).clip(0, 255).astype("uint8"))


if __name__ == "__main__":
    main()
