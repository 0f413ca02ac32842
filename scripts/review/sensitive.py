"""Collects every text of a plan's JSON that is marked sensitive, wherever it stands.

One sensitive variable stands in clear at seven places of one plan: as the variable, in the planned values and the prior
state, in changes, outputs and the configuration. Marks belong to places, and Terraform loses them where a provider
copies a value (`tags` is marked, `tags_all` is not), so the texts themselves have to be known.
https://developer.hashicorp.com/terraform/language/manage-sensitive-data
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from scripts.review.secret_patterns import secret_by_name

# Marked or not, these say nothing, and would mask half the page.
_SAY_NOTHING = {"", "true", "false", "null"}
_SHORTEST_NUMBER = 4


def any_marked(marks: Any) -> bool:
    """Whether a structure of marks marks anything."""
    if isinstance(marks, dict):
        return any(map(any_marked, marks.values()))
    if isinstance(marks, list):
        return any(map(any_marked, marks))
    return marks is True


def texts(raw: Mapping[str, Any]) -> frozenset[str]:
    """Every text that is marked sensitive somewhere in a plan.

    Args:
        raw: the plan's JSON.

    Returns:
        The leaf texts, of numbers their digits. Of JSON in a marked string also what is called a password or the like.
    """
    found: set[str] = set()
    for change in _changes(raw):
        _of_change(change, found)
    for values in (raw.get("planned_values"), _mapping(raw.get("prior_state")).get("values")):
        _of_values(values, found)
    _of_configuration(raw, found)
    return frozenset(found - _SAY_NOTHING)


def _changes(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for member in ("resource_changes", "resource_drift"):
        for entry in _objects(raw.get(member)):
            yield _mapping(entry.get("change"))
    for entry in _objects(raw.get("deferred_changes")):
        yield _mapping(_mapping(entry.get("resource_change")).get("change"))
    for change in _mapping(raw.get("output_changes")).values():
        yield _mapping(change)


def _of_change(change: Mapping[str, Any], found: set[str]) -> None:
    """Both sides by the marks of both: what is a secret before is one after, whatever its mark."""
    for marks in (change.get("before_sensitive"), change.get("after_sensitive")):
        if marks:
            _marked(change.get("before"), marks, found)
            _marked(change.get("after"), marks, found)


def _of_values(values: Any, found: set[str]) -> None:
    values = _mapping(values)
    for output in _mapping(values.get("outputs")).values():
        if _mapping(output).get("sensitive") is True:
            _all(output.get("value"), found)
    modules = [_mapping(values.get("root_module"))]
    while modules:
        module = modules.pop()
        modules += _objects(module.get("child_modules"))
        for resource in _objects(module.get("resources")):
            if resource.get("sensitive_values"):
                _marked(resource.get("values"), resource["sensitive_values"], found)


def _of_configuration(raw: Mapping[str, Any], found: set[str]) -> None:
    """Variables that the configuration marks, their defaults, and what modules and providers are given as constants."""
    configuration = _mapping(raw.get("configuration"))
    given = {name: _mapping(each).get("value") for name, each in _mapping(raw.get("variables")).items()}
    modules = [(_mapping(configuration.get("root_module")), given)]
    while modules:
        module, given = modules.pop()
        declared = _mapping(module.get("variables"))
        for name in declared.keys() | given.keys():
            variable = _mapping(declared.get(name))
            if variable.get("sensitive") is True or secret_by_name(name):
                _all(given.get(name), found)
                _all(variable.get("default"), found)
        for output in _mapping(module.get("outputs")).values():
            if _mapping(output).get("sensitive") is True:
                _all(_mapping(_mapping(output).get("expression")).get("constant_value"), found)
        for call in _mapping(module.get("module_calls")).values():
            modules.append((_mapping(_mapping(call).get("module")), _constants(_mapping(call).get("expressions"))))
    for provider in _mapping(configuration.get("provider_config")).values():
        for name, value in _constants(_mapping(provider).get("expressions")).items():
            if secret_by_name(name):
                _all(value, found)


def _constants(expressions: Any) -> dict[str, Any]:
    return {name: _mapping(each).get("constant_value") for name, each in _mapping(expressions).items()}


def _marked(value: Any, marks: Any, found: set[str]) -> None:
    """The texts at the marked places of a value."""
    if marks is True:
        _all(value, found)
    elif isinstance(marks, dict) and isinstance(value, dict):
        for name, each in marks.items():
            if each and name in value:
                _marked(value[name], each, found)
    elif isinstance(marks, list) and isinstance(value, list):
        for part, each in zip(value, marks, strict=False):
            if each:
                _marked(part, each, found)


def _all(value: Any, found: set[str]) -> None:
    """Every leaf of a value, and the keys that no schema would have: those were chosen, and may be derived."""
    if isinstance(value, dict):
        found.update(name for name in value if not name.isidentifier())
        for each in value.values():
            _all(each, found)
    elif isinstance(value, list):
        for each in value:
            _all(each, found)
    elif isinstance(value, str):
        found.add(value)
        _within(value, found)
    elif isinstance(value, int | float) and not isinstance(value, bool) and len(str(value)) >= _SHORTEST_NUMBER:
        found.add(json.dumps(value))


def _within(text: str, found: set[str]) -> None:
    """What JSON in a marked string calls a secret: the password of a database, beside its user and its port."""
    if text[:1] not in "{[":
        return
    try:
        parts = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            found.update(each for name, each in part.items() if isinstance(each, str) and secret_by_name(name))
            parts += part.values()
        elif isinstance(part, list):
            parts += part


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
