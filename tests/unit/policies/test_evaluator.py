"""The evaluator: against a judge of every request, and on the cases of AWS's documentation."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.policies.documents import InvalidPolicyError
from scripts.policies.evaluator import Effect, Policies, Policy, Principal, Request, evaluate, read_policy
from tests.unit.policies.every_request import ACTIONS, CONTEXTS, KEYS, PRINCIPALS, RESOURCES, decided, policies

ACCOUNT, OTHER = "111122223333", "444455556666"
USER = Principal(f"arn:aws:iam::{ACCOUNT}:user/Shirley", ACCOUNT)
SESSION = Principal(
    f"arn:aws:sts::{ACCOUNT}:assumed-role/trainer/job", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/teams/trainer"
)
GOV = Principal(f"arn:aws-us-gov:iam::{ACCOUNT}:user/Shirley", ACCOUNT)
KEY = {"needs_resource": True}
SERVICE = Principal("sagemaker.amazonaws.com")
BUCKET = "arn:aws:s3:::data"
GET = Request("s3:GetObject", f"{BUCKET}/a")


def policy(*entries: Mapping[str, Any], version: str = "2012-10-17", name: str = "p") -> Policy:
    return read_policy(name, json.dumps({"Version": version, "Statement": entries}))


def entry(effect: str, action: str = "s3:*", resource: str = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def grants(principal: Any, effect: str = "Allow") -> Policy:
    return policy(entry(effect, Principal=principal))


def spares(*arns: str | None) -> Policy:
    return policy(entry("Deny", NotPrincipal={"AWS": [*arns]}))


IDENTITY_LACKS = "implicitDeny by identity-based policy"
ALLOW, DENY = policy(entry("Allow")), policy(entry("Deny"))
NOTHING = policy(entry("Allow", "ec2:*"))


def effect(principal: Principal, request: Request, **given: Any) -> str:
    decision = evaluate(principal, request, Policies(**given))
    return decision.effect.value + (f" by {decision.kind}" if decision.kind else "")


@pytest.mark.parametrize(
    ("principal", "given", "expected"),
    [
        (USER, {}, "implicitDeny by identity-based policy"),
        (USER, {"identity": [ALLOW]}, "allowed"),
        (USER, {"identity": [ALLOW, DENY]}, "explicitDeny by identity-based policy"),
        (USER, {"identity": [ALLOW], "boundary": NOTHING}, "implicitDeny by permissions boundary"),
        (USER, {"identity": [NOTHING], "boundary": ALLOW}, "implicitDeny by identity-based policy"),
        (USER, {"identity": [ALLOW], "boundary": DENY}, "explicitDeny by permissions boundary"),
        (USER, {"identity": [ALLOW], "boundary": ALLOW}, "allowed"),
        (SESSION, {"identity": [ALLOW], "session": [NOTHING]}, "implicitDeny by session policy"),
        (SESSION, {"identity": [NOTHING], "session": [ALLOW]}, "implicitDeny by identity-based policy"),
        (SESSION, {"identity": [ALLOW], "session": [ALLOW], "boundary": ALLOW}, "allowed"),
        (USER, {"identity": [ALLOW], "resource": grants("*", "Deny")}, "explicitDeny by resource-based policy"),
        # A grant to the user or to the session needs nothing else; one to the role counts within its limits.
        (USER, {"resource": grants({"AWS": USER.arn}), "boundary": NOTHING}, "allowed"),
        (SESSION, {"resource": grants({"AWS": SESSION.arn}), "boundary": NOTHING, "session": [NOTHING]}, "allowed"),
        (SESSION, {"resource": grants({"AWS": SESSION.role})}, "allowed"),
        (
            SESSION,
            {"resource": grants({"AWS": SESSION.role}), "boundary": NOTHING},
            "implicitDeny by permissions boundary",
        ),
        (SESSION, {"resource": grants("*"), "session": [NOTHING]}, "implicitDeny by session policy"),
        (USER, {"resource": grants("*")}, "allowed"),
        # A grant to the account lets the identity's own policies decide.
        (USER, {"resource": grants({"AWS": ACCOUNT})}, "implicitDeny by identity-based policy"),
        (USER, {"resource": grants({"AWS": ACCOUNT}), "identity": [ALLOW]}, "allowed"),
        (USER, {"resource": grants({"AWS": f"arn:aws:iam::{OTHER}:root"}), "identity": [ALLOW]}, "allowed"),
        (USER, {"identity": [ALLOW], "needs_resource": True}, "implicitDeny by resource-based policy"),
        (USER, {"identity": [ALLOW], "needs_resource": True, "resource": grants({"AWS": ACCOUNT})}, "allowed"),
        # Another account's resource: both sides must allow.
        (USER, {"identity": [ALLOW], "owner": OTHER}, "implicitDeny by resource-based policy"),
        (
            USER,
            {"resource": grants({"AWS": USER.arn}), "owner": OTHER},
            "implicitDeny by identity-based policy",
        ),
        (USER, {"identity": [ALLOW], "resource": grants({"AWS": USER.arn}), "owner": OTHER}, "allowed"),
        (SERVICE, {}, "implicitDeny by resource-based policy"),
        (SERVICE, {"resource": grants({"Service": "sagemaker.amazonaws.com"})}, "allowed"),
        (SERVICE, {"resource": grants({"Service": "ec2.amazonaws.com"})}, "implicitDeny by resource-based policy"),
        # NotPrincipal must name the account too, and for a session its role; it spares nobody with a boundary.
        (USER, {"identity": [ALLOW], "resource": spares(USER.arn)}, "explicitDeny by resource-based policy"),
        (USER, {"identity": [ALLOW], "resource": spares(USER.arn, ACCOUNT)}, "allowed"),
        (
            USER,
            {"identity": [ALLOW], "boundary": ALLOW, "resource": spares(USER.arn, ACCOUNT)},
            "explicitDeny by resource-based policy",
        ),
        (
            SESSION,
            {"identity": [ALLOW], "resource": spares(USER.arn, ACCOUNT)},
            "explicitDeny by resource-based policy",
        ),
        (
            SESSION,
            {"identity": [ALLOW], "resource": spares(SESSION.role, ACCOUNT)},
            "explicitDeny by resource-based policy",
        ),
        (SESSION, {"identity": [ALLOW], "resource": spares(SESSION.arn, SESSION.role, ACCOUNT)}, "allowed"),
        (SERVICE, {"resource": policy(entry("Allow", NotPrincipal={"AWS": ACCOUNT}))}, "allowed"),
        (USER, {"resource": policy(entry("Allow", NotPrincipal={"AWS": USER.arn}))}, IDENTITY_LACKS),
        # Another account's resource that names the session: what limits the session counts there too.
        (SESSION, {"identity": [ALLOW], "owner": OTHER, "resource": grants({"AWS": SESSION.arn})}, "allowed"),
        (
            SESSION,
            {"identity": [ALLOW], "session": [NOTHING], "owner": OTHER, "resource": grants({"AWS": SESSION.arn})},
            "implicitDeny by session policy",
        ),
        (
            SESSION,
            {"identity": [ALLOW], "boundary": NOTHING, "owner": OTHER, "resource": grants({"AWS": SESSION.role})},
            "implicitDeny by permissions boundary",
        ),
        (USER, {"resource": grants({"AWS": "*"})}, "allowed"),
        (
            GOV,
            {"identity": [ALLOW], "resource": grants({"AWS": f"arn:aws-us-gov:iam::{ACCOUNT}:root"}), **KEY},
            "allowed",
        ),
        (GOV, {"identity": [ALLOW], "resource": grants({"AWS": ACCOUNT}), **KEY}, "allowed"),
        (USER, {"resource": grants({"AWS": f"arn:aws:iam::{ACCOUNT}:user/*"})}, IDENTITY_LACKS),
        (USER, {"resource": grants({"AWS": USER.arn.lower()})}, IDENTITY_LACKS),
        (SESSION, {"resource": grants({"AWS": f"arn:aws:iam::{ACCOUNT}:role/trainer"})}, IDENTITY_LACKS),
    ],
)
def test_the_kinds_of_policies_are_combined_as_aws_documents(
    principal: Principal, given: dict[str, Any], expected: str
) -> None:
    assert effect(principal, GET, **given) == expected


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


def test_the_statement_that_decided_and_the_missing_keys_are_named() -> None:
    only_tls = entry("Deny", Sid="OnlyTls", Condition={"Bool": {"aws:SecureTransport": "false"}})
    of_vpc = entry("Allow", Sid="OfVpc", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})
    two = policy(of_vpc, only_tls, entry("Allow", "sqs:*", Condition={"Null": {"aws:k": "true"}}), name="two")
    request = Request("s3:GetObject", f"{BUCKET}/a", {"aws:securetransport": ("false",)})
    decision = evaluate(USER, request, Policies(identity=[two]))
    assert [(match.policy.name, match.policy.sids[match.number]) for match in decision.matches] == [("two", "OnlyTls")]
    assert decision.missing == {"aws:sourcevpc"}


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(InvalidPolicyError, match="StringIs"):
        effect(USER, GET, identity=[policy(entry("Allow", Condition={"StringIs": {"aws:k": "a"}}))])


@pytest.mark.e2e
@settings(max_examples=60, deadline=None)
@given(policies(False), policies(False), policies(True), st.randoms(use_true_random=False))
def test_it_decides_as_the_judge_of_every_request(
    identity: list[dict[str, Any]], boundary: list[dict[str, Any]], resource: list[dict[str, Any]], random: Any
) -> None:
    # Every principal has a boundary here: a Deny with NotPrincipal spares nobody.
    judged = [
        {**one, "Principal": "*"} if one["Effect"] == "Deny" and one.get("NotPrincipal", "*") != "*" else one
        for one in resource
    ]
    (allowed, denied), (bounded, denied_by_boundary), (granted, denied_here) = map(
        decided, (identity, boundary, judged)
    )
    documents = Policies(
        [policy(*identity)], policy(*boundary), (), policy(*resource), owner=OTHER, needs_resource=False
    )
    for _ in range(40):
        places = [random.randrange(len(each)) for each in (ACTIONS, RESOURCES, PRINCIPALS, CONTEXTS)]
        number = 0
        for place, each in zip(places, (ACTIONS, RESOURCES, PRINCIPALS, CONTEXTS), strict=True):
            number = number * len(each) + place
        action, text, arn, values = (
            each[place] for place, each in zip(places, (ACTIONS, RESOURCES, PRINCIPALS, CONTEXTS), strict=True)
        )
        context = {key: (value,) for key, value in zip(KEYS, values, strict=True) if value is not None}
        found = evaluate(Principal(arn, ACCOUNT), Request(action, text, context), documents).effect
        expected = Effect.IMPLICIT_DENY
        if (denied | denied_by_boundary | denied_here) >> number & 1:
            expected = Effect.EXPLICIT_DENY
        elif (allowed & bounded & granted) >> number & 1:
            expected = Effect.ALLOWED
        assert found is expected
