"""Checks values against botocore's service model where its validator does not: patterns, enums, maxima.

Also makes values that the model allows.
"""

import re
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape
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


def example(shape: Shape, whole: bool = False) -> Any:
    """Return a value that a shape allows; ``whole``: with all its members, not only those that it requires."""
    if isinstance(shape, StructureShape):
        names = shape.members if whole else shape.required_members
        return {name: example(shape.members[name], whole) for name in names}
    if isinstance(shape, ListShape):
        return [example(shape.member, whole)]
    if isinstance(shape, MapShape):
        return {}
    limits = shape.metadata
    if shape.type_name == "boolean":
        return True
    if shape.type_name in ("integer", "long"):
        return limits.get("min", 1)
    if "enum" in limits:
        return limits["enum"][0]
    if shape.name.endswith("S3Uri"):
        return "s3://data/x"
    if shape.name == "TrainingRepositoryCredentialsProviderArn":
        return "arn:aws:lambda:us-east-1:123456789012:function:x"
    arns = {
        "TrainingPlanArn": "training-plan/x",
        "MlFlowResourceArn": "mlflow-tracking-server/x",
        "ModelPackageGroupArn": "model-package-group/x",
    }
    if shape.name.endswith("Arn"):
        return f"arn:aws:sagemaker:us-east-1:123456789012:{arns.get(shape.name, 'model-package/x')}"
    return "x" * max(limits.get("min", 1), 1)


def with_member(request: dict[str, Any], path: str) -> dict[str, Any]:
    """Add an example value at ``path``, and return the request."""
    shape: Any = MODEL.operation_model("CreateTrainingJob").input_shape
    place: Any = request
    *parents, last = path.split(".")
    for name in parents:
        shape = shape.members[name]
        place = place.setdefault(name, [{}] if isinstance(shape, ListShape) else {})
        if isinstance(shape, ListShape):
            shape, place = shape.member, place[0]
    place[last] = example(shape.members[last])
    return request
