"""The rules and the permissions find the same risks in policies."""

from typing import Any

import pytest

from scripts.policies import actions
from scripts.policies.documents import Condition
from scripts.review.model import Permission
from scripts.review.permissions import policy_checks
from tests.unit.review.permission_plans import allow, on_bucket, permission_changes, policy, role
from tests.unit.review.plans import plan, resource
from tests.unit.review.rule_plans import ids

GITHUB = "token.actions.githubusercontent.com"


@pytest.mark.parametrize("action", [*policy_checks.ESCALATING, *policy_checks.ESCALATING_ON_ANY_ROLE])
def test_rules_and_permissions_agree_on_escalating_actions(action: str) -> None:
    assert actions.spelling(action.lower()) == action
    given = resource("aws_iam_role_policy.p", ("create",), None, {"role": "r", "policy": policy(allow(action))})
    [change] = permission_changes(role(), given)
    assert ["escalates" in each.marks for each in change.added] == [True]
    assert ids(plan(role(), given)) & {"iam-escalation", "iam-pass-role"}


@pytest.mark.parametrize(
    ("operator", "key", "value", "is_public"),
    [
        ("StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5", False),
        ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-ab12/*", False),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::b/1", False),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::*", True),
        ("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/r", True),
        ("IpAddress", "aws:SourceIp", "192.0.2.0/24", False),
        ("IpAddress", "aws:SourceIp", "0.0.0.0/1", True),
        ("StringEqualsIfExists", "aws:SourceAccount", "111122223333", True),
        ("ForAllValues:StringEquals", "aws:PrincipalOrgID", "o-a1b2c3d4e5", True),
        ("StringNotEquals", "aws:SourceAccount", "111122223333", True),
        ("StringEquals", "aws:username", "ada", True),
        ("IpAddress", "aws:VpcSourceIp", "10.0.0.0/8", True),
    ],
)
def test_rules_and_permissions_agree_on_public_policies(operator: str, key: str, value: str, is_public: bool) -> None:
    text = policy(allow("s3:GetObject", "arn:aws:s3:::b/*", Principal="*", Condition={operator: {key: value}}))
    [change] = permission_changes(on_bucket(None, text))
    assert ("public" in marks(change.added)) is is_public
    assert ("s3-public-policy" in ids(plan(on_bucket(None, text)))) is is_public


def marks(added: tuple[Permission, ...]) -> set[str]:
    return {mark for each in added for mark in each.marks}


@pytest.mark.parametrize(
    ("operator", "value", "binds"),
    [
        ("StringEquals", "repo:a/b:environment:prod", True),
        ("StringLike", "repo:a/b:*", True),
        ("StringLike", "repo:*:environment:prod", False),
        ("StringLike", "repo:*", False),
        ("StringLike", "*", False),
        ("ForAllValues:StringEquals", "repo:a/b:environment:prod", False),
    ],
)
def test_rules_and_permissions_agree_on_subject_conditions(operator: str, value: str, binds: bool) -> None:
    assert policy_checks.binds_subject(Condition(operator, f"{GITHUB}:sub", (value,)), GITHUB) is binds
    trust: dict[str, Any] = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{GITHUB}"},
        "Condition": {operator: {f"{GITHUB}:sub": value}},
    }
    given = resource("aws_iam_role.r", ("create",), None, {"name": "r", "assume_role_policy": policy(trust)})
    [change] = permission_changes(given)
    assert ("no subject condition" in marks(change.added)) is not binds
    assert ("iam-oidc-unbound" in ids(plan(given))) is not binds
