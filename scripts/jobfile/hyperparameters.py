"""Hyperparameters: what the job file and the command line say, checked against what the trainer says it takes."""

import json
import math
import re
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.core.errors import UserError, nearest

BOOLEANS = ("true", "false")
BREAKS = re.compile(r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")  # what "." matches in no dialect of AWS's patterns


@dataclass(frozen=True)
class Hyperparameter:
    """One that the trainer takes; None for a limit means that there is none.

    Args:
        decisive: a run's results depend on it where these others have these values, so that a job that goes on with
            another must have the same; None where they do not, or only the trainer can tell.
    """

    name: str
    type: str
    min: float | None
    max: float | None
    choices: tuple[str, ...] | None
    default: str = ""
    help: str = ""
    decisive: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Metric:
    """One that the trainer prints, with the expression that finds its number in the log."""

    name: str
    regex: str


@dataclass(frozen=True)
class Description:
    """What ``python -m trainer describe`` says about the trainer."""

    hyperparameters: tuple[Hyperparameter, ...]
    metrics: tuple[Metric, ...]


def describe_trainer() -> Description:
    """Ask the trainer, in a process of its own.

    Raises:
        UserError: the trainer does not start.
    """
    command = [sys.executable, "-m", "trainer", "describe"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        last = (ended.stderr.strip().splitlines() or ["no message"])[-1]
        raise UserError(f"The trainer does not say what it takes: {last}", "Mend it: `python -m trainer describe`.")
    return parse_description(json.loads(ended.stdout))


def parse_description(said: Mapping[str, Any]) -> Description:
    """Read what the trainer printed."""
    return Description(
        tuple(
            Hyperparameter(
                one["name"],
                one["type"],
                one["min"],
                one["max"],
                None if one["choices"] is None else tuple(as_text(choice) for choice in one["choices"]),
                as_text(one["default"]),
                one["help"],
                # Which images of before do not say.
                None if one.get("decisive") is None else as_texts(one["decisive"]),
            )
            for one in said["hyperparameters"]
        ),
        tuple(Metric(one["name"], one["regex"]) for one in said["metrics"]),
    )


def as_text(value: str | int | float | bool) -> str:
    """A value of the job file as SageMaker carries it; a string stays as it was written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def as_texts(values: Mapping[str, str | int | float | bool]) -> dict[str, str]:
    """The job file's table as SageMaker carries it."""
    return {name: as_text(value) for name, value in values.items()}


def read_assignments(text: str, more: Sequence[str]) -> dict[str, str]:
    """What the command line says.

    Args:
        text: HP's text, split into words as a shell does.
        more: one ``name=value`` each, taken as they are.

    Raises:
        UserError: no ``=``, no name, the same name twice, or a quotation mark without its pair.
    """
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserError(f"HP={text} cannot be split into words: {error}.", "Close the quotation mark.") from None
    given: dict[str, str] = {}
    for word in [*words, *more]:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UserError(f"The hyperparameter {word!r} is not name=value.", 'For example: HP="epochs=3".')
        if name in given:
            raise UserError(f"The hyperparameter {name} is given twice.", "Give it once.")
        given[name] = value
    return given


def settle(
    from_file: Mapping[str, str | int | float | bool], from_command: Mapping[str, str], known: Description | None
) -> dict[str, str]:
    """The job's hyperparameters; the command line wins over the job file.

    Args:
        from_file: the job file's table.
        from_command: what `read_assignments` gave.
        known: what the trainer takes; None where another program runs, whose hyperparameters are its own.

    Raises:
        UserError: one is unknown, of the wrong type, out of range, or longer than SageMaker takes.
    """
    values = as_texts(from_file) | dict(from_command)
    sent = {name: encode(value) for name, value in values.items()}
    if len(values) > 100:
        raise UserError(f"There are {len(values)} hyperparameters; SageMaker takes 100.", "Take some away.")
    for name, value in sent.items():
        if len(name) > 256 or len(value) > 2500:
            raise UserError(
                f"The hyperparameter {name[:256]} is too long: SageMaker takes names of 256 and values of 2,500.",
                "Put long values into a file of a channel.",
            )
    if known is not None:
        table = {one.name: one for one in known.hyperparameters}
        for name, value in values.items():
            if name not in table:
                raise _unknown(name, list(table))
            _check(table[name], value)
    return sent


def encode(value: str) -> str:
    """A value as it is sent: the very string, or a JSON string where it would not arrive.

    SageMaker's pattern for a value is ``.*``, in which a dot is no line break: such a value travels as a JSON string,
    as AWS's own SDK sends every string. The trainer (`given_hyperparameters` in trainer/contract/folders.py) reads
    it back; so a value that looks like one travels as one too.
    """
    return json.dumps(value) if BREAKS.search(value) or value[:1] == '"' else value


def _unknown(name: str, known: list[str]) -> UserError:
    close = nearest(name, known)
    hint = f"Did you mean {close}? " if close else ""
    return UserError(f"The trainer has no hyperparameter {name}.", f"{hint}It takes: {', '.join(known)}.")


def _check(one: Hyperparameter, value: str) -> None:
    if one.choices is not None and value not in one.choices:
        close = nearest(value, one.choices)
        hint = f"Did you mean {close}? " if close else ""
        raise UserError(f"{one.name}={value} is not one of its values.", f"{hint}They are: {', '.join(one.choices)}.")
    kinds = {"int": "a whole number", "float": "a number", "bool": "true or false"}
    if not _is(one.type, value):
        raise UserError(f"{one.name}={value} is not {kinds[one.type]}.", f"Give {kinds[one.type]}{_range(one)}.")
    if one.type in {"int", "float"}:
        number = float(value)
        if (one.min is not None and number < one.min) or (one.max is not None and number > one.max):
            raise UserError(f"{one.name}={value} is out of range.", f"Give {kinds[one.type]}{_range(one)}.")


def _is(kind: str, value: str) -> bool:
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
