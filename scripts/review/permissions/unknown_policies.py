"""What is known of a policy that as a whole is known only after the apply.

A policy that mentions an ARN which is not there yet is unknown from its first character to its last. The data source
that writes it, though, stands in the plan as a `read`, with all of its statements and null for what is not known.
https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
"""

from collections.abc import Iterator, Mapping
from typing import Any

from scripts.policies.documents import NotAPolicyError, Statement, statements
from scripts.review.model import Change
from scripts.review.permissions.plan_values import UNKNOWN, Directory, told_references

DOCUMENT = "aws_iam_policy_document"
_OTHERS = ("source_policy_documents", "override_policy_documents", "source_json", "override_json")


def why(change: Change, attribute: str, directory: Directory) -> str:
    """Why a policy cannot be reviewed: which references keep it from being known."""
    documents = list(directory.referred(change, attribute, DOCUMENT))
    references = [
        told
        for document in documents
        for told in [told_references(directory.references(document, "statement"))]
        if told
    ] or [told_references(directory.references(change, attribute))]
    named = ", ".join(dict.fromkeys(told for told in references if told))
    return f"{change.address}: {attribute} is known after apply{f'; it depends on {named}' if named else ''}"


def recovered(change: Change, attribute: str, directory: Directory) -> tuple[Statement, ...]:
    """The statements of the policy documents that an attribute refers to, with `(known after apply)` in places.

    Args:
        change: the resource with the policy.
        attribute: in which attribute.
        directory: the plan's policy documents.
    """
    seen: set[str] = set()
    return tuple(dict.fromkeys(_behind(change, attribute, directory, seen)))


def _behind(change: Change, attribute: str, directory: Directory, seen: set[str]) -> Iterator[Statement]:
    for document in directory.referred(change, attribute, DOCUMENT):
        if document.address in seen:
            continue
        seen.add(document.address)
        after = document.after or {}
        for block in _listed(after.get("statement")):
            yield from _tried({"Statement": _json(block)})
        for other in _OTHERS:
            for text in _listed(after.get(other)):
                if isinstance(text, str):
                    yield from _tried(text)
            yield from _behind(document, other, directory, seen)


def _tried(document: str | Mapping[str, Any]) -> tuple[Statement, ...]:
    try:
        return statements(document)
    except NotAPolicyError:
        return ()


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _json(block: Any) -> Any:
    """A `statement` block as JSON would have it."""
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
