"""Finds the known parts of a policy that is known only after the apply.

A policy that contains the ARN of a new resource is unknown as a whole. But the data source that writes it is in the
plan as a `read`, with all of its statements and null for each unknown value.
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ...policies.documents import InvalidPolicyError, Statement, statements
from ..model import Change
from .plan_values import UNKNOWN, Directory, join_references

DOCUMENT = "aws_iam_policy_document"
_OTHERS = ("source_policy_documents", "override_policy_documents", "source_json", "override_json")


def reason(change: Change, attribute: str, directory: Directory) -> str:
    """Why a policy is unknown: the references that it depends on."""
    documents = list(directory.referred(change, attribute, DOCUMENT))
    references = [
        text
        for document in documents
        for text in [join_references(directory.references(document, "statement"))]
        if text
    ] or [join_references(directory.references(change, attribute))]
    named = ", ".join(dict.fromkeys(text for text in references if text))
    return f"{change.address}: {attribute} is known after apply{f'; it depends on {named}' if named else ''}"


def known_statements(change: Change, attribute: str, directory: Directory) -> tuple[Statement, ...]:
    """The statements of the policy documents that an attribute refers to; an unknown value is `(known after apply)`.

    Args:
        change: the resource with the policy.
        attribute: the attribute with the policy.
        directory: the plan's policy documents.
    """
    seen: set[str] = set()
    return tuple(dict.fromkeys(_documents(change, attribute, directory, seen)))


def _documents(change: Change, attribute: str, directory: Directory, seen: set[str]) -> Iterator[Statement]:
    for document in directory.referred(change, attribute, DOCUMENT):
        if document.address in seen:
            continue
        seen.add(document.address)
        after = document.after or {}
        for block in _listed(after.get("statement")):
            yield from _statements_or_none({"Statement": _json(block)})
        for other in _OTHERS:
            for text in _listed(after.get(other)):
                if isinstance(text, str):
                    yield from _statements_or_none(text)
            yield from _documents(document, other, directory, seen)


def _statements_or_none(document: str | Mapping[str, Any]) -> tuple[Statement, ...]:
    try:
        return statements(document)
    except InvalidPolicyError:
        return ()


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _json(block: Any) -> Any:
    """A `statement` block in the form of the policy's JSON."""
    if not isinstance(block, Mapping):
        return block
    entry: dict[str, Any] = {"Effect": block.get("effect") or "Allow"}
    for member in ("actions", "not_actions", "resources", "not_resources"):
        if block.get(member):
            entry[member.title().replace("_", "")[:-1]] = _known(block[member])
    for member, name in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        found: dict[str, list[str]] = {}
        for each in _listed(block.get(member)):
            if isinstance(each, Mapping):
                kind = "AWS" if each.get("type") in (None, "*") else str(each["type"])
                found.setdefault(kind, []).extend(_known(each.get("identifiers")))
        if found:
            entry[name] = found
    conditions: dict[str, dict[str, list[str]]] = {}
    for each in _listed(block.get("condition")):
        if isinstance(each, Mapping):
            keys = conditions.setdefault(str(each.get("test") or UNKNOWN.value), {})
            keys.setdefault(str(each.get("variable") or UNKNOWN.value), []).extend(_known(each.get("values")))
    return {**entry, "Condition": conditions}


def _known(values: Any) -> list[str]:
    return [each if isinstance(each, str) else UNKNOWN.value for each in _listed(values)] or [UNKNOWN.value]
