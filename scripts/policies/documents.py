"""Reads policy documents into statements of one form.

The grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

ANYONE = "*"
"""The principal for everybody, signed in or not."""


class InvalidPolicyError(ValueError):
    """AWS would refuse the document; the message says why."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The actions, resources or principals that a statement covers.

    Attributes:
        patterns: patterns with `*` and `?`, sorted, each once.
        negated: everything except these, as in NotAction, NotResource and NotPrincipal.
    """

    patterns: tuple[str, ...]
    negated: bool = False


EVERYTHING = Scope((ANYONE,))


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison of one key.

    Attributes:
        operator: as AWS names it, such as `StringEquals` or `ForAnyValue:StringLike`.
        key: in lower case, because AWS ignores case here.
        values: any one of them is enough; sorted.
        spelling: the key as written.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    spelling: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a policy. Its order, Sid, and a single text instead of a list make no difference.

    Attributes:
        effect: `Allow` or `Deny`.
        actions: as written; AWS ignores their case.
        resources: `*` if the policy names none, as in a role's trust policy.
        principals: such as `AWS:arn:aws:iam::111122223333:root`, `Service:lambda.amazonaws.com` or `*`;
            everybody if the policy names none, as in a policy of a role.
        conditions: all of them must hold.
    """

    effect: str
    actions: Scope
    resources: Scope = EVERYTHING
    principals: Scope = EVERYTHING
    conditions: frozenset[Condition] = frozenset()


def statements(document: str | Mapping[str, Any]) -> tuple[Statement, ...]:
    """The statements of a policy document.

    Args:
        document: its JSON text, or the parsed JSON; an empty text has no statements.

    Returns:
        The statements in their order.

    Raises:
        InvalidPolicyError: AWS would refuse it.
    """
    if isinstance(document, str):
        return _parsed(document)
    return tuple(_statement(entry) for entry in _entries(document))


@lru_cache(maxsize=65_536)
def _parsed(text: str) -> tuple[Statement, ...]:
    if not text.strip():
        return ()
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidPolicyError("it is not JSON") from error
    return tuple(_statement(entry) for entry in _entries(document))


def _entries(document: Any) -> list[Any]:
    if not isinstance(document, Mapping):
        raise InvalidPolicyError("it is not a JSON object")
    entries = document.get("Statement")
    if isinstance(entries, Mapping):
        return [entries]
    if not isinstance(entries, list):
        raise InvalidPolicyError("it has no Statement")
    return entries


def _statement(entry: Any) -> Statement:
    if not isinstance(entry, Mapping):
        raise InvalidPolicyError("a statement is not a JSON object")
    effect = entry.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise InvalidPolicyError("a statement's Effect is neither Allow nor Deny")
    actions = _scope(entry, "Action")
    if actions is None:
        raise InvalidPolicyError("a statement has neither Action nor NotAction")
    return Statement(
        effect,
        actions,
        _scope(entry, "Resource") or EVERYTHING,
        _principals(entry) or EVERYTHING,
        frozenset(_conditions(entry.get("Condition"))),
    )


def _scope(entry: Mapping[str, Any], member: str) -> Scope | None:
    for name, negated in ((member, False), (f"Not{member}", True)):
        if name in entry:
            return Scope(tuple(sorted(set(_texts(entry[name], name)))), negated)
    return None


def _texts(value: Any, what: str) -> list[str]:
    texts = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) for text in texts):
        raise InvalidPolicyError(f"{what} holds something that is not a text")
    return texts


def _principals(entry: Mapping[str, Any]) -> Scope | None:
    for name, negated in (("Principal", False), ("NotPrincipal", True)):
        if name not in entry:
            continue
        value = entry[name]
        if isinstance(value, Mapping):
            found = {_principal(kind, text) for kind, texts in value.items() for text in _texts(texts, name)}
        else:
            found = {_principal("AWS", text) for text in _texts(value, name)}
        return Scope(tuple(sorted(found)), negated)
    return None


def _principal(kind: str, text: str) -> str:
    """A principal in one form: an account's number and its root are the same.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html#principal-accounts
    """
    if kind == "AWS" and text == ANYONE:
        return ANYONE
    if kind == "AWS" and text.isdigit():
        return f"AWS:arn:aws:iam::{text}:root"
    return f"{kind}:{text}"


def _conditions(block: Any) -> Iterator[Condition]:
    if block is None:
        return
    if not isinstance(block, Mapping):
        raise InvalidPolicyError("Condition is not a JSON object")
    for operator, keys in block.items():
        if not isinstance(keys, Mapping):
            raise InvalidPolicyError(f"Condition {operator} is not a JSON object")
        for key, values in keys.items():
            listed = values if isinstance(values, list) else [values]
            yield Condition(operator, key.lower(), tuple(sorted({_value(value) for value in listed})), key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise InvalidPolicyError("a condition's value is neither text, number nor boolean")
