"""Find and read jobs/NAME.toml; every mistake in it in two lines."""

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.core.errors import UserError, nearest

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from scripts.jobfile.spec import JobSpec

FOLDER = Path("jobs")
# A job's name is `<spec>-<date>-<time>-<4>` and has at most 63 characters of SageMaker's alphabet.
LONGEST_NAME = 63 - len("-20260101-000000-abcd")
LONGEST_SHOWN = 60
NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")


def read_job(name: str) -> "JobSpec":
    """Read a job file.

    Args:
        name: the file's name in jobs/, without .toml.

    Raises:
        UserError: there is no such file, its name cannot be part of a job's name, or something in it is wrong.
    """
    path = _find(name)
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        raise UserError(
            f"{path} cannot name a training job: that takes at most {LONGEST_NAME} letters, digits and hyphens.",
            f"Rename the file, for example to {re.sub('[^a-zA-Z0-9]+', '-', name)[:LONGEST_NAME].strip('-')}.toml.",
        )
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 (byte {error.start}).", "Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path} is no valid TOML: {error}.", "Mend that line; docs/jobs.md has an example.") from None
    return parse_job(values, str(path))


def parse_job(values: dict[str, Any], where: str) -> "JobSpec":
    """Validate a job file's content.

    Args:
        values: what the TOML says.
        where: the file's path, for messages.

    Raises:
        UserError: the first thing that is wrong, with its place.
    """
    from pydantic import ValidationError

    from scripts.jobfile.spec import JobSpec

    try:
        return JobSpec.model_validate(values)
    except ValidationError as error:
        raise _explain(error.errors()[0], where) from None


def with_instances(spec: "JobSpec", typed: str) -> "JobSpec":
    """The job with as many instances as was typed; an empty text leaves it as it is.

    Raises:
        UserError: it is no whole number of at least 1.
    """
    if not typed:
        return spec
    if not re.fullmatch(r"[0-9]{1,9}", typed) or int(typed) < 1:
        raise UserError(
            f"INSTANCES={typed} is no number of instances.", "Give a whole number of at least 1, such as INSTANCES=2."
        )
    return spec.model_copy(update={"instance_count": int(typed)})


def _find(name: str) -> Path:
    known = sorted(path.stem for path in FOLDER.glob("*.toml"))
    if name in known:
        return FOLDER / f"{name}.toml"
    there = f"There are: {', '.join(known)}." if known else "There is none yet; docs/jobs.md shows how to write one."
    if not name:
        raise UserError("No job is named.", f"Name one of {FOLDER}/ with JOB=. {there}")
    close = nearest(name, known)
    raise UserError(
        f"There is no job file {FOLDER}/{name}.toml.", f"Did you mean JOB={close}? {there}" if close else there
    )


def _explain(error: "ErrorDetails", where: str) -> UserError:
    kind, location = error["type"], error["loc"]
    place = ".".join(str(part) for part in location if part != "[key]")
    if kind == "extra_forbidden":
        known = _keys(location[:-1])
        close = nearest(str(location[-1]), known)
        hint = f"Did you mean {close}? " if close else ""
        return UserError(f"{where}: {place} is not a key of a job file.", f"{hint}Known here: {', '.join(known)}.")
    if kind == "missing":
        table = f"[{place}.training]" if place == "channels" else place
        return UserError(f"{where}: {place} is missing.", f"Add {table}; docs/jobs.md describes it.")
    return UserError(f"{where}: {_said(error, place)}.", "docs/jobs.md describes each key.")


def _said(error: "ErrorDetails", place: str) -> str:
    """What is wrong, with its place and value."""
    kind, message = error["type"], error["msg"]
    if kind == "value_error":  # of our own making: its value is in its words
        said = message.removeprefix("Value error, ")
        return f"{place}: {said}" if place else said
    if kind == "too_long":
        return f"{place} has {len(error['input'])} entries, and SageMaker takes at most {error['ctx']['max_length']}"
    value = error["input"]
    shown = repr(value) if len(repr(value)) < LONGEST_SHOWN else f"{repr(value)[:LONGEST_SHOWN]}…"
    wanted = re.sub(r"^\w+ should", "should", message)
    return f"{place} is {shown}, and {wanted}"


def _keys(table: tuple[int | str, ...]) -> list[str]:
    """The keys that the table at this place may have."""
    from scripts.jobfile.spec import Channel, JobSpec

    return list((Channel if table[:1] == ("channels",) else JobSpec).model_fields)
