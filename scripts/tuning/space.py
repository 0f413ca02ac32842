"""The search space of a tuning: which hyperparameters it chooses, and from which values. Pure functions.

https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html
"""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Literal

from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import Hyperparameter, as_text, check_value, encode
from scripts.tuning.results import Range

if TYPE_CHECKING:
    from scripts.jobfile.hyperparameters import TrainerDescription
    from scripts.jobfile.tuning_table import RangeTable, TuningTable

LONGEST_VALUE = 256
"""https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CategoricalParameterRange.html"""


def search_space(
    table: "TuningTable", known: "TrainerDescription | None", typed: Mapping[str, str]
) -> tuple[Range, ...]:
    """The hyperparameters that a tuning chooses: those of the table, else those that the trainer names.

    Args:
        table: the table [tuning].
        known: the trainer's description; None for another program.
        typed: the hyperparameters of the command line, which have one value.

    Raises:
        UserError: a hyperparameter is unknown, is typed too, or its range does not fit its type or its limits.
    """
    for name in typed:
        if name in table.ranges:
            raise UserError(
                f"HP sets {name}, and [tuning.ranges.{name}] lets the tuning choose it.",
                f"Leave {name} out of HP, or remove that table.",
            )
    ranges = table.ranges or {name: one for name, one in _suggested(known) if name not in typed}
    return tuple(_range(name, one, known) for name, one in ranges.items())


def _suggested(known: "TrainerDescription | None") -> Iterator[tuple[str, "RangeTable"]]:
    from scripts.jobfile.tuning_table import RangeTable

    for one in known.hyperparameters if known else ():
        if one.tune is not None:
            yield one.name, RangeTable.model_validate(one.tune)


def combinations(ranges: Sequence[Range]) -> int:
    """How many combinations of values a grid has."""
    return prod(len(one.choices) for one in ranges)


def range_line(one: Range) -> str:
    """A range as text: ``learning_rate: 0.0001 to 0.1, Logarithmic``."""
    if one.kind == "categorical":
        return f"{one.name}: {', '.join(one.choices)}"
    return f"{one.name}: {one.low} to {one.high}{'' if one.scaling == 'Auto' else f', {one.scaling}'}"


def _range(name: str, one: "RangeTable", known: "TrainerDescription | None") -> Range:
    place = f"tuning.ranges.{name}"
    described = next((each for each in known.hyperparameters if each.name == name), None) if known else None
    if one.values is None and described is not None and described.type in {"str", "bool"}:
        raise UserError(f"{place} has min and max, and {name} is not a number.", f"Write values = […] under [{place}].")
    for value in (one.min, one.max) if one.values is None else one.values:
        if known is not None:
            _check(known, name, as_text(value), place)
    if one.values is not None:
        return Range(name, "categorical", choices=_choices(one.values, place, text=known is None))
    return Range(name, _kind(one, described), one.scaling or "Auto", as_text(one.min), as_text(one.max))


def _choices(values: Sequence[str | int | float | bool], place: str, *, text: bool) -> tuple[str, ...]:
    """The values as SageMaker stores them; ``text`` is that of `encode` for those that are strings."""
    sent = [encode(as_text(value), text=text and isinstance(value, str)) for value in values]
    twice = next((value for value in sent if sent.count(value) > 1), None)
    if twice is not None:
        raise UserError(f"{place}.values has {twice} twice.", "Remove one.")
    too_long = next((value for value in sent if len(value) > LONGEST_VALUE), None)
    if too_long is not None:
        raise UserError(
            f"{place}.values has a value of {len(too_long)} characters; SageMaker accepts {LONGEST_VALUE}.",
            "Put a long value into a file of a channel.",
        )
    return tuple(sent)


def _check(known: "TrainerDescription", name: str, value: str, place: str) -> None:
    try:
        check_value(known, name, value)
    except UserError as error:
        raise UserError(f"{place}: {error.problem}", error.fix) from None


def _kind(one: "RangeTable", described: Hyperparameter | None) -> Literal["integer", "continuous"]:
    """The hyperparameter's own type decides; without a description, whole numbers as limits make an integer."""
    if described is None:
        return "integer" if isinstance(one.min, int) and isinstance(one.max, int) else "continuous"
    return "integer" if described.type == "int" else "continuous"
