"""The evaluator: against a judge of every request, and on the kinds of policies that AWS documents."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.policies.evaluator import Effect, Policies, Policy, Principal, Request, evaluate
from tests.unit.policies.decisions import ACCOUNT, ALLOW, BUCKET, GET, USER, effect, entry, policy
from tests.unit.policies.every_request import ACTIONS, CONTEXTS, KEYS, PRINCIPALS, RESOURCES, decided, policies

OTHER = "444455556666"
SESSION = Principal(
    f"arn:aws:sts::{ACCOUNT}:assumed-role/trainer/job", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:role/teams/trainer"
)
GOV = Principal(f"arn:aws-us-gov:iam::{ACCOUNT}:user/Shirley", ACCOUNT)
KEY = {"needs_resource": True}
SERVICE = Principal("sagemaker.amazonaws.com")


def grants(principal: Any, effect: str = "Allow") -> Policy:
    return policy(entry(effect, Principal=principal))


def spares(*arns: str | None) -> Policy:
    return policy(entry("Deny", NotPrincipal={"AWS": [*arns]}))


IDENTITY_LACKS = "implicitDeny by identity-based policy"
DENY = policy(entry("Deny"))
NOTHING = policy(entry("Allow", "ec2:*"))


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


def test_the_statement_that_decided_and_the_missing_keys_are_named() -> None:
    only_tls = entry("Deny", Sid="OnlyTls", Condition={"Bool": {"aws:SecureTransport": "false"}})
    of_vpc = entry("Allow", Sid="OfVpc", Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})
    two = policy(of_vpc, only_tls, entry("Allow", "sqs:*", Condition={"Null": {"aws:k": "true"}}), name="two")
    request = Request("s3:GetObject", f"{BUCKET}/a", {"aws:securetransport": ("false",)})
    decision = evaluate(USER, request, Policies(identity=[two]))
    assert [(match.policy.name, match.policy.sids[match.number]) for match in decision.matches] == [("two", "OnlyTls")]
    assert decision.missing == {"aws:sourcevpc"}


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
