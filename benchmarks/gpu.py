"""Measures the trainer on a GPU: images a second with real and with synthetic input, and what checkpoints take.

Run it from the repository's root on a machine with a GPU: ``python -m benchmarks.gpu [BATCH_SIZE]``. It trains ResNet50
on made JPEGs with the default augmentation, and prints a table for docs/performance.md with the names of the GPUs.
"""

import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import tensorflow as tf

from benchmarks import epochs
from benchmarks.epochs import OURS, SYNTHETIC, UNKEPT, Epoch, Row
from benchmarks.table import print_table
from trainyard.checkpoints.interval import Interval
from trainyard.checkpoints.saver import CheckpointSaver
from trainyard.run import Run

ROUNDS = 5
BATCHES = 20


@dataclass(frozen=True)
class Figures:
    """What was measured.

    Args:
        speeds: images a second by program, the median of ROUNDS epochs.
        checkpoint: seconds that an epoch takes longer if a checkpoint is written in it; below 0 if it is not longer.
        interval: seconds between two checkpoints, as the trainer chooses them.
    """

    speeds: dict[str, float]
    checkpoint: float
    interval: float

    @property
    def share(self) -> float:
        """The share of the time that checkpoints take."""
        return max(0.0, self.checkpoint) / (self.interval + max(0.0, self.checkpoint))


def main(batch_size: int) -> None:
    """Measure, and print the table."""
    if not tf.config.list_physical_devices("GPU"):
        sys.exit("TensorFlow sees no GPU on this machine.")
    row = Row("gpu", "ResNet50, 224 px", "ResNet50", 224, 3, batch_size, images=BATCHES * batch_size, side=400)
    print_table(["", f"{row.label}, batches of {batch_size}; {gpus()}"], rows(measure(row)))


def measure(row: Row) -> Figures:
    """Train epochs of each program in turn; then epochs with a checkpoint and without one in turn."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        row.write(folder)
        run, programs = epochs.trainer_epochs(row, folder, augmentation="light")
        times: dict[str, list[float]] = {program: [] for program in programs}
        for number in range(ROUNDS + 1):
            for program, epoch in programs.items():
                seconds = _seconds(epoch)
                if number:  # the first one compiles, and fills what is kept in memory
                    times[program].append(seconds)
        speeds = {program: row.used / statistics.median(seconds) for program, seconds in times.items()}
        checkpoint, interval = _checkpoints(run, programs[SYNTHETIC], folder / "checkpoints")
    return Figures(speeds, checkpoint, interval)


def rows(found: Figures) -> list[list[str]]:
    """The lines of the table."""
    labels = {
        OURS: "images a second, decoded ones in memory",
        UNKEPT: "images a second, nothing kept",
        SYNTHETIC: "images a second, synthetic input",
    }
    lines = [[label, f"{found.speeds[program]:,.0f}"] for program, label in labels.items()]
    lines.append(["training time that a checkpoint takes", f"{found.checkpoint:.2f} s"])
    lines.append(["share of the time at the default interval", f"{found.share:.2%}"])
    return lines


def gpus() -> str:
    """The GPUs by name, such as 2 NVIDIA A10G."""
    details = [tf.config.experimental.get_device_details(each) for each in tf.config.list_physical_devices("GPU")]
    names = [each.get("device_name", "GPU") for each in details]
    return ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(names))


def _checkpoints(run: Run, epoch: Epoch, folder: Path) -> tuple[float, float]:
    """Seconds that a checkpoint adds to an epoch, and the seconds between two of them at the default interval."""
    without, added = [], []
    with CheckpointSaver(folder, Interval(steps=1), run, {}, None) as saver:
        for _ in range(ROUNDS):
            without.append(_seconds(epoch))
            before = time.monotonic()
            saver.save_if_due()
            epoch()
            added.append(time.monotonic() - before)
            saver.save_now()
        interval = Interval().wait(saver.cost)
    return statistics.median(added) - statistics.median(without), interval


def _seconds(epoch: Epoch) -> float:
    before = time.monotonic()
    epoch()
    return time.monotonic() - before


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 128)
