"""Finds the texts that a plan's `configuration` writes out: `password = "…"`, not `password = var.password`.

Terraform writes such an expression as `constant_value`, and one with a reference or a function without its value.
https://developer.hashicorp.com/terraform/internals/json-format#expression-representation
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..json_values import object_of, objects_of

Literal = tuple[str, str]
"""The path of an attribute, through blocks, and its text."""


def literals(configuration: Any) -> Mapping[str, tuple[Literal, ...]]:
    """The texts that the configuration of each resource writes out.

    Args:
        configuration: that member of the plan's JSON; anything but an object counts as empty.

    Returns:
        The path and text of each, by the full address (without keys) of the resource. A list's items share its path.
    """
    found: dict[str, tuple[Literal, ...]] = {}
    modules = [("", object_of(object_of(configuration).get("root_module")))]
    while modules:
        prefix, module = modules.pop()
        for entry in objects_of(module.get("resources")):
            texts = tuple(_in_expressions(entry.get("expressions"), ""))
            if texts:
                found[f"{prefix}{entry.get('address', '')}"] = texts
        for name, call in object_of(module.get("module_calls")).items():
            modules.append((f"{prefix}module.{name}.", object_of(object_of(call).get("module"))))
    return found


def _in_expressions(value: Any, path: str) -> Iterator[Literal]:
    if isinstance(value, list):
        for each in value:
            yield from _in_expressions(each, path)
    elif isinstance(value, dict) and "constant_value" in value:
        yield from _texts(value["constant_value"], path)
    elif isinstance(value, dict) and "references" not in value:
        for name, inner in value.items():
            yield from _in_expressions(inner, f"{path}.{name}" if path else name)


def _texts(value: Any, path: str) -> Iterator[Literal]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}")
