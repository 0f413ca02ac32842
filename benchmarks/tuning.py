"""Compares the strategies of the local cloud's tuning on three known functions. It needs no TensorFlow.

Run it from the repository's root: ``python -m benchmarks.tuning [SEEDS]``. It prints a table for docs/tuning.md.

The functions are minimized: Branin and Hartmann with three variables, as in https://www.sfu.ca/~ssurjano/optimization.html,
and one that looks like a training, with a learning rate on a logarithmic scale, a dropout and a choice of optimizer.
"""

import math
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.table import print_table
from scripts.localcloud.tuning.ranges import CategoricalRange, NumberRange, Scaling, SearchSpace, combinations
from scripts.localcloud.tuning.sampling import Result, suggest

SEEDS, JOBS = 20, 40
LEVELS = 7
"""The values that a grid has of each number; it has more jobs than the others with three variables."""


@dataclass(frozen=True)
class Known:
    """A function of hyperparameters, as text, and its search space."""

    name: str
    space: SearchSpace
    value: Callable[[Mapping[str, str]], float]


def branin(values: Mapping[str, str]) -> float:
    """Branin's function; its least value is 0.397887."""
    x, y = float(values["x"]), float(values["y"])
    curve = y - 5.1 / (4 * math.pi**2) * x**2 + 5 / math.pi * x - 6
    return curve**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


HEIGHTS = (1.0, 1.2, 3.0, 3.2)
WIDTHS = ((3, 10, 30), (0.1, 10, 35), (3, 10, 30), (0.1, 10, 35))
PLACES = ((0.3689, 0.117, 0.2673), (0.4699, 0.4387, 0.747), (0.1091, 0.8732, 0.5547), (0.0381, 0.5743, 0.8828))


def hartmann(values: Mapping[str, str]) -> float:
    """Hartmann's function of three variables; its least value is -3.86278."""
    point = [float(values[name]) for name in "xyz"]
    return -sum(
        height * math.exp(-sum(w * (x - p) ** 2 for w, x, p in zip(width, point, place, strict=True)))
        for height, width, place in zip(HEIGHTS, WIDTHS, PLACES, strict=True)
    )


def training(values: Mapping[str, str]) -> float:
    """A loss that is least, 0, at a learning rate of 0.003, a dropout of 0.2 and adamw."""
    rate, dropout = math.log10(float(values["learning_rate"]) / 0.003), float(values["dropout"]) - 0.2
    return rate**2 + 2 * dropout**2 + {"adamw": 0.0, "adam": 0.1, "sgd": 0.6, "lion": 0.3}[values["optimizer"]]


FUNCTIONS = (
    Known("Branin", (NumberRange("x", -5, 10), NumberRange("y", 0, 15)), branin),
    Known("Hartmann", tuple(NumberRange(name, 0, 1) for name in "xyz"), hartmann),
    Known(
        "like a training",
        (
            NumberRange("learning_rate", 1e-5, 1, scaling=Scaling.LOGARITHMIC),
            NumberRange("dropout", 0, 0.9),
            CategoricalRange("optimizer", ("adam", "adamw", "lion", "sgd")),
        ),
        training,
    ),
)


def search(known: Known, strategy: str, seed: int, jobs: int) -> list[float]:
    """Search with one job at a time; the best value after each job."""
    space = _levels(known.space) if strategy == "Grid" else known.space
    results: list[Result] = []
    best: list[float] = []
    for _ in range(jobs):
        values = suggest(space, strategy, seed, results, minimize=True)
        found = known.value(values)
        results.append(Result(values, found))
        best.append(min(found, best[-1]) if best else found)
    return best


def _levels(space: SearchSpace) -> SearchSpace:
    """A space with the values that a grid tries."""
    return tuple(one if isinstance(one, CategoricalRange) else _spread(one) for one in space)


def _spread(one: NumberRange) -> CategoricalRange:
    """A range's values, spread evenly on its scale."""
    steps = [step / (LEVELS - 1) for step in range(LEVELS)]
    if one.scaling is Scaling.LOGARITHMIC:
        values = [one.minimum * (one.maximum / one.minimum) ** step for step in steps]
    else:
        values = [one.minimum + (one.maximum - one.minimum) * step for step in steps]
    return CategoricalRange(one.name, tuple(map(repr, values)))


def needed(line: Sequence[float], goal: float) -> int | None:
    """After how many jobs a search is at least as good as a goal; None if it never is."""
    return next((number for number, value in enumerate(line, start=1) if value <= goal), None)


def compare(known: Known, seeds: int) -> list[str]:
    """A row of the table: what each strategy reaches, and after how many jobs Bayesian is where Random ends."""
    lines = {name: [search(known, name, seed, JOBS) for seed in range(seeds)] for name in ("Random", "Bayesian")}
    grid = combinations(_levels(known.space))
    ends = {name: statistics.median(line[-1] for line in found) for name, found in lines.items()}
    jobs = statistics.median(needed(line, ends["Random"]) or JOBS + 1 for line in lines["Bayesian"])
    half = statistics.median(line[JOBS // 2 - 1] for line in lines["Bayesian"])
    return [
        known.name,
        f"{ends['Random']:.4g}",
        f"{search(known, 'Grid', 0, grid)[-1]:.4g} ({grid} jobs)",
        f"{half:.4g}",
        f"{ends['Bayesian']:.4g}",
        f"{jobs:g}",
    ]


def main() -> None:
    """Print the table."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    heading = ("function", f"Random, {JOBS} jobs", "Grid", f"Bayesian, {JOBS // 2} jobs", f"Bayesian, {JOBS} jobs")
    print(f"The least value found, median of {seeds} seeds")
    print_table((*heading, "jobs until Bayesian is where Random ends"), [compare(known, seeds) for known in FUNCTIONS])


if __name__ == "__main__":
    main()
