"""The elements of a statement on the cases of AWS's documentation: actions, resources, conditions, variables."""

from typing import Any

import pytest

from scripts.policies.documents import InvalidPolicyError
from scripts.policies.evaluator import Effect, Policies, Policy, Request, evaluate
from tests.unit.policies.decisions import ALLOW, BUCKET, GET, USER, effect, entry, policy

NO_KEY1 = {"ForAllValues:StringNotLike": {"aws:TagKeys": "key1*"}}
ANY_TAG = {"ForAnyValue:StringEquals": {"aws:TagKeys": ["environment", "webserver"]}}


@pytest.mark.parametrize(
    ("block", "context", "met"),
    [
        ({"StringEquals": {"aws:k": "a"}}, {"aws:k": ("a",)}, True),
        ({"StringEquals": {"AWS:K": "a"}}, {"aws:k": ("A",)}, False),
        ({"StringEqualsIgnoreCase": {"aws:k": "a"}}, {"aws:k": ("A",)}, True),
        ({"StringEquals": {"aws:k": "*"}}, {"aws:k": ("a",)}, False),
        ({"StringLike": {"aws:k": ["b", "a?c*"]}}, {"aws:k": ("abcd",)}, True),
        ({"StringNotLike": {"aws:k": "a*"}}, {"aws:k": ("abcd",)}, False),
        ({"StringNotEquals": {"aws:k": "a"}}, {}, True),
        ({"StringEquals": {"aws:k": "a"}}, {}, False),
        ({"StringEqualsIfExists": {"aws:k": "a"}}, {}, True),
        ({"StringEqualsIfExists": {"aws:k": "a"}}, {"aws:k": ("b",)}, False),
        ({"Null": {"aws:k": "true"}}, {}, True),
        ({"Null": {"aws:k": "false"}}, {"aws:k": ("b",)}, True),
        ({"Null": {"aws:k": True}}, {"aws:k": ("b",)}, False),
        ({"Bool": {"aws:SecureTransport": "false"}}, {"aws:securetransport": ("False",)}, True),
        ({"Bool": {"aws:SecureTransport": False}}, {"aws:securetransport": ("true",)}, False),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, {"s3:max-keys": ("10",)}, True),
        ({"NumericNotEquals": {"s3:max-keys": 10}}, {"s3:max-keys": ("10.0",)}, False),
        ({"NumericEquals": {"s3:max-keys": 10}}, {"s3:max-keys": ("ten",)}, False),
        ({"DateLessThan": {"aws:CurrentTime": "2026-07-01T00:00:00Z"}}, {"aws:currenttime": ("1767225600",)}, True),
        ({"DateGreaterThan": {"aws:CurrentTime": "2026-07-01T00:00:00Z"}}, {"aws:currenttime": ("2026-06-30",)}, False),
        (
            {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2001:db8::/32"]}},
            {"aws:sourceip": ("2001:db8::1",)},
            True,
        ),
        ({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, {"aws:sourceip": ("203.0.113.9",)}, False),
        ({"ArnLike": {"aws:k": "arn:aws:s*:*:1:x"}}, {"aws:k": ("arn:aws:sns:eu-west-1:1:x",)}, True),
        ({"ArnLike": {"aws:k": "arn:aws:s*:1:x"}}, {"aws:k": ("arn:aws:sns:eu-west-1:1:x",)}, False),
        ({"ArnEquals": {"aws:k": "arn:aws:iam::1:role/a/*"}}, {"aws:k": ("arn:aws:iam::1:role/a/b:c",)}, True),
        (
            {"ArnLike": {"aws:k": "arn:aws:iam::${aws:l}:*"}},
            {"aws:k": ("arn:aws:iam::1:role/a",), "aws:l": ("1",)},
            True,
        ),
        ({"BinaryEquals": {"aws:k": "QmluYXJ5"}}, {"aws:k": ("QmluYXJ5",)}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": ("a", "b")}, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": ("a", "c")}, False),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": "a"}}, {}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": ["a", "b"]}}, {"aws:tagkeys": ("a", "c")}, True),
        ({"ForAnyValue:StringEquals": {"aws:TagKeys": "a"}}, {}, False),
        ({"ForAnyValue:StringNotEquals": {"aws:TagKeys": "a"}}, {"aws:tagkeys": ("a", "c")}, True),
        ({"ForAllValues:StringNotEquals": {"aws:TagKeys": "a"}}, {"aws:tagkeys": ("a", "c")}, False),
        ({"StringEquals": {"aws:k": "${aws:l}"}}, {"aws:k": ("x*",), "aws:l": ("x*",)}, True),
        ({"StringLike": {"aws:k": "${aws:l}"}}, {"aws:k": ("xy",), "aws:l": ("x*",)}, False),
        ({"StringEquals": {"aws:k": "${aws:l, 'none'}"}}, {"aws:k": ("none",)}, True),
        ({"StringEquals": {"aws:k": "${aws:l}"}}, {"aws:k": ("x",)}, False),
        ({"StringLike": {"aws:k": "a${*}"}}, {"aws:k": ("ab",)}, False),
        ({"StringEquals": {"aws:k": "a"}, "Bool": {"aws:l": "true"}}, {"aws:k": ("a",)}, False),
        # The examples of AWS's page about keys with several values, as conditions alone:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition_examples-multi-valued-context-keys.html
        (NO_KEY1, {"aws:tagkeys": ("key1:personnel",)}, False),
        (NO_KEY1, {"aws:tagkeys": ("key1:personnel", "key2:audit")}, False),
        (NO_KEY1, {"aws:tagkeys": ("key2:audit",)}, True),
        (NO_KEY1, {"aws:tagkeys": ("key2:audit", "key3:audit")}, True),
        (NO_KEY1, {}, True),
        ({"Null": {"aws:TagKeys": "false"}, **NO_KEY1}, {}, False),
        (ANY_TAG, {"aws:tagkeys": ("webserver",)}, True),
        (ANY_TAG, {"aws:tagkeys": ("environment", "webserver", "test")}, True),
        (ANY_TAG, {"aws:tagkeys": ("test",)}, False),
        (ANY_TAG, {}, False),
        ({"ForAnyValue:StringLikeIfExists": {"aws:TagKeys": "a*"}}, {}, True),
        ({"ForAllValues:StringEqualsIfExists": {"aws:TagKeys": "a"}}, {"aws:tagkeys": ("b",)}, False),
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, {}, True),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, {"aws:multifactorauthpresent": ("true",)}, False),
        ({"NotIpAddressIfExists": {"aws:SourceIp": "10.0.0.0/8"}}, {"aws:sourceip": ("10.1.1.1",)}, False),
        ({"ArnNotLike": {"aws:k": "arn:aws:iam::1:*"}}, {}, True),
        ({"ArnLike": {"aws:k": "arn:aws:sns:us-east-1:1:t*"}}, {"aws:k": ("arn:aws:sns:us-east-1:1:T",)}, False),
        ({"ArnLike": {"aws:k": "arn:aws:sns:*"}}, {"aws:k": ("arn:aws:sns:us-east-1:1:t",)}, False),
        ({"StringNotEqualsIgnoreCase": {"aws:k": "A"}}, {"aws:k": ("a",)}, False),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}, {}, False),
        ({"StringEquals": {"aws:PrincipalTag/Team": "ml"}}, {"aws:principaltag/team": ("ml",)}, True),
        ({"StringLike": {"s3:prefix": ["", "home/", "home/${aws:username}/*"]}}, {"s3:prefix": ("home/",)}, True),
        ({"StringLike": {"s3:prefix": ["home/${aws:username}/*"]}}, {"s3:prefix": ("home/a/b",)}, False),
    ],
)
def test_conditions(block: dict[str, Any], context: dict[str, tuple[str, ...]], met: bool) -> None:
    allowed = evaluate(
        USER,
        Request("s3:GetObject", f"{BUCKET}/a", context),
        Policies(identity=[policy(entry("Allow", Condition=block))]),
    )
    assert (allowed.effect is Effect.ALLOWED) == met


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(InvalidPolicyError, match="StringIs"):
        effect(USER, GET, identity=[policy(entry("Allow", Condition={"StringIs": {"aws:k": "a"}}))])


