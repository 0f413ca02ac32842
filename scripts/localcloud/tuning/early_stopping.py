"""Decides which training jobs of a tuning are stopped before their end. Pure functions of the values they print."""

import statistics
from collections.abc import Mapping, Sequence

# AWS does not say after how many training jobs it begins to stop others. A median of fewer than three says little.
FEWEST_JOBS = 3
ETA = 3
"""Of the jobs that reach a rung of Hyperband, one in so many continues."""
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_HyperbandStrategyConfig.html
EPOCH_PARAMETERS = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")

History = Sequence[float]


def is_below_median(history: History, previous: Sequence[History], minimize: bool) -> bool:
    """Return whether a training job is stopped by AWS's rule for TrainingJobEarlyStoppingType Auto.

    Its last value is worse than the median of the running averages of the previous jobs up to the same epoch.
    https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-early-stopping.html

    Args:
        history: the objective's values that it has printed, one for each epoch.
        previous: those of the training jobs that are Completed.
        minimize: whether the smaller objective is the better one.
    """
    epoch = len(history)
    if not epoch:
        return False
    averages = [statistics.fmean(one[:epoch]) for one in previous if len(one) >= epoch]
    if len(averages) < FEWEST_JOBS:
        return False
    median = statistics.median(averages)
    return history[-1] > median if minimize else history[-1] < median


def max_resource(config: Mapping[str, int], static: Mapping[str, str]) -> int | None:
    """Return MaxResource: of HyperbandStrategyConfig, or else of a hyperparameter that has one value and counts epochs.

    Returns:
        The number; None if neither has one.
    """
    if "MaxResource" in config:
        return config["MaxResource"]
    found = (static[name].strip('"') for name in EPOCH_PARAMETERS if name in static)
    return next((int(text) for text in found if text.isdecimal() and int(text) > 0), None)


def is_stopped_by_hyperband(number: int, histories: Sequence[History], low: int, high: int, minimize: bool) -> bool:
    """Return whether Hyperband stops a training job now.

    From one rung of its bracket to the next, a job continues while it is in the best third of those that have come to
    this rung, as in asynchronous successive halving (https://arxiv.org/abs/1810.05934). A job that prints more than
    ``high`` values is stopped; one that prints as many is about to end by itself.

    Args:
        number: the job's index in ``histories``.
        histories: the objective's values of all training jobs, one for each epoch, in the order of their creation.
        low: MinResource.
        high: MaxResource.
        minimize: whether the smaller objective is the better one.
    """
    reached = len(histories[number])
    if reached > high:
        return True
    count = brackets(low, high)
    bracket = [one for index, one in enumerate(histories) if index % count == number % count]
    passed = [rung for rung in rungs(number % count, low, high) if rung <= reached]
    if not passed:
        return False
    own, rivals = histories[number][passed[-1] - 1], [one[passed[-1] - 1] for one in bracket if len(one) >= passed[-1]]
    better = sum(value < own if minimize else value > own for value in rivals)
    return len(rivals) >= ETA and better >= len(rivals) // ETA


def brackets(low: int, high: int) -> int:
    """Return how many brackets Hyperband has; the training jobs join them in turn."""
    count = 1
    while low * ETA**count < high:
        count += 1
    return count


def rungs(bracket: int, low: int, high: int) -> list[int]:
    """Return the epochs after which jobs of a bracket may be stopped; a later bracket begins later."""
    steps = (low * ETA**power for power in range(bracket, brackets(low, high)))
    return [step for step in steps if step < high]
