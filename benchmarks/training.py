"""Measures the trainer: the cost of checkpoints, the time to its first step, and the growth of its memory.

Run it from the repository's root on Linux, on an idle machine: ``python -m benchmarks.training``. It takes about
5 minutes and prints the tables of docs/performance.md.
"""

import os
import platform
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import keras
import tensorflow as tf

from benchmarks import checkpoints, starts
from benchmarks.table import print_table
from scripts.core import console


def main() -> None:
    """Measure everything and print the tables."""
    print(_machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        starts.write_images(folder)
        print("\nFrom the process's start to the end of its first step:\n")
        print_table(["from", "seconds"], [[label, f"{seconds:.2f}"] for label, seconds in starts.starts(folder)])
        print("\nResident memory at the end of an epoch:\n")
        sizes = starts.memory(folder)
        rows = [sizes[epoch - 1] for epoch in (1, starts.WARM, starts.EPOCHS // 2, starts.EPOCHS)]
        print_table(["epoch", "MB"], [[str(epoch), f"{size:,.0f}"] for epoch, size in rows])
    settings = checkpoints.SETTINGS
    print(f"\nCheckpoints of {settings.model} at {settings.image_size} pixels, batches of {settings.batch_size}:\n")
    _print_costs(checkpoints.measure())


def _print_costs(costs: Sequence[checkpoints.Cost]) -> None:
    header = ["", *(cost.name for cost in costs)]
    lines = {
        "size of one": [console.size(cost.size) for cost in costs],
        "checkpoints measured": [str(cost.made) for cost in costs],
        "median step without one": [f"{cost.median * 1000:,.0f} ms" for cost in costs],
        "longest step with one": [f"{cost.longest * 1000:,.0f} ms" for cost in costs],
        "longest step to median step": [f"{cost.longest / cost.median:.1f}-fold" for cost in costs],
        "training time that one takes": [f"{cost.extra:.2f} s" for cost in costs],
        "default interval": [f"{cost.interval:.0f} s" if cost.interval else "an epoch" for cost in costs],
        "share of the time at that interval": [f"{cost.share:.2%}" if cost.share is not None else "" for cost in costs],
    }
    print_table(header, [[name, *cells] for name, cells in lines.items()])


def _machine() -> str:
    packages = f"TensorFlow {tf.__version__}, Keras {keras.__version__}"
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return (
        f"{date.today()}: {model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; "
        f"Python {platform.python_version()}, {packages}. Load before the start: {load}"
    )


if __name__ == "__main__":
    main()
