"""A permission that grows is shown before and after; what is new for a plan's own principals is apart."""

from typing import Any

import pytest

from tests.unit.review.permission_plans import (
    LAMBDA,
    TRUST,
    allow,
    deny,
    inline,
    on_bucket,
    permission_changes,
    policy,
    role,
)
from tests.unit.review.plans import resource

X = "arn:aws:s3:::x/*"
A = "arn:aws:s3:::x/a/*"
OWN = "111122223333"
TLS = {"Bool": {"aws:SecureTransport": "true"}}


def growths(before: list[Any], after: list[Any]) -> list[tuple[str, str]]:
    """Before and after of each permission that a role gains."""
    [change] = permission_changes(inline(policy(*before), policy(*after)))
    return [(each.before, each.after) for each in change.added]


@pytest.mark.parametrize(
    ("before", "after", "grown"),
    [
        ([allow("s3:GetObject", A)], [allow("s3:GetObject", X)], [(f"s3:GetObject on {A}", f"s3:GetObject on {X}")]),
        ([allow("s3:GetObject", X)], [allow("s3:*", X)], [(f"s3:GetObject on {X}", f"s3:* on {X}")]),
        (
            [allow("s3:GetObject", X, Condition=TLS)],
            [allow("s3:GetObject", X)],
            [(f"s3:GetObject on {X} if aws:SecureTransport is true", f"s3:GetObject on {X}")],
        ),
        # Every part of one growth has the growth of the whole.
        (
            [allow(["s3:GetObject", "s3:PutObject"], A)],
            [allow("s3:*")],
            [(f"s3:GetObject, s3:PutObject on {A}", "s3:* on *")] * 3,
        ),
        # A further action beside the others, other resources, another condition: nothing that existed grows.
        ([allow("s3:GetObject", X)], [allow(["s3:GetObject", "s3:PutObject"], X)], [("", "")]),
        ([allow("s3:GetObject", A)], [allow("s3:GetObject", "arn:aws:s3:::y/*")], [("", "")]),
        ([allow("s3:GetObject", A)], [allow("s3:PutObject", X)], [("", "")]),
        ([deny("s3:GetObject", A)], [allow("s3:GetObject", X)], [("", "")] * 2),
        ([], [allow("s3:GetObject", X)], [("", "")]),
    ],
)
def test_a_permission_that_grows_has_its_before_and_after(
    before: list[Any], after: list[Any], grown: list[tuple[str, str]]
) -> None:
    assert growths(before, after) == grown


def test_a_principal_of_a_resource_that_had_nothing_before_grows_nothing() -> None:
    ours = {"AWS": f"arn:aws:iam::{OWN}:role/a"}
    theirs = {"AWS": f"arn:aws:iam::{OWN}:role/b"}
    before = [allow("s3:GetObject", A, Principal=ours)]
    found = permission_changes(on_bucket(policy(*before), policy(*before, allow("s3:*", X, Principal=theirs))))
    assert [(each.before, each.after) for change in found for each in change.added] == [("", "")]
    found = permission_changes(on_bucket(policy(*before), policy(allow("s3:*", X, Principal=ours))))
    assert {each.before for change in found for each in change.added} == {f"s3:GetObject on {A}"}


def test_a_resource_that_opens_to_everybody_names_who_had_access() -> None:
    ours = {"AWS": f"arn:aws:iam::{OWN}:role/a"}
    before, after = (policy(allow("s3:GetObject", X, Principal=who)) for who in (ours, "*"))
    [change] = permission_changes(on_bucket(before, after))
    assert [(each.before, each.after) for each in change.added] == [
        (f"s3:GetObject on {X} for AWS:arn:aws:iam::{OWN}:role/a", f"s3:GetObject on {X} for everybody")
    ]


def test_a_trust_that_loses_its_condition_names_the_role_and_not_everything() -> None:
    before = role(assume_role_policy=policy(TRUST | {"Condition": TLS}))["change"]["before"]
    after = role()["change"]["after"]
    [change] = permission_changes(resource("aws_iam_role.r", ("update",), before, after))
    assert [(each.before, each.after) for each in change.added] == [
        ("sts:AssumeRole on this role if aws:SecureTransport is true", "sts:AssumeRole on this role")
    ]


def created(address: str, **values: Any) -> Any:
    return resource(address, ("create",), None, values)


def new(*resources: Any, **members: Any) -> dict[str, bool]:
    """For each principal whose permissions change, whether they belong to what the plan creates."""
    return {each.principal: each.is_new for each in permission_changes(*resources, **members)}


READ = policy(allow("s3:GetObject", X))
ROLE = {"name": "r", "assume_role_policy": policy(TRUST)}


