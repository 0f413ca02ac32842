"""Measures what a training image costs in the trainer and in Keras's `fit`: same network, images and optimizer.

Run it from the repository's root: ``python -m benchmarks.trainer [ROW ...]``, with rows of `epochs.ROWS`; on an idle
machine a row takes half a minute to three minutes. The trainer and `fit` are processes of their own, because the
trainer makes TensorFlow deterministic. They take turns, an epoch each, in another order each round: whoever follows
another process finds the processor's caches cold. It prints the medians, and their spread.
"""

import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast

from benchmarks import epochs
from benchmarks.table import print_table

ROUNDS = 5
Times = dict[str, list[float]]


def main(names: Sequence[str]) -> None:
    """Measure these rows, or all, and print a table for each clock."""
    rows = {name: epochs.ROWS[name] for name in names or epochs.ROWS}
    measured = {name: measure(row) for name, row in rows.items()}
    for clock in ("seconds", "CPU seconds"):
        print(f"\nMicroseconds for an image, by {clock}:\n")
        header = ["", *epochs.PROGRAMS, "speed to `fit`", "to `.cache()`", "to synthetic"]
        print_table(header, [_cells(rows[name], times[clock]) for name, times in measured.items()])


def measure(row: epochs.Row) -> dict[str, Times]:
    """Measure all programs in turn.

    Returns:
        For both clocks the seconds of each program's epochs.
    """
    times: dict[str, Times] = {clock: {name: [] for name in epochs.PROGRAMS} for clock in ("seconds", "CPU seconds")}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        row.write(Path(folder))
        workers = {kind: running.enter_context(_worker(kind, row.name, folder)) for kind in epochs.WORKERS}
        for number in range(ROUNDS + 1):
            order = random.Random(number).sample(list(epochs.PROGRAMS), len(epochs.PROGRAMS))  # noqa: S311 - no secret
            for program in order:
                kind = epochs.PROGRAMS[program]
                wall, cpu = _epoch(workers[kind], program)
                if number:  # the first epoch compiles, and fills what is kept in memory
                    times["seconds"][program].append(wall)
                    times["CPU seconds"][program].append(cpu)
            print(f"{row.name}: round {number} of {ROUNDS}", file=sys.stderr, flush=True)
    return times


def _cells(row: epochs.Row, times: Times) -> list[str]:
    medians = {program: statistics.median(seconds) for program, seconds in times.items()}

    def per_image(program: str) -> str:
        least, most = (each(times[program]) / row.used * 1e6 for each in (min, max))
        return f"{medians[program] / row.used * 1e6:,.0f} ({least:,.0f} to {most:,.0f})"

    ours = medians[epochs.OURS]
    ratios = [medians[other] / ours for other in (epochs.FIT, epochs.CACHED)]
    return [
        row.label,
        *map(per_image, epochs.PROGRAMS),
        *(f"{ratio:.2f}" for ratio in ratios),
        f"{ours / medians[epochs.SYNTHETIC]:.2f}",
    ]


@contextmanager
def _worker(kind: str, row: str, folder: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "benchmarks.epochs", kind, row, folder]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _epoch(worker: "subprocess.Popen[str]", program: str) -> tuple[float, float]:
    """Let a worker train an epoch; return its seconds and its CPU seconds."""
    cast("IO[str]", worker.stdin).write(program + "\n")
    cast("IO[str]", worker.stdin).flush()
    wall, cpu = json.loads(cast("IO[str]", worker.stdout).readline())
    return wall, cpu


if __name__ == "__main__":
    main(sys.argv[1:])
