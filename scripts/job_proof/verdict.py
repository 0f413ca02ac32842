"""The verdict about a job: from two uninterrupted runs and an interrupted one. Functions of values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from scripts.job_proof.attempts import Repetition
from scripts.job_proof.models import Model, different_files, has_arrays

# What measures time differs from run to run, and says nothing about the result.
CLOCK = re.compile(r"(^|_)(seconds?|ms|time|duration|speed|throughput)(_|$)", re.IGNORECASE)
# Two runs say little about a spread: a third one is within ten times their difference in 19 of 20 cases (Student's t
# distribution with one degree of freedom). They may also agree by chance, so this share of the value is allowed anyway.
SPREADS, SHARE = 10.0, 0.05


@dataclass(frozen=True)
class Outcome:
    """What a run left.

    Args:
        metrics: its final metrics.
        model: the files of its model.
    """

    metrics: Mapping[str, float]
    model: Model


@dataclass(frozen=True)
class Difference:
    """A metric of the interrupted run that differs too much.

    Args:
        name: its name.
        uninterrupted: its values in the uninterrupted runs.
        interrupted: its value in the interrupted run; None if that has none.
    """

    name: str
    uninterrupted: tuple[float, float]
    interrupted: float | None


class Result(Enum):
    """How the interrupted run compares with the uninterrupted ones."""

    SAME_BITS = auto()
    SAME_METRICS = auto()
    OTHER_METRICS = auto()
    OTHER_MODEL = auto()  # the uninterrupted runs have equal ones, and there is no metric; or it has none
    UNKNOWN = auto()  # there is nothing that two uninterrupted runs have in common


@dataclass(frozen=True)
class Verdict:
    """The verdict.

    Args:
        result: how the results compare.
        repetition: what was trained again.
        repeatable: whether the two uninterrupted runs left the same.
        within: the largest share by which a metric differs from the mean of the uninterrupted runs.
        differences: the metrics that differ too much.
        noise: the files of the model that differ between the uninterrupted runs.
        files: the other files that differ in the interrupted one.
    """

    result: Result
    repetition: Repetition
    repeatable: bool
    within: float
    differences: Sequence[Difference]
    noise: Sequence[str]
    files: Sequence[str]

    @property
    def is_loss(self) -> bool:
        """Whether an interruption loses work or changes the result."""
        return self.repetition.from_zero or self.result in {Result.OTHER_METRICS, Result.OTHER_MODEL}


def judge(first: Outcome, second: Outcome, interrupted: Outcome, repetition: Repetition) -> Verdict:
    """Compare an interrupted run with two uninterrupted ones.

    Args:
        first: an uninterrupted run.
        second: another one.
        interrupted: the interrupted run.
        repetition: what it trained again.
    """
    repeatable = is_repeatable(first, second)
    noise = different_files(first.model, second.model)
    files = [name for name in different_files(first.model, interrupted.model) if name not in noise]
    metrics = [name for name in {**first.metrics, **second.metrics} if not CLOCK.search(name)]
    compared = [_compare(name, first, second, interrupted) for name in metrics]
    differences = [one for one, tolerable, _ in compared if not tolerable]
    within = max((share for _, _, share in compared), default=0.0)
    if differences:
        result = Result.OTHER_METRICS
    elif first.model and not interrupted.model:
        result = Result.OTHER_MODEL
    elif first.model and repeatable and not files and within == 0:
        result = Result.SAME_BITS
    elif metrics:
        result = Result.SAME_METRICS
    else:
        result = Result.OTHER_MODEL if first.model and repeatable else Result.UNKNOWN
    return Verdict(result, repetition, repeatable, within, differences, noise, files)


def is_repeatable(first: Outcome, second: Outcome) -> bool:
    """Whether two uninterrupted runs left the same: metrics and arrays, or all files if no file has arrays."""
    different = different_files(first.model, second.model)
    if any(has_arrays(name) for name in first.model):
        different = [name for name in different if has_arrays(name)]
    values = [{name: one.metrics[name] for name in one.metrics if not CLOCK.search(name)} for one in (first, second)]
    return not different and values[0] == values[1]


def _compare(name: str, first: Outcome, second: Outcome, interrupted: Outcome) -> tuple[Difference, bool, float]:
    """A metric's values, whether the interrupted run's is near enough, and the share by which it differs."""
    one = first.metrics.get(name, second.metrics.get(name, 0.0))
    other, value = second.metrics.get(name, one), interrupted.metrics.get(name)
    difference = Difference(name, (one, other), value)
    if value is None:
        return difference, False, 1.0
    mean = (one + other) / 2
    distance = abs(value - mean)
    tolerable = distance <= max(SPREADS * abs(one - other), SHARE * abs(mean))
    return difference, tolerable, distance / abs(mean) if mean else float(distance > 0)
