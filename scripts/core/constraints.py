"""What botocore's service model says about one value: its type, length, range, pattern and enumeration.

botocore's own validator checks only types, required members and minima. AWS also checks the rest.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.model import Shape

# The patterns in the model use Java's character classes; these are Python's, for use within brackets.
_CLASSES = {r"\p{L}": r"\w", r"\p{N}": r"\d", r"\p{Z}": r"\s", r"\p{Alnum}": r"a-zA-Z0-9"}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


def has_type(shape: "Shape", value: Any) -> bool:
    """Whether a value has the type of its shape, as JSON has it."""
    is_boolean = isinstance(value, bool)
    return isinstance(value, _TYPES.get(shape.type_name, (object,))) and is_boolean == (shape.type_name == "boolean")


def constraints(shape: "Shape", value: Any) -> Iterator[tuple[str, bool]]:
    """Yield each constraint of the shape itself in AWS's words, and whether the value meets it."""
    limits = shape.metadata
    is_number = isinstance(value, (int, float))
    size = value if is_number else len(value) if isinstance(value, (str, list, dict)) else 0
    word = "value" if is_number else "length"
    if "max" in limits:
        yield f"Member must have {word} less than or equal to {limits['max']}", size <= limits["max"]
    if "min" in limits:
        yield f"Member must have {word} greater than or equal to {limits['min']}", size >= limits["min"]
    if "pattern" in limits:
        matches = regex(limits["pattern"]).fullmatch(value) is not None
        yield f"Member must satisfy regular expression pattern: {limits['pattern']}", matches
    if "enum" in limits:
        yield f"Member must satisfy enum value set: [{', '.join(limits['enum'])}]", value in limits["enum"]


@cache
def regex(pattern: str) -> re.Pattern[str]:
    """A pattern of the service model, for Python."""
    for java_class, python_class in _CLASSES.items():
        pattern = pattern.replace(java_class, python_class)
    return re.compile(pattern)
