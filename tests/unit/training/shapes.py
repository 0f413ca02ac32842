"""Checks values against botocore's service model where its validator does not: patterns, enums, maxima."""

import re
from typing import Any

from botocore.model import Shape
from botocore.session import get_session
from botocore.validate import ParamValidator

MODEL = get_session().get_service_model("sagemaker")


def problems(operation: str, request: dict[str, Any]) -> list[str]:
    """All values in ``request`` that the operation's input shape does not allow."""
    shape = MODEL.operation_model(operation).input_shape
    assert shape is not None
    report = ParamValidator().validate(request, shape)
    return ([report.generate_report()] if report.has_errors() else []) + _walk(request, shape, operation)


def _walk(value: Any, shape: Shape, place: str) -> list[str]:
    found = _limits(value, shape.metadata, place)
    if shape.type_name == "structure":
        for name, one in value.items():
            found += _walk(one, shape.members[name], f"{place}.{name}")  # type: ignore[attr-defined]
    elif shape.type_name == "list":
        for one in value:
            found += _walk(one, shape.member, f"{place}[]")  # type: ignore[attr-defined]
    elif shape.type_name == "map":
        for key, one in value.items():
            found += _walk(key, shape.key, f"{place}({key})")  # type: ignore[attr-defined]
            found += _walk(one, shape.value, f"{place}[{key}]")  # type: ignore[attr-defined]
    return found


def _limits(value: Any, limits: dict[str, Any], place: str) -> list[str]:
    size = value if isinstance(value, int | float) else len(value)
    found = []
    if size < limits.get("min", size) or size > limits.get("max", size):
        found.append(f"{place}: {value!r} is out of bounds")
    if "enum" in limits and value not in limits["enum"]:
        found.append(f"{place}: {value!r} is not in the enumeration")
    pattern = limits.get("pattern")
    if pattern and r"\p" in pattern:
        return found  # tags: Python's re has no classes by Unicode property
    if pattern and not re.fullmatch(pattern, value, re.DOTALL):
        found.append(f"{place}: {value!r} does not match {pattern}")
    return found
