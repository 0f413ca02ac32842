"""Resolves the references in a plan's `configuration`, from an attribute to the resources in its expression.

`configuration` has no keys: one entry covers every instance of a resource or module.
https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from ..json_values import object_of

_KEY = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')
_RESOURCE = re.compile(r"(?!(?:var|local|module|each|path)\.)(?:data\.)?\w+\.[\w-]+")
_MAX_DEPTH = 50


@lru_cache(maxsize=65_536)  # the same address is looked up often
def without_keys(address: str) -> str:
    """An address as in `configuration`: `module.a["b"].aws_s3_bucket.c[0]` becomes `module.a.aws_s3_bucket.c`."""
    return _KEY.sub("", address) if "[" in address else address


def references(configuration: Any) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """The references of each attribute of each resource.

    Args:
        configuration: that member of the plan's JSON; anything but an object counts as empty.

    Returns:
        For the full address (without keys) of a resource or data source, and each attribute that its configuration
        sets: the full addresses (without keys) that it refers to (`module.a.aws_kms_key.k.arn` and
        `module.a.aws_kms_key.k`). References through variables and outputs of modules are resolved, and so is
        `each.value` if for_each iterates over a resource. A reference that cannot be resolved (`local.x`, another
        `each.value`, a variable of the root module) stays, with its module in front. An attribute without a reference
        has an empty tuple.
    """
    root = configuration.get("root_module") if isinstance(configuration, dict) else None
    modules: dict[str, _Module] = {}
    _collect("", root, None, modules)
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    resolved: dict[str, tuple[str, ...]] = {}
    for module in modules.values():
        for address, expressions, repeated in module.resources:
            for attribute, expression in expressions.items():
                named = (target for each in _references_in(expression) for target in _resolve_each(each, repeated))
                whole = [module.prefix + each for each in named]
                found[address, attribute] = tuple(
                    dict.fromkeys(target for each in whole for target in _targets(each, modules, resolved, _MAX_DEPTH))
                )
    return found


def _resolve_each(reference: str, resources: list[str]) -> list[str]:
    """Resolve `each.value.arn` if for_each iterates over resources; any other reference stays as it is."""
    if not reference.startswith("each.value") or not resources:
        return [reference]
    return [resource + reference.removeprefix("each.value") for resource in resources]


class _Module:
    """One module of the configuration: its resources, its outputs and its arguments."""

    def __init__(self, path: str, raw: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
        self.path = path
        self.prefix = f"{path}." if path else ""
        self.arguments = arguments
        self.outputs = object_of(raw.get("outputs"))
        entries = raw.get("resources")
        self.resources = [
            (
                self.prefix + str(entry.get("address", "")),
                object_of(entry.get("expressions")),
                [each for each in _references_in(entry.get("for_each_expression")) if _RESOURCE.fullmatch(each)],
            )
            for entry in (entries if isinstance(entries, list) else ())
            if isinstance(entry, dict)
        ]


def _collect(path: str, raw: Any, arguments: Any, modules: dict[str, _Module]) -> None:
    raw = object_of(raw)
    module = modules[path] = _Module(path, raw, object_of(arguments))
    for name, call in object_of(raw.get("module_calls")).items():
        call = object_of(call)
        _collect(f"{module.prefix}module.{name}", call.get("module"), call.get("expressions"), modules)


def _references_in(expression: Any) -> Iterator[str]:
    """Every reference in an expression, a block or a list of blocks."""
    if isinstance(expression, list):
        for each in expression:
            yield from _references_in(each)
    elif isinstance(expression, dict):
        named = expression.get("references")
        if isinstance(named, list):
            yield from (_KEY.sub("", each) for each in named if isinstance(each, str))
        else:
            for each in expression.values():
                yield from _references_in(each)


def _targets(
    reference: str, modules: Mapping[str, _Module], resolved: dict[str, tuple[str, ...]], left: int
) -> tuple[str, ...]:
    """Resolve a reference through the variables and outputs of modules."""
    if reference in resolved:
        return resolved[reference]
    expression, base = _expression_of(reference, modules)
    if expression is None or not left:
        return (reference,)
    targets = tuple(
        dict.fromkeys(
            target
            for each in _references_in(expression)
            for target in _targets(base + each, modules, resolved, left - 1)
        )
    )
    resolved[reference] = targets
    return targets


def _expression_of(reference: str, modules: Mapping[str, _Module]) -> tuple[Any, str]:
    """The expression behind a variable or an output, and the module that contains it."""
    path, _, rest = reference.rpartition("var.") if ".var." in f".{reference}" else ("", "", "")
    if rest:
        module = modules.get(path.rstrip("."))
        argument = module.arguments.get(rest.partition(".")[0]) if module and module.path else None
        parent = path.rstrip(".").rpartition("module.")[0]
        return argument, parent
    inner = re.match(r"((?:module\.[^.]+\.)+)([^.]+)", reference)
    if inner and inner[1].rstrip(".") in modules:
        output = modules[inner[1].rstrip(".")].outputs.get(inner[2])
        if isinstance(output, dict) and "expression" in output:
            return output["expression"], inner[1]
    return None, ""
