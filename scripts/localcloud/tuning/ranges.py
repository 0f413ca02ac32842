"""The ranges that a tuning searches: read from ParameterRanges, with the scale of each.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

# AWS does not say when Auto means a logarithmic scale. Here it does from this ratio of maximum to minimum on.
AUTO_LOGARITHMIC = 1000


class Scaling(Enum):
    """The scale on which a range is searched."""

    LINEAR = "Linear"
    LOGARITHMIC = "Logarithmic"
    REVERSE_LOGARITHMIC = "ReverseLogarithmic"


@dataclass(frozen=True)
class NumberRange:
    """An IntegerParameterRange or a ContinuousParameterRange.

    Attributes:
        integer: whether the values are integers.
    """

    name: str
    minimum: float
    maximum: float
    integer: bool = False
    scaling: Scaling = Scaling.LINEAR

    def holds(self, text: str) -> bool:
        """Return whether a hyperparameter's value is in the range."""
        try:
            return self.minimum <= float(text) <= self.maximum
        except ValueError:
            return False


@dataclass(frozen=True)
class CategoricalRange:
    """A CategoricalParameterRange."""

    name: str
    values: tuple[str, ...]

    def holds(self, text: str) -> bool:
        """Return whether a hyperparameter's value is one of the range's."""
        return text in self.values


Range = NumberRange | CategoricalRange
SearchSpace = tuple[Range, ...]


def read(ranges: Mapping[str, Any]) -> SearchSpace:
    """Return the search space of a ParameterRanges structure, integers first, then continuous, then categorical.

    Raises:
        ValueError: a minimum or maximum is not a number of its type; `rules` reports it before.
    """
    return tuple(_ranges(ranges))


def number(text: str, integer: bool) -> float:
    """Return the number that a MinValue or MaxValue is.

    Raises:
        ValueError: it is not a finite number, or not an integer where it must be one.
    """
    try:
        value = int(text) if integer else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not {'an integer' if integer else 'a finite number'}")
    return value


def combinations(space: SearchSpace) -> int:
    """Return the number of combinations of a space of categorical ranges."""
    return math.prod(len(one.values) for one in space if isinstance(one, CategoricalRange))


def _ranges(ranges: Mapping[str, Any]) -> Iterator[Range]:
    for member, integer in (("IntegerParameterRanges", True), ("ContinuousParameterRanges", False)):
        for one in ranges.get(member, []):
            low, high = number(one["MinValue"], integer), number(one["MaxValue"], integer)
            yield NumberRange(one["Name"], low, high, integer, _scaling(one.get("ScalingType", "Auto"), low, high))
    for one in ranges.get("CategoricalParameterRanges", []):
        yield CategoricalRange(one["Name"], tuple(one["Values"]))


def _scaling(name: str, low: float, high: float) -> Scaling:
    if name != "Auto":
        return Scaling(name)
    return Scaling.LOGARITHMIC if low > 0 and high / low >= AUTO_LOGARITHMIC else Scaling.LINEAR
