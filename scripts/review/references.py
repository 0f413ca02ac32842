"""Follows a plan's `configuration` from an attribute to the resources that its expression names.

`configuration` knows no keys: one entry stands for every instance of a resource or module.
https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

_KEY = re.compile(r'\["(?:[^"\\]|\\.)*"\]|\[\d+\]')
_RESOURCE = re.compile(r"(?!(?:var|local|module|each|path)\.)(?:data\.)?\w+\.[\w-]+")
_DEEPEST = 50


@lru_cache(maxsize=65_536)  # one address is asked for again and again
def without_keys(address: str) -> str:
    """An address as `configuration` has it: `module.a["b"].aws_s3_bucket.c[0]` becomes `module.a.aws_s3_bucket.c`."""
    return _KEY.sub("", address) if "[" in address else address


def references(configuration: Any) -> Mapping[tuple[str, str], tuple[str, ...]]:
    """What each attribute of each resource refers to.

    Args:
        configuration: that member of the plan's JSON; anything else counts as an empty one.

    Returns:
        For a resource's or data source's whole address without keys, and each attribute that its configuration sets,
        the whole addresses without keys of what is referred to (`module.a.aws_kms_key.k.arn` and
        `module.a.aws_kms_key.k`). A module's variables and outputs are followed to what they hand on, and so is
        `each.value` where for_each goes over a resource; what cannot be followed (`local.x`, another `each.value`, a
        variable of the root) stays, with its module before it. An attribute that is set without a reference has an
        empty tuple.
    """
    root = configuration.get("root_module") if isinstance(configuration, dict) else None
    modules: dict[str, _Module] = {}
    _collect("", root, None, modules)
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    followed: dict[str, tuple[str, ...]] = {}
    for module in modules.values():
        for address, expressions, repeated in module.resources:
            for attribute, expression in expressions.items():
                named = (end for each in _named(expression) for end in _repeated(each, repeated))
                whole = [module.prefix + each for each in named]
                found[address, attribute] = tuple(
                    dict.fromkeys(end for each in whole for end in _ends(each, modules, followed, _DEEPEST))
                )
    return found


def _repeated(reference: str, resources: list[str]) -> list[str]:
    """What `each.value.arn` stands for where for_each goes over resources; any other reference is its own end."""
    if not reference.startswith("each.value") or not resources:
        return [reference]
    return [resource + reference.removeprefix("each.value") for resource in resources]


class _Module:
    """One module of the configuration: its resources, what it hands on, and what it is called with."""

    def __init__(self, path: str, raw: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
        self.path = path
        self.prefix = f"{path}." if path else ""
        self.arguments = arguments
        self.outputs = _mapping(raw.get("outputs"))
        entries = raw.get("resources")
        self.resources = [
            (
                self.prefix + str(entry.get("address", "")),
                _mapping(entry.get("expressions")),
                [each for each in _named(entry.get("for_each_expression")) if _RESOURCE.fullmatch(each)],
            )
            for entry in (entries if isinstance(entries, list) else ())
            if isinstance(entry, dict)
        ]


def _collect(path: str, raw: Any, arguments: Any, modules: dict[str, _Module]) -> None:
    raw = _mapping(raw)
    module = modules[path] = _Module(path, raw, _mapping(arguments))
    for name, call in _mapping(raw.get("module_calls")).items():
        call = _mapping(call)
        _collect(f"{module.prefix}module.{name}", call.get("module"), call.get("expressions"), modules)


def _named(expression: Any) -> Iterator[str]:
    """Every reference in an expression, a block or a list of blocks."""
    if isinstance(expression, list):
        for each in expression:
            yield from _named(each)
    elif isinstance(expression, dict):
        named = expression.get("references")
        if isinstance(named, list):
            yield from (_KEY.sub("", each) for each in named if isinstance(each, str))
        else:
            for each in expression.values():
                yield from _named(each)


def _ends(
    reference: str, modules: Mapping[str, _Module], followed: dict[str, tuple[str, ...]], left: int
) -> tuple[str, ...]:
    """What a reference comes down to, through the variables and outputs of modules."""
    if reference in followed:
        return followed[reference]
    expression, base = _behind(reference, modules)
    if expression is None or not left:
        return (reference,)
    ends = tuple(
        dict.fromkeys(end for each in _named(expression) for end in _ends(base + each, modules, followed, left - 1))
    )
    followed[reference] = ends
    return ends


def _behind(reference: str, modules: Mapping[str, _Module]) -> tuple[Any, str]:
    """The expression that a variable or an output stands for, and the module in which it is written."""
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


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