def test_a_new_role_is_new_and_a_new_policy_of_an_existing_role_is_not() -> None:
    grant = created("aws_iam_role_policy.p", role="r", policy=READ)
    assert new(created("aws_iam_role.r", **ROLE), grant) == {"role/r": True, "Service:lambda.amazonaws.com": True}
    assert new(role(), grant) == {"role/r": False}
    assert new(grant) == {"role/r": False}
    imported = resource("aws_iam_role.r", ("create",), None, ROLE, importing={"id": "r"})
    assert new(imported, grant)["role/r"] is False


def test_a_new_policy_that_nobody_has_is_new() -> None:
    assert new(created("aws_iam_policy.p", name="p", policy=READ)) == {"policy/p": True}


def trusted(principal: Any, *others: Any) -> set[bool]:
    """Whether those who may assume a new role, in a plan for our own account, are part of the new stack."""
    trust = policy(TRUST | {"Principal": principal})
    owner = resource("aws_kms_key.k", ("no-op",), *[{"arn": f"arn:aws:kms:eu-west-1:{OWN}:key/k"}] * 2)
    found = permission_changes(created("aws_iam_role.r", name="r", assume_role_policy=trust), owner, *others)
    return {each.is_new for each in found if each.place == "aws_iam_role.r"}


@pytest.mark.parametrize(
    ("principal", "is_new"),
    [
        (LAMBDA, True),
        ({"AWS": f"arn:aws:iam::{OWN}:root"}, True),
        ({"AWS": OWN}, True),
        ({"AWS": "arn:aws:iam::999900001111:root"}, False),
        ({"AWS": f"arn:aws:iam::{OWN}:role/existing"}, False),
        ({"AWS": f"arn:aws:iam::{OWN}:role/path/other"}, True),
        ({"Federated": f"arn:aws:iam::{OWN}:oidc-provider/token.actions.githubusercontent.com"}, False),
        ("*", False),
    ],
)
def test_access_to_a_new_role_is_new_for_services_the_own_account_and_new_principals(
    principal: Any, is_new: bool
) -> None:
    other = created("aws_iam_role.other", name="other", assume_role_policy=policy(TRUST))
    assert trusted(principal, other) == {is_new}


SERVICE = policy(allow("s3:GetObject", X, Principal={"Service": "logging.s3.amazonaws.com"}))


def test_access_for_a_service_is_new_only_on_a_new_resource() -> None:
    grant = created("aws_s3_bucket_policy.b", bucket="b", policy=SERVICE)
    exists = resource("aws_s3_bucket.b", ("no-op",), {"bucket": "b"}, {"bucket": "b"})
    assert set(new(created("aws_s3_bucket.b", bucket="b"), grant).values()) == {True}
    assert set(new(exists, grant).values()) == {False}
    for other in ("aws_sqs_queue.b", "aws_s3_bucket_versioning.b"):
        assert set(new(created(other, name="b", bucket="b"), grant).values()) == {False}


def test_a_permission_to_call_a_new_function_is_new() -> None:
    calls = created(
        "aws_lambda_permission.p", function_name="f", action="lambda:InvokeFunction", principal="events.amazonaws.com"
    )
    assert set(new(created("aws_lambda_function.f", function_name="f"), calls).values()) == {True}
    assert set(new(calls).values()) == {False}


def test_a_policy_on_a_bucket_that_it_refers_to_is_new_with_the_bucket() -> None:
    grant = resource("aws_s3_bucket_policy.b", ("create",), None, {"policy": SERVICE}, after_unknown={"bucket": True})
    references = {"references": ["aws_s3_bucket.b.id", "aws_s3_bucket.b"]}
    block = {"address": "aws_s3_bucket_policy.b", "mode": "managed", "type": "aws_s3_bucket_policy", "name": "b",
             "expressions": {"bucket": references}}  # fmt: skip
    configuration = {"root_module": {"resources": [block]}}
    bucket = {"bucket": None, "bucket_prefix": "b"}
    assert set(new(created("aws_s3_bucket.b", **bucket), grant, configuration=configuration).values()) == {True}
    exists = resource("aws_s3_bucket.b", ("update",), bucket, bucket | {"force_destroy": True})
    assert set(new(exists, grant, configuration=configuration).values()) == {False}


def test_a_deny_on_a_new_resource_takes_nothing_from_anybody() -> None:
    tls = policy(deny("s3:*", X, Principal="*"))
    grant = created("aws_s3_bucket_policy.b", bucket="b", policy=tls)
    assert new(created("aws_s3_bucket.b", bucket="b"), grant) == {"*": True}
