"""The intersection of a boundary and a role's policies: checked by the independent evaluator, and as text."""

import json
from typing import Any

import pytest
from hypothesis import given, settings

from scripts.policies.documents import Scope, Statement, statements
from scripts.review.permissions.boundary import NotExpressibleError, within
from tests.unit.policies.every_request import (
    ACTIONS,
    ALL,
    BY_ACTION,
    BY_RESOURCE,
    RESOURCES,
    among,
    decided,
    like,
    met,
    policies,
    scope_requests,
)
from tests.unit.review.permission_plans import TRUST, allow, configured, deny, inline, lines, permission_changes, policy
from tests.unit.review.plans import resource

WORLD = among(BY_ACTION, (action != "x:Y" for action in ACTIONS))
LIMIT = "arn:aws:iam::111122223333:policy/limit"


def requests(statement: Statement) -> int:
    patterns = tuple(pattern.lower() for pattern in statement.actions.patterns)
    found = among(BY_ACTION, (any(like(each, action.lower()) for each in patterns) for action in ACTIONS))
    found = ALL & ~found if statement.actions.negated else found
    for atom in statement.conditions:
        found &= met(atom.operator, atom.key, atom.values)
    return found & scope_requests(statement.resources, BY_RESOURCE, RESOURCES)


@pytest.mark.e2e
@settings(max_examples=100, deadline=None)
@given(policies(False), policies(False))
def test_the_intersection_allows_what_both_allow(held: list[dict[str, Any]], limit: list[dict[str, Any]]) -> None:
    try:
        found = within(statements({"Statement": held}), statements({"Statement": limit}))
    except NotExpressibleError:
        return
    allowed = denied = 0
    for statement in found:
        if statement.effect == "Allow":
            allowed |= requests(statement)
        else:
            denied |= requests(statement)
    (allowed_by_role, denied_by_role), (allowed_by_limit, denied_by_limit) = decided(held), decided(limit)
    expected = allowed_by_role & allowed_by_limit & ~denied_by_role & ~denied_by_limit
    assert allowed & ~denied & WORLD == expected & WORLD


@pytest.mark.parametrize(
    ("held", "limit", "left"),
    [
        (allow("*"), allow("s3:*", "arn:b/*"), [("s3:*", "arn:b/*")]),
        (allow("s3:Get*", "arn:b/*"), allow(["S3:*", "sqs:*"]), [("s3:Get*", "arn:b/*")]),
        (allow("iam:*"), allow("s3:*"), []),
        (allow(["s3:*", "iam:*"]), {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, [("s3:*", "*")]),
        (allow("sqs:*Queue"), allow("sqs:Delete*"), [("sqs:DeleteQueue", "*")]),
        (allow("s3:*", ["arn:a", "arn:b"]), {"Effect": "Allow", "Action": "*", "NotResource": "arn:a"},
         [("s3:*", "arn:b")]),
    ],
)  # fmt: skip
def test_the_intersection_keeps_the_written_patterns(held: Any, limit: Any, left: list[tuple[str, str]]) -> None:
    found = within(statements({"Statement": [held]}), statements({"Statement": [limit]}))
    assert [(each.actions, each.resources) for each in found] == [
        (Scope((action,)), Scope((where,))) for action, where in left
    ]


def limited(
    held: list[Any], *, before: str | None, after: str | None, role: str | None = LIMIT, **members: Any
) -> list[str]:
    """The permission changes of a role with one new policy and a boundary in the plan."""
    sides: list[dict[str, Any] | None] = [
        None if text is None else {"name": "limit", "arn": LIMIT, "policy": text} for text in (before, after)
    ]
    roles: list[dict[str, Any]] = [
        {"name": "r", "assume_role_policy": policy(TRUST), "permissions_boundary": LIMIT},
        {"name": "r", "assume_role_policy": policy(TRUST), "permissions_boundary": role},
    ]
    given = [resource("aws_iam_policy.limit", ("update",), *sides), resource("aws_iam_role.r", ("update",), *roles)]
    found = permission_changes(*given, *held, **members)
    return [f"{each.principal}: {line}" for each in found if each.place == "aws_iam_role.r" for line in lines(each)]


def test_a_boundary_in_the_plan_limits_new_permissions() -> None:
    limit = policy(allow("s3:*"), deny("s3:DeleteObject"))
    comes = inline(None, policy(allow(["s3:GetObject", "iam:CreateUser"], "arn:b")))
    assert limited([comes], before=limit, after=limit) == [
        "role/r (within the permissions boundary policy/limit): + Allow s3:GetObject on arn:b"
    ]
    comes = inline(None, policy(allow("iam:*", "arn:b")))
    assert limited([comes], before=limit, after=limit) == []


def test_a_wider_boundary_grants_permissions_to_its_roles() -> None:
    held = policy(allow("*"))
    assert limited([inline(held, held)], before=policy(allow("s3:*")), after=policy(allow(["s3:*", "sqs:*"]))) == [
        "role/r (within the permissions boundary policy/limit): + Allow sqs:* on * [on everything]"
    ]


def test_removing_a_boundary_grants_what_it_forbade() -> None:
    held, limit = policy(allow(["s3:*", "sqs:*"], "arn:b")), policy(allow("s3:*"))
    assert limited([inline(held, held)], before=limit, after=limit, role=None) == ["role/r: + Allow sqs:* on arn:b"]


def test_a_boundary_that_is_not_in_the_plan_is_named() -> None:
    held = {"name": "r", "assume_role_policy": policy(TRUST), "permissions_boundary": LIMIT}
    comes = inline(None, policy(allow("s3:GetObject", "arn:b")))
    [found] = permission_changes(resource("aws_iam_role.r", ("no-op",), held, held), comes)
    assert found.principal == "role/r (permissions boundary policy/limit not subtracted)"
    assert lines(found) == ["+ Allow s3:GetObject on arn:b"]


def test_a_boundary_known_after_the_apply_is_named() -> None:
    unknown = resource(
        "aws_iam_policy.limit", ("create",), None, {"name": "limit"}, after_unknown={"arn": True, "policy": True}
    )
    role = resource(
        "aws_iam_role.r",
        ("create",),
        None,
        {"name": "r", "assume_role_policy": policy(TRUST)},
        after_unknown={"permissions_boundary": True},
    )
    references = configured(("aws_iam_role.r", "permissions_boundary", ["aws_iam_policy.limit.arn"]))
    comes = inline(None, policy(allow("s3:GetObject", "arn:b")))
    found = [
        each for each in permission_changes(unknown, role, comes, configuration=references) if each.kind == "identity"
    ]
    assert "role/r (permissions boundary policy (known after apply) not subtracted)" in {
        each.principal for each in found
    }


def test_an_inexpressible_intersection_is_not_subtracted() -> None:
    limit = policy(allow("s3:*", "arn:aws:s3:::*-data/*"))
    comes = inline(None, policy(allow("s3:GetObject", "arn:aws:s3:::my-*")))
    assert limited([comes], before=limit, after=limit) == [
        "role/r (permissions boundary policy/limit not subtracted): + Allow s3:GetObject on arn:aws:s3:::my-*"
    ]
    assert limited([comes], before=limit, after=json.dumps({"Statement": 1})) == [
        "role/r (permissions boundary policy/limit not subtracted): + Allow s3:GetObject on arn:aws:s3:::my-*"
    ]
