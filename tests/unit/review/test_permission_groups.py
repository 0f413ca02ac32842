"""Permissions that users gain or lose with a group, and changes that are reported for the group only."""

from typing import Any

import pytest

from tests.unit.review.permission_plans import allow, configured, lines, permission_changes, policy
from tests.unit.review.plans import resource

S3, SQS = allow("s3:GetObject", "arn:b"), allow("sqs:SendMessage", "arn:q")


def of_group(before: Any, after: Any) -> Any:
    sides = [None if text is None else {"group": "g", "policy": policy(text)} for text in (before, after)]
    return resource("aws_iam_group_policy.p", ("update",), *sides)


def named(kind: str, name: str) -> Any:
    return resource(f"aws_iam_{kind}.{name}", ("no-op",), {"name": name}, {"name": name})


JOINS = [
    ("aws_iam_user_group_membership", {"user": "u", "groups": ["g"]}),
    ("aws_iam_group_membership", {"name": "m", "users": ["u"], "group": "g"}),
]


@pytest.mark.parametrize(("kind", "held"), JOINS)
def test_a_user_gains_and_loses_the_policies_of_a_group(kind: str, held: dict[str, Any]) -> None:
    there = [named("group", "g"), named("user", "u"), of_group(S3, S3)]
    (joins,) = permission_changes(*there, resource(f"{kind}.m", ("create",), None, held))
    assert (joins.principal, lines(joins)) == ("user/u", ["+ Allow s3:GetObject on arn:b"])
    (leaves,) = permission_changes(*there, resource(f"{kind}.m", ("delete",), held, None))
    assert (leaves.principal, lines(leaves)) == ("user/u", ["- Allow s3:GetObject on arn:b"])


@pytest.mark.parametrize(("kind", "held"), JOINS)
def test_a_change_of_a_group_is_reported_once(kind: str, held: dict[str, Any]) -> None:
    stays = resource(f"{kind}.m", ("no-op",), held, held)
    (group,) = permission_changes(named("group", "g"), named("user", "u"), of_group(S3, SQS), stays)
    assert group.principal == "group/g"


def test_a_permission_from_the_group_is_not_new_for_the_user() -> None:
    stays = resource("aws_iam_user_group_membership.m", ("no-op",), JOINS[0][1], JOINS[0][1])
    own = resource("aws_iam_user_policy.p", ("create",), None, {"user": "u", "policy": policy(S3, SQS)})
    (user,) = permission_changes(named("group", "g"), named("user", "u"), of_group(S3, S3), stays, own)
    assert (user.principal, lines(user)) == ("user/u", ["+ Allow sqs:SendMessage on arn:q"])


def test_a_group_that_is_not_in_the_plan_is_named() -> None:
    joins = resource(
        "aws_iam_user_group_membership.m",
        ("update",),
        {"user": "u", "groups": ["old", "stays"]},
        {"user": "u", "groups": ["stays", None]},
        after_unknown={"groups": [False, True]},
    )
    references = configured(("aws_iam_user_group_membership.m", "groups", ["aws_iam_group.new.name", "var.group"]))
    (found,) = permission_changes(joins, configuration=references)
    assert lines(found) == [
        "+ Allow everything that group/aws_iam_group.new.name, var.group (known after apply) allows"
        " on the resources in its policies",
        "- Allow everything that group/old allows on the resources in its policies",
    ]
