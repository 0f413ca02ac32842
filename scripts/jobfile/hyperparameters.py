"""Hyperparameters of the job file and the command line, checked against the trainer's description of itself."""

import json
import math
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.core.errors import UserError, nearest

BOOLEANS = ("true", "false")
# The line breaks that "." matches in no dialect of AWS's patterns.
BREAKS = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True)
class Hyperparameter:
    """A hyperparameter of the trainer. A limit of None means no limit.

    Args:
        name: its name.
        type: ``int``, ``float``, ``bool`` or ``str``.
        min: the least value.
        max: the greatest value.
        choices: the allowed values.
        default: the value without a setting.
        help: what it does.
        decisive: hyperparameters and values under which the results depend on this one. A job that resumes such a run
            must keep its value. None: the results do not depend on it, or only the trainer can tell.
        tune: what `make tune` searches if the job file names no ranges, with the keys of ``[tuning.ranges.NAME]``;
            None if the trainer names none.
    """

    name: str
    type: str
    min: float | None
    max: float | None
    choices: tuple[str, ...] | None
    default: str = ""
    help: str = ""
    decisive: Mapping[str, str] | None = None
    tune: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Metric:
    """A metric that a program prints.

    Args:
        name: its name.
        regex: the regular expression that finds its value in the log.
        direction: ``minimize`` or ``maximize``, which values are better; None if nobody says it.
    """

    name: str
    regex: str
    direction: str | None = None


@dataclass(frozen=True)
class TrainerDescription:
    """The output of ``python -m trainer describe``."""

    hyperparameters: tuple[Hyperparameter, ...]
    metrics: tuple[Metric, ...]


