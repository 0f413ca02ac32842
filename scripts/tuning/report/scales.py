"""Where a value is on the axis of its range: from 0 to 1, in the range's own scaling. And the axis's labels.

SageMaker's scaling types:
https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html#scaling-type
"""

import json
import math

from scripts.tuning.results import Range

SPAN = 1000
"""Scaling Auto: so large a quotient of the limits gets a logarithmic axis."""


def position(one: Range, text: str) -> float | None:
    """A value's place on its axis, from 0 to 1; None if it is not in the range.

    Args:
        one: the range.
        text: the value, as SageMaker reports it.
    """
    if one.kind == "categorical":
        if text not in one.choices:
            return None
        return one.choices.index(text) / (len(one.choices) - 1) if len(one.choices) > 1 else 0.5
    try:
        value, low, high = float(text), float(one.low), float(one.high)
    except ValueError:
        return None
    if not -math.inf < low <= value <= high < math.inf:
        return None
    if low == high:
        return 0.5
    start, here, end = (_scaled(one, each) for each in (low, value, high))
    return (here - start) / (end - start)


def ticks(one: Range) -> list[tuple[float, str]]:
    """The places with a label: the ends and the middle of a numeric range, each choice of a categorical one."""
    if one.kind == "categorical":
        return [(position(one, choice) or 0.0, shown(choice)) for choice in one.choices]
    return [(0.0, shown(one.low)), (0.5, _middle(one)), (1.0, shown(one.high))] if one.low != one.high else []


def shown(text: str) -> str:
    """A value as people read it: a number with four digits, a JSON string without its quotation marks."""
    try:
        return f"{float(text):.4g}"
    except ValueError:
        pass
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except ValueError:
            pass
    return text


def _is_logarithmic(one: Range) -> bool:
    """Whether the range's axis is logarithmic."""
    try:
        low, high = float(one.low), float(one.high)
    except ValueError:
        return False
    return low > 0 and (one.scaling == "Logarithmic" or (one.scaling == "Auto" and high / low >= SPAN))


def _scaled(one: Range, value: float) -> float:
    if one.scaling == "ReverseLogarithmic":
        return -math.log(1 - value) if value < 1 else value
    return math.log(value) if _is_logarithmic(one) else value


def _middle(one: Range) -> str:
    try:
        low, high = float(one.low), float(one.high)
    except ValueError:
        return ""
    if one.scaling == "ReverseLogarithmic" and high < 1:
        middle = 1 - math.sqrt((1 - low) * (1 - high))
    else:
        middle = math.sqrt(low * high) if _is_logarithmic(one) else (low + high) / 2
    return f"{middle:.2g}"