@pytest.mark.parametrize(
    ("written", "allowed"),
    [
        (entry("Allow", "S3:getOBJECT"), True),
        (entry("Allow", "s3:Get?bject"), True),
        (entry("Allow", resource="arn:aws:s3:::Data/*"), False),
        (entry("Allow", resource="arn:aws:s3:::data"), False),
        (entry("Allow", resource="arn:aws:s3:::data/"), False),
        (entry("Allow", resource="arn:aws:s3:::dat?/*"), True),
        # A `*` at the end of a segment matches beyond its colon:
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
        (entry("Allow", resource="arn:aws:s3:*"), True),
        (entry("Allow", resource="arn:aws:s3*:a"), False),
        (entry("Allow", resource="*"), True),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, True),
        ({"Effect": "Allow", "NotAction": ["s3:Get*", "iam:*"], "Resource": "*"}, False),
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::other/*"}, True),
        ({"Effect": "Allow", "Action": "s3:*", "NotResource": ["arn:aws:s3:::other/*", f"{BUCKET}/*"]}, False),
    ],
)
def test_actions_and_resources(written: dict[str, Any], allowed: bool) -> None:
    assert (effect(USER, GET, identity=[policy(written)]) == "allowed") == allowed


@pytest.mark.parametrize(
    ("written", "denied"),
    [
        ({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}, False),
        ({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}, True),
        ({"Effect": "Deny", "Action": "*", "NotResource": f"{BUCKET}/*"}, False),
        ({"Effect": "Deny", "Action": "*", "NotResource": "arn:aws:s3:::other/*"}, True),
    ],
)
def test_a_deny_of_all_but_something(written: dict[str, Any], denied: bool) -> None:
    decided_by = "explicitDeny by identity-based policy" if denied else "allowed"
    assert effect(USER, GET, identity=[ALLOW, policy(written)]) == decided_by


HOME = policy(entry("Allow", resource=f"{BUCKET}/home/${{aws:username}}/*"))


@pytest.mark.parametrize(
    ("home", "name", "key", "expected"),
    [
        (HOME, "shirley", "home/shirley/a", "allowed"),
        (HOME, "shirley", "home/bob/a", "implicitDeny by identity-based policy"),
        (HOME, "*", "home/bob/a", "implicitDeny by identity-based policy"),
        (HOME, None, "home/shirley/a", "implicitDeny by identity-based policy"),
        (
            policy(entry("Deny", NotResource=f"{BUCKET}/home/${{aws:username}}/*") | {"Resource": "*"}),
            "bob",
            "home/bob/a",
            "explicitDeny by identity-based policy",
        ),
        (
            policy(entry("Allow", resource=f"{BUCKET}/home/${{aws:username}}/*"), version="2008-10-17"),
            "shirley",
            "home/${aws:username}/a",
            "allowed",
        ),
    ],
)
def test_variables(home: Policy, name: str | None, key: str, expected: str) -> None:
    context = {"aws:username": (name,)} if name else {}
    assert effect(USER, Request("s3:GetObject", f"{BUCKET}/{key}", context), identity=[home]) == expected
