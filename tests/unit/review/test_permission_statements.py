"""Permissions that are granted and revoked when statements change."""

from typing import Any

import pytest

from tests.unit.review.permission_plans import (
    LAMBDA,
    allow,
    bucket_changes,
    deny,
    permission_changes,
    policy,
    role,
    role_changes,
)
from tests.unit.review.plans import resource


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([allow(["s3:GetObject", "s3:PutObject"])], [allow(["s3:PutObject", "s3:GetObject"])]),
        ([allow("s3:GetObject")], [allow(["s3:GetObject"], ["*"], Sid="Another")]),
        ([allow("s3:GetObject")], [allow("S3:getobject")]),
        ([allow("s3:GetObject"), allow("s3:PutObject")], [allow("s3:PutObject"), allow("s3:GetObject")]),
        ([allow("s3:GetObject"), allow("s3:PutObject")], [allow(["s3:PutObject", "s3:GetObject"])]),
        ([allow("sqs:*")], [allow(["sqs:*", "sqs:SendMessage"]), allow("sqs:Get*", "arn:aws:sqs:::q")]),
        (
            [allow("s3:GetObject", "arn:aws:s3:::b/*")],
            [allow("s3:GetObject", ["arn:aws:s3:::b/*", "arn:aws:s3:::b/a/?"])],
        ),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], [allow("*"), deny("iam:*"), deny("iam:*")]),
        (
            [allow("s3:*", Condition={"Bool": {"aws:SecureTransport": True}})],
            [allow("s3:*", Condition={"Bool": {"AWS:securetransport": ["true"]}})],
        ),
        (
            [allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": ["10.1.0.0/16", "10.0.0.0/8"]}})],
            [allow("s3:*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})],
        ),
    ],
)
def test_rewriting_a_policy_grants_nothing(before: list[Any], after: list[Any]) -> None:
    assert [line for line in role_changes(before, after) if " Allow " in line] == []


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ([], [allow("s3:*")], ["+ Allow s3:* on * [on everything]"]),
        ([allow("s3:Get*")], [allow("s3:*")], ["+ Allow s3:* except s3:Get* on * [on everything]"]),
        (
            [allow("s3:GetObject", "arn:aws:s3:::b/*")],
            [allow(["s3:GetObject", "s3:PutObject"], "arn:aws:s3:::b/*")],
            ["+ Allow s3:PutObject on arn:aws:s3:::b/*"],
        ),
        (
            [allow("s3:GetObject", "arn:aws:s3:::b/*")],
            [allow("s3:GetObject", "arn:aws:s3:::b/a/*")],
            ["- Allow s3:GetObject on arn:aws:s3:::b/* except arn:aws:s3:::b/a/*"],
        ),
        (
            [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}],
            [allow("*")],
            ["+ Allow iam:* on * [escalates, on everything]"],
        ),
        (
            [{"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/*"}],
            [allow("s3:*")],
            ["+ Allow s3:* on arn:aws:s3:::b/*"],
        ),
        ([allow("s3:*")], [allow("s3:*"), deny("s3:DeleteBucket")], ["- Deny s3:DeleteBucket on * [now denied]"]),
        (
            [allow("s3:*"), deny("s3:*", "arn:aws:s3:::b/*")],
            [allow("s3:*")],
            ["+ Deny s3:* on arn:aws:s3:::b/* [no longer denied]"],
        ),
        (
            [allow("s3:GetObject", "arn:aws:s3:::b/*", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})],
            [allow("s3:GetObject", "arn:aws:s3:::b/*")],
            ["+ Allow s3:GetObject on arn:aws:s3:::b/* if previously only if aws:SourceVpc is vpc-1 [lost condition]"],
        ),
        (
            [allow("s3:GetObject", "arn:aws:s3:::b/*")],
            [allow("s3:GetObject", "arn:aws:s3:::b/*", Condition={"Null": {"aws:TokenIssueTime": "false"}})],
            ["- Allow s3:GetObject on arn:aws:s3:::b/* if now only if aws:TokenIssueTime is present"],
        ),
        (
            [allow("sts:AssumeRole", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}})],
            [allow("sts:AssumeRole", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": 900}})],
            ["- Allow sts:AssumeRole on * if aws:MultiFactorAuthAge < 3600; now only if aws:MultiFactorAuthAge < 900"],
        ),
        (
            [],
            [allow("iam:PassRole", "arn:aws:iam::111122223333:role/training")],
            ["+ Allow iam:PassRole on arn:aws:iam::111122223333:role/training"],
        ),
        (
            [],
            [allow("iam:PassRole", "arn:aws:iam::111122223333:role/*")],
            ["+ Allow iam:PassRole on arn:aws:iam::111122223333:role/* [escalates]"],
        ),
        ([], [allow("iam:Create*", "arn:x")], ["+ Allow iam:Create* on arn:x [escalates]"]),
        (
            [],
            [allow(["ecr:GetAuthorizationToken", "ecr:getauthorizationtoken"])],
            ["+ Allow ecr:GetAuthorizationToken on *"],
        ),
        ([], [allow("brandnew:Thing")], ["+ Allow brandnew:Thing on * [on everything]"]),
    ],
)
def test_permission_changes_of_a_role(before: list[Any], after: list[Any], lines: list[str]) -> None:
    assert role_changes(before, after) == lines


