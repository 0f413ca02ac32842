"""Takes values, and the structures of marks beside them, apart by paths."""

from collections.abc import Mapping
from typing import Any

from ..model import Path

PAIR_VALUES = ("value", "Value")
"""The keys of a value that stands beside its name: Terraform's and CloudFormation's."""


def marked(marks: Any, path: Path) -> bool:
    """Whether a structure of marks marks a path or a parent of it."""
    for step in path:
        if marks is True:
            return True
        marks = part(marks, step)
    return marks is True


def name_of(path: Path) -> str:
    """The name of the value at a path: the last name in the path."""
    for step in reversed(path):
        if isinstance(step, str):
            return step
    return ""


def pair_name(block: Mapping[str, Any]) -> str:
    """The name in a block of a name and a value, such as an environment variable in a list; else empty.

    Its value is under one of `PAIR_VALUES`.
    """
    if "value" not in block and "Value" not in block:
        return ""
    return next((block[each] for each in ("name", "key", "Name", "Key") if isinstance(block.get(each), str)), "")


def at_path(marks: Any, path: Path) -> Any:
    """The part of a structure of marks at a path; None if there is none."""
    for step in path:
        marks = part(marks, step)
    return marks


def part(value: Any, step: str | int) -> Any:
    """The part of a value or a structure of marks at one step of a path; None if there is none."""
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
        return value[step]
    return None
