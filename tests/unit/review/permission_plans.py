"""Plans with policies, and their permission changes as lines of text."""

import json
from collections.abc import Mapping
from typing import Any

from scripts.review.model import PrincipalChange
from scripts.review.permissions import changes
from scripts.review.secrets.mask import Mask
from tests.unit.review.plans import plan, resource

LAMBDA = {"Service": "lambda.amazonaws.com"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": LAMBDA}


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, on: Any = "*", **members: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": on, **members}


def deny(action: Any, on: Any = "*", **members: Any) -> dict[str, Any]:
    return allow(action, on, **members) | {"Effect": "Deny"}


def inline(before: str | None, after: str | None, address: str = "aws_iam_role_policy.p", role: str = "r") -> Any:
    sides = [None if text is None else {"role": role, "policy": text} for text in (before, after)]
    return resource(address, ("update",), *sides)


def role(name: str = "r", address: str = "aws_iam_role.r", **members: Any) -> Any:
    held = {"name": name, "assume_role_policy": policy(TRUST), **members}
    return resource(address, ("no-op",), held, held)


def on_bucket(before: str | None, after: str | None) -> Any:
    sides = [None if text is None else {"bucket": "b", "policy": text} for text in (before, after)]
    return resource("aws_s3_bucket_policy.b", ("update",), *sides)


def permission_changes(*resources: Any, **members: Any) -> tuple[PrincipalChange, ...]:
    read = plan(*resources, **members)
    return changes(read, Mask(read))


def lines(change: PrincipalChange) -> list[str]:
    return [
        f"{sign} {each.effect} {each.action} on {each.resource}"
        + (f" if {each.condition}" if each.condition else "")
        + (f" [{', '.join(each.marks)}]" if each.marks else "")
        for sign, permissions in (("+", change.added), ("-", change.removed), ("?", change.known))
        for each in permissions
    ]


def role_changes(before: list[Any], after: list[Any]) -> list[str]:
    """The permission changes of a role with one changed policy."""
    found = permission_changes(inline(policy(*before), policy(*after)))
    return [line for change in found for line in lines(change)]


def bucket_changes(before: list[Any], after: list[Any], *others: Any) -> list[str]:
    """The permission changes of a bucket with a changed policy."""
    found = permission_changes(on_bucket(policy(*before), policy(*after)), *others)
    return [f"{change.principal}: {line}" for change in found for line in lines(change)]


def configured(*expressions: tuple[str, str, list[str]]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for address, attribute, references in expressions:
        found.setdefault(address, {})[attribute] = {"references": references}
    return {
        "root_module": {"resources": [{"address": address, "expressions": each} for address, each in found.items()]}
    }
