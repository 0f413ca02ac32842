"""Whether eight short jobs, as in `make demo-tune`, find a lower validation loss than the job file's own values.

Run it from the repository's root, in a local cloud that runs jobs as processes and has the stack:
``python -m scripts.cloud exec -- python -m benchmarks.tuning_digits [SEEDS]``. For each seed of the trainings it sends
one job with the job file's own values and one search, and prints a table for docs/tuning.md.
"""

import json
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.table import print_table
from scripts.demo_steps.journey import JOB, RUN, TUNING, named
from scripts.demo_tune import EPOCHS
from scripts.tuning.reading import read_saved

SEEDS = 3
METRIC = "val_loss"


def main() -> None:
    """Measure each seed and print the table."""
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    found = [(str(seed), defaults(seed), best(seed)) for seed in range(seeds)]
    medians = (statistics.median(one for _, one, _ in found), statistics.median(one for _, _, one in found))
    rows = [(seed, f"{one:.4g}", f"{other:.4g}") for seed, one, other in [*found, ("median", *medians)]]
    print_table(("seed", "the job file's values", "best of the search"), rows)


def defaults(seed: int) -> float:
    """The validation loss with the job file's own values."""
    run = named(_verb("train", seed), RUN)
    record = json.loads((Path("runs") / str(run) / "record.json").read_text(encoding="utf-8"))
    return float(record["metrics"][METRIC])


def best(seed: int) -> float:
    """The least validation loss of a search."""
    tuning = read_saved(str(named(_verb("tune", seed), TUNING)))
    if tuning is None or tuning.best_trial is None or tuning.best_trial.objective is None:
        raise SystemExit(f"The search with the seed {seed} found nothing.")
    return tuning.best_trial.objective


def _verb(name: str, seed: int) -> list[str]:
    command = [sys.executable, "-m", f"scripts.{name}", "--job", JOB, "--hp", EPOCHS, "--hp", f"seed={seed}", "--yes"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return ended.stdout.splitlines()


if __name__ == "__main__":
    main()
