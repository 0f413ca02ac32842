"""How much each searched hyperparameter mattered for a good objective, and how certain that is.

PED-ANOVA compares the values of the best jobs with those of all jobs: https://arxiv.org/abs/2304.10255. Optuna's own
advice is at least five jobs among the best: https://optuna.readthedocs.io/en/stable/reference/generated/
optuna.importance.PedAnovaImportanceEvaluator.html. The uncertainty is a bootstrap over the jobs: the same sum for
samples of the jobs, drawn with replacement.
"""

import math
import random
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.tuning.results import Range, Trial, Tuning

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

LEAST_JOBS = 4
"""With fewer jobs, half of them are one or two, and their values say nothing."""
FEW_JOBS = 30
"""Below it, the page says that so few jobs say little."""
AMONG_BEST, BEST_SHARE = 5, 0.1
SAMPLES = 40
LOW, HIGH = 0.05, 0.95


@dataclass(frozen=True)
class Importance:
    """One hyperparameter's share of the importance of all, from 0 to 1.

    Args:
        name: the hyperparameter.
        share: its share.
        low: the share that 5% of the bootstrap's samples are below.
        high: the share that 5% of them are above.
    """

    name: str
    share: float
    low: float
    high: float


def importances(tuning: Tuning, samples: int = SAMPLES) -> list[Importance]:
    """The importance of each searched hyperparameter, the most important first.

    Empty with fewer than two hyperparameters, fewer than LEAST_JOBS jobs with an objective, or equal objectives.
    """
    spaces = {one.name: space for one in tuning.ranges if (space := _distribution(one)) is not None}
    jobs = [trial for trial in tuning.trials if trial.objective is not None]
    if len(spaces) < 2 or len(jobs) < LEAST_JOBS or len({trial.objective for trial in jobs}) == 1:
        return []
    sign = 1 if tuning.direction == "Minimize" else -1
    known = [one for trial in jobs if (one := _frozen(trial, spaces, sign)) is not None]
    if len(known) < LEAST_JOBS:
        return []
    names = list(spaces)
    whole = _shares(known, names)
    draw = random.Random(0)  # noqa: S311 - a sample, not a secret; the same page each time
    drawn = [_shares([draw.choice(known) for _ in known], names) for _ in range(samples)]
    found = []
    for name in names:
        values = sorted(each[name] for each in drawn)
        low, high = (values[min(len(values) - 1, math.floor(share * len(values)))] for share in (LOW, HIGH))
        found.append(Importance(name, whole[name], min(low, whole[name]), max(high, whole[name])))
    return sorted(found, key=lambda one: -one.share)


def is_order_certain(found: Sequence[Importance]) -> bool:
    """Whether the most important hyperparameter is so in nearly all samples of the bootstrap."""
    return len(found) > 1 and found[0].low > max(one.high for one in found[1:])


def _shares(trials: "Sequence[FrozenTrial]", names: Sequence[str]) -> dict[str, float]:
    """Each name's share of the importance of all; equal shares if nothing differs."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    study.add_trials(trials)
    best = max(BEST_SHARE, min(0.5, AMONG_BEST / len(trials)))
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=best)
    with warnings.catch_warnings():
        # Of equal objectives Optuna warns that it cannot tell them apart. Then the shares are equal.
        warnings.simplefilter("ignore", UserWarning)
        found = evaluator.evaluate(study, params=list(names))
    total = sum(found.values())
    return {name: found[name] / total if total > 0 else 1 / len(names) for name in names}


def _frozen(trial: Trial, spaces: "Mapping[str, BaseDistribution]", sign: int) -> "FrozenTrial | None":
    """A job as Optuna's value, to minimize; None if a value is missing, or outside its range."""
    import optuna

    try:
        return optuna.trial.create_trial(
            params={name: _value(space, trial.values[name]) for name, space in spaces.items()},
            distributions=dict(spaces),
            value=sign * (trial.objective or 0.0),
        )
    except (KeyError, ValueError, OverflowError):
        return None


def _value(space: "BaseDistribution", text: str) -> str | float | int:
    from optuna import distributions

    if isinstance(space, distributions.CategoricalDistribution):
        return text
    return round(float(text)) if isinstance(space, distributions.IntDistribution) else float(text)


def _distribution(one: Range) -> "BaseDistribution | None":
    """Return Optuna's distribution of a range; None if it has a single value, or limits that are not numbers."""
    from optuna import distributions

    if one.kind == "categorical":
        return distributions.CategoricalDistribution(one.choices) if len(one.choices) > 1 else None
    try:
        low, high = float(one.low), float(one.high)
        if not low < high < math.inf:
            return None
        is_log = one.scaling == "Logarithmic"
        if one.kind == "integer":
            return distributions.IntDistribution(round(low), round(high), log=is_log and low >= 1)
        return distributions.FloatDistribution(low, high, log=is_log and low > 0)
    except (ValueError, OverflowError):
        return None
