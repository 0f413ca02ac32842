"""Find and read jobs/NAME.toml, with a two-line error for anything wrong in it."""

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.core.errors import UserError, nearest
from scripts.core.texts import read_text

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from scripts.jobfile.spec import JobSpec

FOLDER = Path("jobs")
# A training job's name is `<job file>-<date>-<time>-<4 characters>`. SageMaker allows 63 characters.
LONGEST_NAME = 63 - len("-20260101-000000-abcd")
LONGEST_SHOWN = 60
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


def read_job(name: str) -> "JobSpec":
    """Read a job file.

    Args:
        name: the file's name in jobs/, without .toml.

    Raises:
        UserError: the file does not exist, its name cannot be part of a job's name, or its content is invalid.
    """
    path = _find(name)
    check_name(name, str(path), lambda fitting: f"Rename the file, for example to {fitting}.toml.")
    try:
        values = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise UserError(
            f"{path} is not valid TOML: {error}.", "Correct that line; docs/jobs.md has an example."
        ) from None
    return parse_job(values, str(path))


def check_name(name: str, place: str, fix: Callable[[str], str]) -> None:
    """Check that a job file's name can begin the name of a training job.

    Args:
        name: the name.
        place: where it stands, for the message.
        fix: makes the second line of the message, from a similar name that fits.

    Raises:
        UserError: it is too long, or has other characters.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        fitting = re.sub("[^a-zA-Z0-9]+", "-", name)[:LONGEST_NAME].strip("-")
        raise UserError(
            f"{place} cannot name a training job: a name has at most {LONGEST_NAME} letters, digits and hyphens.",
            fix(fitting),
        )


def parse_job(values: dict[str, Any], where: str) -> "JobSpec":
    """Validate a job file's content.

    Args:
        values: the parsed TOML.
        where: the file's path, for messages.

    Raises:
        UserError: the content is invalid; the message names the first invalid place.
    """
    from pydantic import ValidationError

    from scripts.jobfile.spec import JobSpec

    try:
        return JobSpec.model_validate(values)
    except ValidationError as error:
        raise _explain(error.errors()[0], where) from None


def with_instances(spec: "JobSpec", typed: str) -> "JobSpec":
    """The job with the number of instances that you typed; unchanged if that is empty.

    Raises:
        UserError: the text is not a whole number of at least 1, or the job has several types of instances.
    """
    if not typed:
        return spec
    if not re.fullmatch(r"[0-9]{1,9}", typed) or int(typed) < 1:
        raise UserError(
            f"INSTANCES={typed} is not a number of instances.", "Set a whole number of at least 1, such as INSTANCES=2."
        )
    if spec.has_instance_lists:
        raise UserError(
            f"INSTANCES={typed} is for one type of instances, and request.ResourceConfig of the job file has a list.",
            "Change the counts in that list.",
        )
    return spec.model_copy(update={"instance_count": int(typed)})


def _find(name: str) -> Path:
    known = sorted(path.stem for path in FOLDER.glob("*.toml"))
    if name in known:
        return FOLDER / f"{name}.toml"
    available = f"Job files: {', '.join(known)}." if known else "No job file exists yet; docs/jobs.md shows an example."
    if not name:
        raise UserError("No job is named.", f"Name one of {FOLDER}/ with JOB=. {available}")
    close = nearest(name, known)
    raise UserError(
        f"There is no job file {FOLDER}/{name}.toml.", f"Did you mean JOB={close}? {available}" if close else available
    )


def _explain(error: "ErrorDetails", where: str) -> UserError:
    from scripts.jobfile.spec import VPC_TAGS

    kind, location = error["type"], error["loc"]
    place = ".".join(str(part) for part in location if part not in ("[key]", *VPC_TAGS))
    if kind == "extra_forbidden":
        known = _keys(location[:-1])
        close = nearest(str(location[-1]), known)
        hint = f"Did you mean {close}? " if close else ""
        return UserError(f"{where}: {place} is not a key of a job file.", f"{hint}Allowed here: {', '.join(known)}.")
    if kind == "mistake":  # raised in spec.py, with its own fix
        return UserError(f"{where}: {place} is {error['input']!r}: {error['msg']}.", error["ctx"]["fix"])
    if kind == "named":  # raised in spec.py or tuning_table.py: its message names the place
        return UserError(f"{where}: {error['msg']}.", error["ctx"]["fix"])
    if kind == "literal_error" and place == "vpc":
        return UserError(
            f'{where}: vpc is {error["input"]!r}, but it must be "stack" or a table.',
            'Write the table [vpc] with subnets and security_groups, or vpc = "stack".',
        )
    if kind in {"model_type", "dict_type"}:
        return _no_table(error, where, place)
    if kind == "missing":
        table = f"[{place}.training]" if place == "channels" else place
        return UserError(f"{where}: {place} is missing.", f"Add {table}; docs/jobs.md describes it.")
    return UserError(f"{where}: {_message(error, place)}.", "docs/jobs.md describes each key.")


def _no_table(error: "ErrorDetails", where: str, place: str) -> UserError:
    """The error for a value where the file needs a table, such as ``channels.training = "data/x"``."""
    value = repr(error["input"])
    fix = "docs/jobs.md describes each key."
    if error["loc"][0] == "channels":
        name = error["loc"][1] if len(error["loc"]) > 1 and error["loc"][1] != "source" else "training"
        source = value.replace("'", '"') if isinstance(error["input"], str) else '"data/x"'
        fix = f"Write the table [channels.{name}], and below it: source = {source}."
    return UserError(f"{where}: {place} is {_shortened(value)}, but it must be a table.", fix)


def _shortened(text: str) -> str:
    return text if len(text) < LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _message(error: "ErrorDetails", place: str) -> str:
    """The message of a validation error, with the place and the value."""
    kind, message = error["type"], error["msg"]
    if kind == "value_error":  # raised in spec.py: its message contains the value
        own_message = message.removeprefix("Value error, ")
        return f"{place}: {own_message}" if place else own_message
    if kind == "too_long":
        return f"{place} has {len(error['input'])} entries, and SageMaker accepts at most {error['ctx']['max_length']}"
    if kind == "too_short":
        return f"{place} is empty"
    shown = _shortened(repr(error["input"]))
    rule = re.sub(r"^\w+ should", "should", message)
    return f"{place} is {shown}, and {rule}"


def _keys(table: tuple[int | str, ...]) -> list[str]:
    """The keys that the table at this place allows."""
    from scripts.jobfile.spec import Channel, JobSpec, Vpc
    from scripts.jobfile.tuning_table import RangeTable, TuningTable, WarmStartTable

    of_tuning: dict[str, type[BaseModel]] = {"ranges": RangeTable, "warm_start": WarmStartTable}
    if table[:1] == ("tuning",):
        return list((of_tuning[str(table[1])] if table[1:] else TuningTable).model_fields)
    tables: dict[str, type[BaseModel]] = {"channels": Channel, "vpc": Vpc}
    return list((tables[str(table[0])] if table else JobSpec).model_fields)
