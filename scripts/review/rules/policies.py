"""Questions about policies: who gets access to what, and which part of an unknown policy is known."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ...policies.documents import ANYONE, InvalidPolicyError, Scope, Statement, statements
from ..json_values import objects_of
from ..model import Change
from ..permissions.policy_checks import is_everybody, limits_principals
from ..secrets.mask import UNKNOWN
from .blocks import Block, UnknownValueError
from .resources import Resource, keys

_MAX_SHOWN = 4


def policy_of(resource: Block, attribute: str = "policy") -> tuple[Statement, ...]:
    """The statements of a resource's policy; for an unknown policy, the statements of its policy document.

    Args:
        resource: the resource, or the block of it that holds the policy.
        attribute: the attribute with the policy.

    Raises:
        UnknownValueError: nothing is known of it.
    """
    try:
        text = resource.get(attribute, "")
    except UnknownValueError:
        owner = resource.owner
        found = _document_of(owner, (resource.path + attribute).split("[")[0]) if isinstance(owner, Resource) else None
        if found is None or owner is None:
            raise
        source, known = found
        owner.note_unknown(
            resource.path + attribute,
            f"its policy document {source} contains: {'; '.join(map(describe, known)) or 'nothing'}",
        )
        return known
    try:
        return statements(text) if isinstance(text, str) else ()
    except InvalidPolicyError as error:
        if resource.owner:
            resource.owner.note_unknown(resource.path + attribute, f"AWS would refuse it: {error}")
        return ()


def describe(statement: Statement) -> str:
    """A statement as a short text."""
    who = "" if statement.principals == Scope((ANYONE,)) else f" to {_scope(statement.principals)}"
    text = f"{statement.effect} {_scope(statement.actions)} on {_scope(statement.resources)}{who}"
    if statement.conditions:
        text += " if " + " and ".join(sorted(f"{each.key} {each.operator}" for each in statement.conditions))
    return text


def _scope(scope: Scope) -> str:
    more = len(scope.patterns) - _MAX_SHOWN
    text = ", ".join(scope.patterns[:_MAX_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return f"all but {text}" if scope.negated else text


def allowed_access(statement: Statement) -> str:
    """What an Allow statement allows, for the end of a sentence."""
    return f"{_scope(statement.actions)} on {_scope(statement.resources)}"


def public_statements(found: Iterable[Statement]) -> Iterator[Statement]:
    """The statements that grant access to everybody."""
    for each in found:
        if (
            each.effect == "Allow"
            and is_everybody(each.principals)
            and not any(map(limits_principals, each.conditions))
        ):
            yield each


def covers_action(statement: Statement, action: str) -> bool:
    """Whether a statement covers an action. AWS ignores case in actions."""
    found = any(_pattern(pattern).fullmatch(action) for pattern in statement.actions.patterns)
    return found != statement.actions.negated


@lru_cache(maxsize=65_536)
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL | re.IGNORECASE)


def on_everything(statement: Statement) -> bool:
    """Whether a statement covers every resource."""
    return statement.resources.negated or ANYONE in statement.resources.patterns


def _document_of(resource: Resource, attribute: str) -> tuple[str, tuple[Statement, ...]] | None:
    index = resource.side.index
    for base in index.targets(resource.change, attribute):
        documents = index.documents.get(base)
        if documents:
            # With several instances, take the one with the same key (`each.key`), else the first.
            change = documents.get(keys(resource.address)) or next(iter(documents.values()))
            return change.address, tuple(_statements(change))
    return None


def _statements(change: Change) -> Iterator[Statement]:
    entries = (change.after or {}).get("statement")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, Mapping):
            try:
                yield from statements({"Statement": [_entry(entry)]})
            except InvalidPolicyError:
                continue


def _entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    """A `statement` block of the data source in the form of the policy's JSON."""
    written: dict[str, Any] = {"Effect": entry.get("effect") or "Allow"}
    for member, name in (("Action", "actions"), ("Resource", "resources")):
        negated = entry.get(f"not_{name}")
        written["Not" * bool(negated) + member] = _known(negated or entry.get(name))
    principals: dict[str, list[str]] = {}
    for block in objects_of(entry.get("principals")):
        principals.setdefault(_first(block.get("type")), []).extend(_known(block.get("identifiers")))
    if principals:
        written["Principal"] = ANYONE if ANYONE in principals else principals
    conditions: dict[str, dict[str, list[str]]] = {}
    for block in objects_of(entry.get("condition")):
        of = conditions.setdefault(_first(block.get("test")), {})
        of.setdefault(_first(block.get("variable")), []).extend(_known(block.get("values")))
    return {**written, "Condition": conditions}


def _first(value: Any) -> str:
    return value if isinstance(value, str) else UNKNOWN


def _known(value: Any) -> list[str]:
    texts = [each if isinstance(each, str) else UNKNOWN for each in value] if isinstance(value, list) else []
    return texts or [UNKNOWN]
