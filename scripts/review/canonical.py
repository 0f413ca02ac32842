"""Parses JSON in strings into a canonical form, so that equal meaning gives equal values.

AWS accepts a policy's statements, actions and resources in any order, and one item as a text or as a list. It returns
them in another order: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))
_DEEPEST = 100  # levels of JSON in a text; a deeper one is a text like others, because nobody reads it as a structure
_LISTS = ("Action", "NotAction", "Resource", "NotResource")


def parsed(text: str) -> Any:
    """The object or list in a JSON text, policies in canonical form; None if the text contains neither.

    The value is cached and shared, so callers must not change it.
    """
    first = text[:1]
    if first.isspace():
        first = text.lstrip()[:1]
    return _loaded(text) if first in ("{", "[") else None


@lru_cache(maxsize=16384)
def _loaded(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if text.count("[") + text.count("{") > _DEEPEST and _is_deep(value):
        return None
    return _policy(value) if isinstance(value, dict) and "Statement" in value else value


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEEPEST):
        parts = [part for each in level for part in (each.values() if isinstance(each, dict) else each)]
        level = [part for part in parts if isinstance(part, dict | list)]
        if not level:
            return False
    return True


def ordered(value: Any) -> str:
    """A value as JSON with sorted keys: equal for equal values."""
    return _ENCODER.encode(value)


def _policy(policy: Mapping[str, Any]) -> dict[str, Any]:
    statements = policy["Statement"]
    if not isinstance(statements, list):
        statements = [statements]
    canonical = [_statement(each) if isinstance(each, dict) else each for each in statements]
    return {**policy, "Statement": sorted(canonical, key=ordered)}


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    canonical = {name: value for name, value in statement.items() if not (name == "Sid" and value == "")}
    for name in _LISTS:
        if name in canonical:
            canonical[name] = _texts(canonical[name])
    for name in ("Principal", "NotPrincipal"):
        if isinstance(canonical.get(name), dict):
            canonical[name] = {kind: _texts(each) for kind, each in canonical[name].items()}
    if isinstance(canonical.get("Condition"), dict):
        canonical["Condition"] = {
            operator: {key: _texts(each) for key, each in keys.items()} if isinstance(keys, dict) else keys
            for operator, keys in canonical["Condition"].items()
        }
    return canonical


def _texts(value: Any) -> Any:
    """One text or a list of texts as a sorted list without duplicates; a bool or a number becomes its text."""
    values = value if isinstance(value, list) else [value]
    if any(isinstance(each, dict | list) or each is None for each in values):
        return value
    return sorted({each if isinstance(each, str) else json.dumps(each) for each in values})
