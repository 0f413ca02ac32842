"""Measures what the trainer's input costs alone: it draws the batches of `benchmarks.trainer` and trains nothing.

Run it from the repository's root: ``python -m benchmarks.inputs [ROW ...]``, with rows of `epochs.ROWS`; a row takes
ten seconds. It counts CPU time, so other programs on the machine disturb it little.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from benchmarks import epochs
from benchmarks.table import print_table

ROUNDS = 9
Draw = Callable[[Any, Any], Any]
"""A function of an iterator of batches and of how many it draws."""


def main(names: Sequence[str]) -> None:
    """Measure these rows, or all, and print the table."""
    rows = [epochs.ROWS[name] for name in names or epochs.ROWS]
    lines = [[row.label, *(f"{cost:,.0f}" for cost in measure(row).values())] for row in rows]
    print("\nMicroseconds of CPU for an image:\n")
    print_table(["", "kept", epochs.UNKEPT, epochs.SYNTHETIC], lines)


def measure(row: epochs.Row) -> dict[str, float]:
    """Draw epochs of each input, one input after the other.

    Returns:
        The microseconds of CPU for an image, the median of ROUNDS epochs.
    """
    with tempfile.TemporaryDirectory() as name:
        row.write(Path(name))
        team, _, data = epochs.read_images(row, Path(name))
        batches = row.used // row.batch_size
        draw = _compiled_draw()
        datasets = epochs.inputs(data, (ROUNDS + 2) * batches)
        return {
            program: _median(draw, team.distribute(dataset), batches) / row.used * 1e6
            for program, dataset in datasets.items()
        }


def _median(draw: Draw, dataset: Any, batches: int) -> float:
    """The CPU seconds of an epoch of so many batches."""
    drawn, seconds = iter(dataset), []
    for number in range(ROUNDS + 1):
        before = time.process_time()
        draw(drawn, tf.constant(batches))
        if number:  # the first epoch compiles, and fills what is kept in memory
            seconds.append(time.process_time() - before)
    return statistics.median(seconds)


def _compiled_draw() -> Draw:
    """As in training, where one call of TensorFlow does many steps."""

    def draw(iterator: Any, count: Any) -> Any:
        def one(done: Any) -> Any:
            iterator.get_next()
            return done + 1

        return tf.while_loop(lambda done: done < count, one, [tf.constant(0)])

    compiled: Draw = tf.function(draw, autograph=False)
    return compiled


if __name__ == "__main__":
    main(sys.argv[1:])
