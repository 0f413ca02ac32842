"""What AWS refuses of a tuning, found before it is sent. Pure functions.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html has the limits.
"""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from scripts.core.errors import UserError, nearest
from scripts.tuning.request import Search
from scripts.tuning.results import Direction

if TYPE_CHECKING:
    from scripts.jobfile.hyperparameters import Metric
    from scripts.jobfile.tuning_table import TuningTable

MOST_METRICS = 20
MOST_SEARCHED = 30
"""Hyperparameters that are searched; each value of a categorical one counts."""
MOST_HYPERPARAMETERS = 100
MOST_JOBS = {"Bayesian": 750, "Random": 10_000, "Grid": 750, "Hyperband": 750}
MOST_EPOCHS = 20_000
DIRECTIONS: Mapping[str | None, Direction] = {"minimize": "Minimize", "maximize": "Maximize"}
"""SageMaker's word for what a trainer says about its metric."""
# Where Hyperband finds MaxResource:
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperbandStrategyConfig.html
EPOCHS = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")


def direction_of(table: "TuningTable", metrics: Sequence["Metric"]) -> Direction:
    """Which values of the objective are better, ``Minimize`` or ``Maximize``.

    Args:
        table: the table [tuning].
        metrics: the metrics of the job.

    Raises:
        UserError: the job has no such metric, or nobody says which values are better.
    """
    by_name = {metric.name: metric for metric in metrics}
    if table.objective not in by_name:
        close = nearest(table.objective, by_name)
        hint = f"Did you mean {close}? " if close else ""
        known = f"The job's metrics: {', '.join(by_name)}." if by_name else "Add it to [metrics] of the job file."
        raise UserError(f"tuning.objective is {table.objective}, and the job prints no such metric.", f"{hint}{known}")
    direction = table.direction or DIRECTIONS.get(by_name[table.objective].direction)
    if direction is None:
        raise UserError(
            f"tuning.objective is {table.objective}, and nobody says which of its values are better.",
            'Write direction = "Minimize" or direction = "Maximize" under [tuning].',
        )
    return direction


def check(search: Search, hyperparameters: Mapping[str, str], metrics: Sequence["Metric"]) -> None:
    """Check a search against AWS's limits.

    Args:
        search: the search.
        hyperparameters: the job's hyperparameters; the tuning replaces those that it searches.
        metrics: the metrics of the job.

    Raises:
        UserError: AWS would refuse it.
    """
    names = {one.name for one in search.ranges}
    fixed = {name: value for name, value in hyperparameters.items() if name not in names}
    if not names:
        raise UserError(
            "The tuning has nothing to search: the job file has no [tuning.ranges], and the program suggests none.",
            "Add a table such as [tuning.ranges.learning_rate] with min and max.",
        )
    _check_counts(search, len(names) + len(fixed), len(metrics))
    if search.table.strategy == "Grid":
        _check_grid(search)
    if search.table.strategy == "Hyperband":
        _check_hyperband(fixed)
    strategy = search.table.strategy
    if search.max_jobs > MOST_JOBS[strategy]:
        raise UserError(
            f"The tuning has {search.max_jobs} jobs; SageMaker accepts {MOST_JOBS[strategy]} with strategy {strategy}.",
            "Remove values of a range." if strategy == "Grid" else "Lower tuning.max_jobs.",
        )


def _check_counts(search: Search, hyperparameters: int, metrics: int) -> None:
    searched = sum(len(one.choices) or 1 for one in search.ranges)
    if searched > MOST_SEARCHED:
        raise UserError(
            f"The tuning searches {searched} hyperparameters and values of lists; SageMaker accepts {MOST_SEARCHED}.",
            "Remove values or tables of [tuning.ranges].",
        )
    if hyperparameters > MOST_HYPERPARAMETERS:
        raise UserError(
            f"There are {hyperparameters} hyperparameters, with those that are searched; SageMaker accepts "
            f"{MOST_HYPERPARAMETERS}.",
            "Remove some.",
        )
    if metrics > MOST_METRICS:
        raise UserError(
            f"There are {metrics} metrics, with those of the trainer; a tuning has at most {MOST_METRICS}.",
            "Remove some from [metrics].",
        )


def _check_grid(search: Search) -> None:
    table, count = search.table, search.max_jobs
    ranged = next((one.name for one in search.ranges if one.kind != "categorical"), None)
    if ranged is not None:
        raise UserError(
            f"Strategy Grid tries lists of values, and {ranged} has a range.",
            f"Write values = […] under [tuning.ranges.{ranged}], or choose another strategy.",
        )
    if table.max_jobs is not None and table.max_jobs != count:
        raise UserError(
            f"tuning.max_jobs is {table.max_jobs}, and the grid has {count} combinations: SageMaker runs all of them.",
            f"Remove max_jobs, or write max_jobs = {count}.",
        )
    if table.parallel_jobs > count:
        raise UserError(
            f"tuning.parallel_jobs is {table.parallel_jobs}, and the grid has {count} combinations.",
            "Lower parallel_jobs: no more jobs can run at the same time.",
        )


def _check_hyperband(fixed: Mapping[str, str]) -> None:
    name = next((name for name in EPOCHS if name in fixed), None)
    if name is None:
        raise UserError(
            "Strategy Hyperband shares out epochs, and no hyperparameter says how many a job has at most.",
            f"Set one of {', '.join(EPOCHS)} to one value in [hyperparameters], or choose another strategy.",
        )
    text = fixed[name]
    if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= MOST_EPOCHS:
        raise UserError(
            f"{name}={text} is not a number of epochs for strategy Hyperband.",
            f"Set a whole number from 1 to {MOST_EPOCHS}.",
        )