@pytest.mark.parametrize(
    ("after", "lines"),
    [
        ({"Principal": "*"}, ["*: + Allow s3:GetObject on arn:aws:s3:::b/* [public]"]),
        ({"Principal": {"AWS": ["*"]}}, ["*: + Allow s3:GetObject on arn:aws:s3:::b/* [public]"]),
        (
            {"NotPrincipal": {"AWS": "111122223333"}},
            ["everybody except AWS:arn:aws:iam::111122223333:root: + Allow s3:GetObject on arn:aws:s3:::b/* [public]"],
        ),
        (
            {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}},
            ["*: + Allow s3:GetObject on arn:aws:s3:::b/* if aws:PrincipalOrgID is o-1"],
        ),
        (
            {"Principal": "*", "Condition": {"StringLike": {"aws:PrincipalOrgID": "*"}}},
            ["*: + Allow s3:GetObject on arn:aws:s3:::b/* if aws:PrincipalOrgID is like * [public]"],
        ),
        (
            {"Principal": {"AWS": ["111122223333", "444455556666"]}},
            [
                "AWS:arn:aws:iam::111122223333:root: + Allow s3:GetObject on arn:aws:s3:::b/*",
                "AWS:arn:aws:iam::444455556666:root: + Allow s3:GetObject on arn:aws:s3:::b/* [outside account]",
            ],
        ),
        (
            {"Principal": LAMBDA},
            ["Service:lambda.amazonaws.com: + Allow s3:GetObject on arn:aws:s3:::b/* [no confused-deputy condition]"],
        ),
        (
            {"Principal": LAMBDA, "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}},
            [
                "Service:lambda.amazonaws.com: + Allow s3:GetObject on arn:aws:s3:::b/* "
                "if aws:SourceAccount is 111122223333"
            ],
        ),
    ],
)
def test_who_gets_access_to_a_bucket(after: dict[str, Any], lines: list[str]) -> None:
    own = role(arn="arn:aws:iam::111122223333:role/r")
    assert bucket_changes([], [allow("s3:GetObject", "arn:aws:s3:::b/*", **after)], own) == lines


GITHUB = {"Federated": "arn:aws:iam::111122223333:oidc-provider/token.actions.githubusercontent.com"}


@pytest.mark.parametrize(
    ("operator", "subject", "marks"),
    [
        ("StringEquals", "repo:o/r:environment:prod", ()),
        ("StringLike", "repo:o/r:*", ()),
        ("StringLike", "*", ("no subject condition",)),
        ("ForAllValues:StringEquals", "repo:o/r:environment:prod", ("no subject condition",)),
        ("StringEqualsIfExists", "repo:o/r:environment:prod", ("no subject condition",)),
    ],
)
def test_github_must_name_a_repository(operator: str, subject: str, marks: tuple[str, ...]) -> None:
    block = {operator: {"token.actions.githubusercontent.com:sub": subject}}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": GITHUB, "Condition": block}
    found = permission_changes(
        resource("aws_iam_role.r", ("create",), None, {"name": "r", "assume_role_policy": policy(trust)})
    )
    assert [(change.kind, change.place, change.added[0].marks) for change in found] == [
        ("trust", "aws_iam_role.r", marks)
    ]
    assert found[0].added[0].resource == "this role"
