"""Declares a hyperparameter as a dataclass field, describes it as data, and reads its value from text."""

import argparse
import dataclasses
import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

# When the results of a run depend on a hyperparameter. If they do, a resumed run must have the same value. The mapping
# holds values of other hyperparameters: the results depend on this one if all of them match.
Conditions = Mapping[str, Any]
ALWAYS: Conditions = {}
EXACT_RESUME: Conditions = {"resume": "exact"}


def declare(
    default: Any,
    text: str,
    minimum: float | None = None,
    maximum: float | None = None,
    choices: tuple[Any, ...] | None = None,
    decisive: Conditions | None = None,
    tune: Mapping[str, Any] | None = None,
) -> Any:
    """Declare a hyperparameter.

    Args:
        default: its value if the job does not set it.
        text: the help text.
        minimum: the lowest value allowed.
        maximum: the highest value allowed.
        choices: all values allowed.
        decisive: when the results depend on it; None if they never do, or if only the trainer can decide.
        tune: the range that a tuning job searches if its job file names none, as in ``[tuning.ranges]``; None if it is
            not worth searching.
    """
    metadata = {"help": text, "min": minimum, "max": maximum, "choices": choices, "decisive": decisive, "tune": tune}
    return dataclasses.field(default=default, metadata=metadata)


def described(field: "dataclasses.Field[Any]") -> dict[str, Any]:
    """Return a hyperparameter as plain data: name, type, default, min, max, choices, decisive, tune, help."""
    limits = {key: field.metadata[key] for key in ("min", "max", "choices", "decisive", "tune", "help")}
    return {"name": field.name, "type": kind_of(field).__name__, "default": field.default, **limits}


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like ``word``, or None if none is similar."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def kind_of(field: "dataclasses.Field[Any]") -> type[int] | type[float] | type[str] | type[bool]:
    """Return the type of a hyperparameter."""
    return cast("type[int] | type[float] | type[str] | type[bool]", field.type)


def reader(field: "dataclasses.Field[Any]") -> Callable[[str], Any]:
    """Return the function that reads a value for argparse; it raises ArgumentTypeError if the value is not allowed."""
    kind = kind_of(field)
    low, high, choices = (field.metadata[key] for key in ("min", "max", "choices"))

    def read(text: str) -> int | float | str | bool:
        if kind is bool:
            return _truth(text)
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a {'whole number' if kind is int else 'number'}"
            ) from None
        if choices is not None and value not in choices:
            close = nearest(text, map(str, choices))
            hint = f"did you mean {close}?" if close else f"allowed are {', '.join(map(str, choices))}"
            raise argparse.ArgumentTypeError(f"{text!r} is not allowed; {hint}")
        if low is not None and not (math.isfinite(float(value)) and low <= float(value) <= high):
            raise argparse.ArgumentTypeError(f"{text} is not between {low} and {high}")
        return value

    return read


def _truth(text: str) -> bool:
    # Python programs, such as SageMaker's SDK, write True and False.
    if text.lower() not in {"true", "false"}:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return text.lower() == "true"