def describe_trainer(meanwhile: Callable[[], object] = lambda: None) -> TrainerDescription:
    """Run ``python -m trainer describe`` in a new process.

    Args:
        meanwhile: called while the trainer starts.

    Raises:
        UserError: the trainer does not start.
    """
    command = [sys.executable, "-m", "trainer", "describe"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        meanwhile()
        output, errors = process.communicate()
    if process.returncode != 0:
        last = (errors.strip().splitlines() or ["no message"])[-1]
        raise UserError(
            f"The trainer cannot describe itself: {last}", "`python -m trainer describe` prints the error; correct it."
        )
    return parse_description(json.loads(output))


def parse_description(output: Mapping[str, Any]) -> TrainerDescription:
    """Read the parsed JSON of ``python -m trainer describe``."""
    return TrainerDescription(
        tuple(
            Hyperparameter(
                one["name"],
                one["type"],
                one["min"],
                one["max"],
                None if one["choices"] is None else tuple(as_text(choice) for choice in one["choices"]),
                as_text(one["default"]),
                one["help"],
                # Older images do not have these two keys.
                None if one.get("decisive") is None else as_texts(one["decisive"]),
                one.get("tune"),
            )
            for one in output["hyperparameters"]
        ),
        tuple(Metric(one["name"], one["regex"], one.get("direction")) for one in output["metrics"]),
    )


def as_text(value: str | int | float | bool) -> str:
    """A value of the job file as the text that SageMaker stores. A string stays unchanged."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def as_texts(values: Mapping[str, str | int | float | bool]) -> dict[str, str]:
    """The values of a job file's table as the texts that SageMaker stores."""
    return {name: as_text(value) for name, value in values.items()}


def read_assignments(text: str, more: Sequence[str]) -> dict[str, str]:
    """The hyperparameters of the command line, by name.

    Args:
        text: the value of HP, split into words as a shell does.
        more: more ``name=value`` texts, not split.

    Raises:
        UserError: no ``=``, no name, the same name twice, or a quotation mark without its pair.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserError(f"HP={text} cannot be split into words: {error}.", "Add the missing quotation mark.") from None
    values: dict[str, str] = {}
    for word in [*words, *more]:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UserError(f"The hyperparameter {word!r} is not name=value.", 'For example: HP="epochs=3".')
        if name in values:
            raise UserError(f"The hyperparameter {name} is set twice.", "Set it once.")
        values[name] = value
    return values


def resolve_hyperparameters(
    from_file: Mapping[str, str | int | float | bool], from_command: Mapping[str, str], known: TrainerDescription | None
) -> dict[str, str]:
    """The job's hyperparameters. A value of the command line replaces that of the job file, and has its type.

    Args:
        from_file: the job file's table.
        from_command: the result of `read_assignments`.
        known: the trainer's description; None for another program, which may take any hyperparameter.

    Raises:
        UserError: a hyperparameter is unknown, has the wrong type, is out of range, or is too long for SageMaker.
    """
    values = as_texts(from_file) | dict(from_command)
    sent = {
        name: encode(value, text=known is None and isinstance(from_file.get(name), str))
        for name, value in values.items()
    }
    if len(values) > 100:
        raise UserError(f"There are {len(values)} hyperparameters; SageMaker accepts 100.", "Remove some.")
    for name, value in sent.items():
        if len(name) > 256 or len(value) > 2500:
            raise UserError(
                f"The hyperparameter {name[:256]} is too long: SageMaker accepts names of 256 and values of 2,500.",
                "Put a long value into a file of a channel.",
            )
    if known is not None:
        for name, value in values.items():
            check_value(known, name, value)
    return sent


def check_value(known: TrainerDescription, name: str, value: str) -> None:
    """Check one hyperparameter.

    Raises:
        UserError: the trainer has none of this name, or the value has the wrong type or is out of range.
    """
    table = {one.name: one for one in known.hyperparameters}
    if name not in table:
        raise _unknown(name, list(table))
    _check(table[name], value)


def encode(value: str, *, text: bool = False) -> str:
    """A value as SageMaker accepts it: unchanged, or as a JSON string.

    SageMaker's pattern for a value is ``.*``, and the dot does not match a line break. So a value with a line break is
    sent as a JSON string, as AWS's SDK sends every string. The trainer decodes JSON strings (`read_hyperparameters`
    in trainer/contract/folders.py), so a value that looks like one is encoded too.

    Args:
        value: the value.
        text: whether it must arrive as a string at a program that decodes JSON (trainer/contract/program_values.py, and
            SageMaker's training toolkit). Then a string such as ``true`` or ``1.10`` is encoded too.
    """
    return json.dumps(value) if BREAKS.search(value) or value[:1] == '"' or (text and _is_json(value)) else value


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except RecursionError:
        return True
    except ValueError:
        return False
    return True


def _unknown(name: str, known: list[str]) -> UserError:
    close = nearest(name, known)
    hint = f"Did you mean {close}? " if close else ""
    return UserError(f"The trainer has no hyperparameter {name}.", f"{hint}Its hyperparameters: {', '.join(known)}.")


def _check(one: Hyperparameter, value: str) -> None:
    if one.choices is not None and value not in one.choices:
        close = nearest(value, one.choices)
        hint = f"Did you mean {close}? " if close else ""
        raise UserError(f"{one.name}={value} is not an allowed value.", f"{hint}Allowed: {', '.join(one.choices)}.")
    kinds = {"int": "a whole number", "float": "a number", "bool": "true or false"}
    if not _has_type(one.type, value):
        raise UserError(f"{one.name}={value} is not {kinds[one.type]}.", f"Set {kinds[one.type]}{_range(one)}.")
    if one.type in {"int", "float"}:
        number = float(value)
        if (one.min is not None and number < one.min) or (one.max is not None and number > one.max):
            raise UserError(f"{one.name}={value} is out of range.", f"Set {kinds[one.type]}{_range(one)}.")


def _has_type(kind: str, value: str) -> bool:
    if kind == "int":
        return re.fullmatch(r"[+-]?[0-9]+", value) is not None
    if kind == "float":
        try:
            return math.isfinite(float(value))
        except ValueError:
            return False
    return kind != "bool" or value in BOOLEANS


def _range(one: Hyperparameter) -> str:
    if one.min is not None and one.max is not None:
        return f" from {one.min:g} to {one.max:g}"
    if one.min is not None:
        return f" of at least {one.min:g}"
    return f" of at most {one.max:g}" if one.max is not None else ""
