"""Collects every text of a plan's JSON that is marked sensitive anywhere.

One sensitive variable is in clear at seven places of a plan: as the variable, in the planned values and the prior
state, in changes, outputs and the configuration. Terraform marks places, and loses the mark if a provider copies a
value (`tags` is marked, `tags_all` is not). So the review must know the texts themselves.
https://developer.hashicorp.com/terraform/language/manage-sensitive-data
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..json_values import object_of, objects_of
from ..secrets.encoded import decoded
from ..secrets.names import secret_by_name
from ..secrets.spans import secret_spans
from ..secrets.values import holds_secret

# These texts reveal nothing, and masking them would mask half the page.
_TRIVIAL = {"", "true", "false", "null"}
_MIN_DIGITS = 4
_MIN_LETTERS = 6
_MOST_CHARACTERS = 256 * 1024


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
        The texts of all leaves, and numbers as digits. Also values with a secret's name in the JSON of a marked string.
    """
    found: set[str] = set()
    for change in _changes(raw):
        _collect_change(change, found)
    for values in (raw.get("planned_values"), object_of(raw.get("prior_state")).get("values")):
        _collect_values(values, found)
    for entry in _invocations(raw):
        _collect_marked(entry.get("config_values"), entry.get("config_sensitive"), found)
    _collect_configuration(raw, found)
    return frozenset(found - _TRIVIAL)


def _changes(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for member in ("resource_changes", "resource_drift"):
        for entry in objects_of(raw.get(member)):
            yield object_of(entry.get("change"))
    for entry in objects_of(raw.get("deferred_changes")):
        yield object_of(object_of(entry.get("resource_change")).get("change"))
    for change in object_of(raw.get("output_changes")).values():
        yield object_of(change)


def _invocations(raw: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from objects_of(raw.get("action_invocations"))
    for entry in objects_of(raw.get("deferred_action_invocations")):
        yield object_of(entry.get("action_invocation"))


def _collect_change(change: Mapping[str, Any], found: set[str]) -> None:
    """Collect from both sides by the marks of both: a value that is secret on one side is secret on the other."""
    for marks in (change.get("before_sensitive"), change.get("after_sensitive")):
        if marks:
            _collect_marked(change.get("before"), marks, found)
            _collect_marked(change.get("after"), marks, found)


def _collect_values(values: Any, found: set[str]) -> None:
    values = object_of(values)
    for output in object_of(values.get("outputs")).values():
        if object_of(output).get("sensitive") is True:
            _collect_all(output.get("value"), found)
    modules = [object_of(values.get("root_module"))]
    while modules:
        module = modules.pop()
        modules += objects_of(module.get("child_modules"))
        for resource in objects_of(module.get("resources")):
            if resource.get("sensitive_values"):
                _collect_marked(resource.get("values"), resource["sensitive_values"], found)


def _collect_configuration(raw: Mapping[str, Any], found: set[str]) -> None:
    """Collect marked variables, their defaults, and constants passed to modules and providers."""
    configuration = object_of(raw.get("configuration"))
    given = {name: object_of(each).get("value") for name, each in object_of(raw.get("variables")).items()}
    modules = [(object_of(configuration.get("root_module")), given)]
    while modules:
        module, given = modules.pop()
        declared = object_of(module.get("variables"))
        for name in declared.keys() | given.keys():
            variable = object_of(declared.get(name))
            values, is_marked = (given.get(name), variable.get("default")), variable.get("sensitive") is True
            _collect_all([each for each in values if is_marked or _is_secret(name, each)], found)
        for output in object_of(module.get("outputs")).values():
            if object_of(output).get("sensitive") is True:
                _collect_all(object_of(object_of(output).get("expression")).get("constant_value"), found)
        for call in object_of(module.get("module_calls")).values():
            modules.append((object_of(object_of(call).get("module")), _constants(object_of(call).get("expressions"))))
    for provider in object_of(configuration.get("provider_config")).values():
        for name, value in _constants(object_of(provider).get("expressions")).items():
            if _is_secret(name, value):
                _collect_all(value, found)


def _is_secret(name: str, value: Any) -> bool:
    """Whether a value that nobody marked is a secret by its name: a text, or a structure of some."""
    return holds_secret(name, value) if isinstance(value, str) else secret_by_name(name)


def _constants(expressions: Any) -> dict[str, Any]:
    return {name: object_of(each).get("constant_value") for name, each in object_of(expressions).items()}


def _collect_marked(value: Any, marks: Any, found: set[str]) -> None:
    """Collect the texts at the marked places of a value."""
    if marks is True:
        _collect_all(value, found)
    elif isinstance(marks, dict) and isinstance(value, dict):
        for name, each in marks.items():
            if each and name in value:
                _collect_marked(value[name], each, found)
    elif isinstance(marks, list) and isinstance(value, list):
        for part, each in zip(value, marks, strict=False):
            if each:
                _collect_marked(part, each, found)


def _collect_all(value: Any, found: set[str]) -> None:
    """Collect every leaf of a value, and keys that no schema would have, because they may contain a secret."""
    if isinstance(value, dict):
        found.update(name for name in value if not name.isidentifier())
        for each in value.values():
            _collect_all(each, found)
    elif isinstance(value, list):
        for each in value:
            _collect_all(each, found)
    elif isinstance(value, str):
        found.add(value)
        _secrets_in_json(value, found)
        _secrets_in_lines(value, found)
    elif isinstance(value, int | float) and not isinstance(value, bool) and len(str(value)) >= _MIN_DIGITS:
        found.add(json.dumps(value))


def _secrets_in_json(text: str, found: set[str]) -> None:
    """Collect values with a secret's name from JSON in a marked string, such as a database's password."""
    if text[:1] not in "{[":
        return
    try:
        parts = [json.loads(text)]
    except (ValueError, RecursionError):
        return
    while parts:
        part = parts.pop()
        if isinstance(part, dict):
            found.update(each for name, each in part.items() if isinstance(each, str) and holds_secret(name, each))
            parts += part.values()
        elif isinstance(part, list):
            parts += part


def _secrets_in_lines(text: str, found: set[str]) -> None:
    """Collect the secrets of a marked script or configuration file: another place may have one of them alone."""
    plain = decoded(text) or text
    if "\n" in plain and len(plain) <= _MOST_CHARACTERS:
        found.update(plain[start:end] for start, end in secret_spans(plain) if end - start >= _MIN_LETTERS)
