"""Checks a request against botocore's service model, with AWS's error messages.

``rules`` has the checks that are in no service model.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

import botocore.loaders
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StructureShape

from scripts.core.constraints import constraints, has_type
from scripts.localcloud.awsjson import ServiceError, validation_error


def check(operation: str, parameters: Mapping[str, Any]) -> None:
    """Refuse parameters that the service model does not allow.

    Raises:
        ServiceError: SerializationException for a wrong type, ValidationException for everything else.
    """
    shape = _model().operation_model(operation).input_shape
    found = list(_problems(shape, parameters, "")) if shape else []
    if found:
        count = f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: "
        raise validation_error(count + "; ".join(found))


@lru_cache(maxsize=1000)  # Search asks for each member of each job, and the model makes all members anew each time.
def has_property(shape: str, path: str) -> bool:
    """Return whether a structure of the service model has a member, such as ``OutputDataConfig.S3OutputPath``."""
    found = _model().shape_for(shape)
    for name in path.split("."):
        while isinstance(found, ListShape):
            found = found.member
        if not isinstance(found, StructureShape) or name not in found.members:
            return False
        found = found.members[name]
    return True


@cache
def _model() -> ServiceModel:
    return ServiceModel(botocore.loaders.Loader().load_service_model("sagemaker", "service-2"))


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    _check_type(shape, value, path)
    yield from (_problem(value, path, constraint) for constraint in _broken_constraints(shape, value))
    if isinstance(shape, StructureShape):
        yield from _structure_problems(shape, value, path)
    elif isinstance(shape, ListShape):
        for number, item in enumerate(value, 1):
            yield from _problems(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        yield from _map_problems(shape, value, path)


def _structure_problems(shape: StructureShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _problem(None, _member_path(path, name), "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _problems(member, value[name], _member_path(path, name))


def _map_problems(shape: MapShape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    for word, member, items in (("key", shape.key, value.keys()), ("value", shape.value, value.values())):
        for item in items:
            _check_type(member, item, path)
        if any(_broken_constraints(member, item) for item in items):
            # Like AWS, list all constraints, and do not name the item that breaks one.
            sentences = ", ".join(sentence for sentence, _ in constraints(member, ""))
            yield _problem(value, path, f"Map {word} must satisfy constraint: [{sentences}]")


def _check_type(shape: Shape, value: Any, path: str) -> None:
    if not has_type(shape, value):
        raise ServiceError("SerializationException", f"The value at '{path}' is not a {shape.type_name}.")


def _broken_constraints(shape: Shape, value: Any) -> list[str]:
    """Return the constraints of the shape itself that the value breaks."""
    return [sentence for sentence, holds in constraints(shape, value) if not holds]


def _problem(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{value if isinstance(value, str) else json.dumps(value)}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _member_path(path: str, name: str) -> str:
    lower = name[0].lower() + name[1:]
    return f"{path}.{lower}" if path else lower
