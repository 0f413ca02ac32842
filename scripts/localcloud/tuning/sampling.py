"""Chooses the hyperparameters of a tuning's next training job: a pure function of ranges, strategy, seed and results.

Optuna samples: random values, and TPE for the strategy Bayesian. AWS uses Gaussian processes for it; Optuna's sampler
with these would need torch. The strategy Hyperband samples at random, and `early_stopping` ends its training jobs.
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import TYPE_CHECKING, Any

from scripts.localcloud.tuning.ranges import CategoricalRange, NumberRange, Range, Scaling, SearchSpace

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution

# The first values are random: TPE needs this many results for its model.
STARTUP_JOBS = 5


@dataclass(frozen=True)
class Result:
    """What is known of a training job.

    Attributes:
        values: its hyperparameters, as text.
        objective: its final value of the objective; None while it runs, or if it has none.
        running: whether it runs.
    """

    values: Mapping[str, str]
    objective: float | None = None
    running: bool = False


def suggest(
    space: SearchSpace,
    strategy: str,
    seed: int,
    results: Sequence[Result],
    *,
    minimize: bool,
    earlier: Sequence[Result] = (),
) -> dict[str, str]:
    """Return the hyperparameters of a tuning's next training job, as text.

    Args:
        space: the ranges.
        strategy: Bayesian, Random, Grid or Hyperband.
        seed: RandomSeed. The same arguments give the same values. Random, Grid and Hyperband depend on the number of
            results alone.
        results: the tuning's training jobs so far, in the order of their creation.
        minimize: whether the smaller objective is the better one.
        earlier: the training jobs of the parents of a warm start; those whose values are outside of the ranges, or that
            have no objective, do not count.
    """
    if strategy == "Grid":
        return _grid(space, len(results))
    draw = random.Random(f"{seed}/{len(results)}").getrandbits(32)  # noqa: S311 - no secret
    if strategy == "Bayesian":
        return _bayesian(space, draw, [*earlier, *results], minimize)
    return _random(space, draw)


def _grid(space: SearchSpace, number: int) -> dict[str, str]:
    choices = [one.values for one in space if isinstance(one, CategoricalRange)]
    chosen = next(islice(product(*choices), number, None))
    return {one.name: value for one, value in zip(space, chosen, strict=True)}


def _random(space: SearchSpace, seed: int) -> dict[str, str]:
    from optuna.samplers import RandomSampler

    return _ask(space, _study(RandomSampler(seed), minimize=True))


def _bayesian(space: SearchSpace, seed: int, results: Sequence[Result], minimize: bool) -> dict[str, str]:
    from optuna.samplers import TPESampler

    study = _study(TPESampler(seed=seed, n_startup_trials=STARTUP_JOBS), minimize)
    for one in results:
        known = one.objective is not None or one.running
        if known and all(each.name in one.values and each.holds(one.values[each.name]) for each in space):
            study.add_trial(_trial(space, one))
    return _ask(space, study)


def _study(sampler: Any, minimize: bool) -> "optuna.Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(sampler=sampler, direction="minimize" if minimize else "maximize")


def _ask(space: SearchSpace, study: "optuna.Study") -> dict[str, str]:
    trial = study.ask({one.name: _distribution(one) for one in space})
    return {one.name: _text(one, trial.params[one.name]) for one in space}


def _trial(space: SearchSpace, result: Result) -> "optuna.trial.FrozenTrial":
    from optuna.trial import TrialState, create_trial

    return create_trial(
        state=TrialState.RUNNING if result.running else TrialState.COMPLETE,
        value=None if result.running else result.objective,
        params={one.name: _parameter(one, result.values[one.name]) for one in space},
        distributions={one.name: _distribution(one) for one in space},
    )


def _distribution(one: Range) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(one, CategoricalRange):
        return CategoricalDistribution(one.values)
    if one.integer:
        return IntDistribution(int(one.minimum), int(one.maximum), log=one.scaling is Scaling.LOGARITHMIC)
    if one.scaling is Scaling.REVERSE_LOGARITHMIC:  # The distance from 1 has a logarithmic scale.
        return FloatDistribution(1 - one.maximum, 1 - one.minimum, log=True)
    return FloatDistribution(one.minimum, one.maximum, log=one.scaling is Scaling.LOGARITHMIC)


def _parameter(one: Range, text: str) -> str | float:
    """Return Optuna's value of a hyperparameter's text."""
    if isinstance(one, CategoricalRange):
        return text
    if one.integer:
        return int(float(text))
    low, high = (1 - one.maximum, 1 - one.minimum) if _is_reverse(one) else (one.minimum, one.maximum)
    value = 1 - float(text) if _is_reverse(one) else float(text)
    return min(max(value, low), high)  # 1 - (1 - x) may differ from x in the last digit.


def _text(one: Range, value: Any) -> str:
    if isinstance(one, CategoricalRange):
        return str(value)
    if one.integer:
        return str(int(value))
    return repr(min(max(1 - value if _is_reverse(one) else value, one.minimum), one.maximum))


def _is_reverse(one: NumberRange) -> bool:
    return one.scaling is Scaling.REVERSE_LOGARITHMIC
