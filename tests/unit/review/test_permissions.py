"""Permission changes of principals, from the policies in a plan."""

from typing import Any

import pytest

from scripts.review.model import Permission, Shown
from tests.unit.review.permission_plans import TRUST, allow, configured, inline, lines, permission_changes, policy, role
from tests.unit.review.plans import resource
from tests.unit.review.rule_plans import ids, plan, replaced
from tests.unit.review.rule_plans import policy as document


def test_all_policies_of_a_role_count_together() -> None:
    moved = allow("s3:GetObject", "arn:aws:s3:::b/*")
    found = permission_changes(
        role(),
        inline(policy(moved), None, "aws_iam_role_policy.old"),
        resource(
            "aws_iam_policy.new",
            ("create",),
            None,
            {"name": "new", "policy": policy(moved, allow("sqs:SendMessage", "arn:q"))},
            after_unknown={"arn": True},
        ),
        resource(
            "aws_iam_role_policy_attachment.new", ("create",), None, {"role": "r"}, after_unknown={"policy_arn": True}
        ),
        configuration=configured(
            ("aws_iam_role_policy_attachment.new", "policy_arn", ["aws_iam_policy.new.arn", "aws_iam_policy.new"])
        ),
    )
    assert [(change.principal, change.kind, change.place) for change in found] == [
        ("role/r", "identity", "aws_iam_role.r")
    ]
    assert lines(found[0]) == ["+ Allow sqs:SendMessage on arn:q"]


def test_policies_that_are_not_in_the_plan_are_named() -> None:
    arns = ("arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::111122223333:policy/team/Own")
    attached = [
        resource(f"aws_iam_role_policy_attachment.a{place}", ("create",), None, {"role": "r", "policy_arn": arn})
        for place, arn in enumerate(arns)
    ]
    (found,) = permission_changes(role(), *attached)
    assert [(each.action, each.marks) for each in found.added] == [
        ("policy/Own", ()),
        ("policy/AdministratorAccess", ("escalates", "on everything")),
    ]


def test_one_policy_attached_to_several_holders() -> None:
    arn = "arn:aws:iam::111122223333:policy/p"
    found = permission_changes(
        resource(
            "aws_iam_policy.p",
            ("no-op",),
            {"name": "p", "arn": arn, "policy": policy(allow("sqs:SendMessage", "arn:q"))},
            {"name": "p", "arn": arn, "policy": policy(allow("sqs:SendMessage", "arn:q"))},
        ),
        resource(
            "aws_iam_policy_attachment.a",
            ("update",),
            {"policy_arn": arn, "roles": ["r"], "users": None},
            {"policy_arn": arn, "roles": [], "users": ["u"], "groups": ["g"]},
        ),
    )
    assert {change.principal: lines(change) for change in found} == {
        "role/r": ["- Allow sqs:SendMessage on arn:q"],
        "user/u": ["+ Allow sqs:SendMessage on arn:q"],
        "group/g": ["+ Allow sqs:SendMessage on arn:q"],
    }


def test_copies_by_the_provider_hide_no_change() -> None:
    text = policy(allow("s3:GetObject", "arn:b"))
    mirror: dict[str, Any] = {
        "inline_policy": [{"name": "p", "policy": text}],
        "managed_policy_arns": ["arn:aws:iam::aws:policy/A"],
    }
    attachment = resource(
        "aws_iam_role_policy_attachment.a", ("delete",), {"role": "r", "policy_arn": "arn:aws:iam::aws:policy/A"}, None
    )
    (found,) = permission_changes(role(**mirror), inline(text, None), attachment)
    assert lines(found) == ["- Allow s3:GetObject on arn:b", "- Allow policy/A on the resources in that policy"]


def test_inline_blocks_of_a_role() -> None:
    before = {"name": "r", "inline_policy": []}
    after = {"name": "r", "inline_policy": [{"name": "p", "policy": policy(allow("sqs:SendMessage", "arn:q"))}]}
    (found,) = permission_changes(resource("aws_iam_role.r", ("update",), before, after))
    assert lines(found) == ["+ Allow sqs:SendMessage on arn:q"]


def test_a_boundary_that_is_removed_or_added() -> None:
    held = {"name": "r", "assume_role_policy": policy(TRUST)}
    limit = {"permissions_boundary": "arn:aws:iam::111122223333:policy/limit"}
    (found,) = permission_changes(resource("aws_iam_role.r", ("update",), held | limit, held))
    assert lines(found) == ["+ Deny everything except what policy/limit allows on * [no longer denied]"]
    (found,) = permission_changes(resource("aws_iam_role.r", ("update",), held, held | limit))
    assert lines(found) == ["- Deny everything except what policy/limit allows on * [now denied]"]
    assert not [
        each
        for each in permission_changes(resource("aws_iam_role.r", ("create",), None, held | limit))
        if each.kind == "identity"
    ]


def test_the_known_part_of_an_unknown_policy() -> None:
    statement = {
        "effect": None,
        "actions": ["kms:Decrypt", "s3:*"],
        "resources": [None, "arn:aws:s3:::b/*"],
        "condition": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]}],
    }
    found = permission_changes(
        role(),
        resource(
            "data.aws_iam_policy_document.d",
            ("read",),
            None,
            {"statement": [statement]},
            after_unknown={"json": True, "statement": [{"resources": [True, False]}]},
        ),
        inline(policy(allow("s3:GetObject", "arn:aws:s3:::b/*")), None)
        | {
            "change": {
                "actions": ["update"],
                "before": {"role": "r", "policy": policy(allow("s3:GetObject", "arn:b"))},
                "after": {"role": "r"},
                "after_unknown": {"policy": True},
            }
        },
        configuration=configured(
            (
                "aws_iam_role_policy.p",
                "policy",
                ["data.aws_iam_policy_document.d.json", "data.aws_iam_policy_document.d"],
            ),
            ("data.aws_iam_policy_document.d", "statement", ["aws_kms_key.k.arn", "aws_kms_key.k"]),
        ),
    )
    assert [change.unknown for change in found] == [
        "aws_iam_role_policy.p: policy is known after apply; it depends on aws_kms_key.k.arn"
    ]
    assert lines(found[0]) == [
        "? Allow s3:* on (known after apply), arn:aws:s3:::b/* if aws:SourceAccount is 1",
        "? Allow kms:Decrypt on (known after apply), arn:aws:s3:::b/* if aws:SourceAccount is 1",
    ]


def test_an_ambiguous_role_is_not_guessed() -> None:
    roles = [
        resource(
            f'aws_iam_role.r["{key}"]', ("create",), None, {"assume_role_policy": None}, after_unknown={"name": True}
        )
        for key in "ab"
    ]
    policies = [
        resource(
            f'aws_iam_role_policy.p["{key}"]',
            ("create",),
            None,
            {"policy": policy(allow("sqs:SendMessage", f"arn:{key}"))},
            after_unknown={"role": True},
        )
        for key in "ab"
    ]
    one = resource(
        "aws_iam_role_policy.one",
        ("create",),
        None,
        {"policy": policy(allow("sqs:SendMessage", "arn:one"))},
        after_unknown={"role": True},
    )
    referred = ["aws_iam_role.r", "each.key"]
    found = permission_changes(
        *roles,
        *policies,
        one,
        configuration=configured(
            ("aws_iam_role_policy.p", "role", referred), ("aws_iam_role_policy.one", "role", ["aws_iam_role.r"])
        ),
    )
    assert {change.principal: lines(change) for change in found} == {
        'role/aws_iam_role.r["a"]': ["+ Allow sqs:SendMessage on arn:a"],
        'role/aws_iam_role.r["b"]': ["+ Allow sqs:SendMessage on arn:b"],
        "role/aws_iam_role.r (known after apply)": ["+ Allow sqs:SendMessage on arn:one"],
    }


def test_a_policy_that_the_configuration_does_not_set_is_ignored() -> None:
    topic = resource("aws_sns_topic.t", ("create",), None, {"name": "t"}, after_unknown={"policy": True})
    assert permission_changes(topic) == ()
    (found,) = permission_changes(topic, configuration=configured(("aws_sns_topic.t", "policy", ["aws_kms_key.k.arn"])))
    assert found.unknown == "aws_sns_topic.t: policy is known after apply; it depends on aws_kms_key.k.arn"


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '"text"',
        "{}",
        '{"Statement": 1}',
        '{"Statement": [1]}',
        '{"Statement": {"Effect": "Perhaps", "Action": "*"}}',
        '{"Statement": {"Effect": ["Allow"], "Action": "*"}}',
        '{"Statement": {"Effect": "Allow"}}',
        '{"Statement": {"Effect": "Allow", "Action": 7}}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Principal": {"AWS": {}}}}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Condition": []}}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Condition": {"StringEquals": 1}}}',
        '{"Statement": {"Effect": "Allow", "Action": "*", "Condition": {"StringEquals": {"k": [{}]}}}}',
        "[" * 100_000,
    ],
)
def test_an_invalid_policy_is_reported(text: str) -> None:
    (found,) = permission_changes(role(), inline(policy(allow("*")), text))
    assert "aws_iam_role_policy.p: invalid policy: " in found.unknown
    assert not found.added


@pytest.mark.parametrize("value", [1, True, ["a"], {"Statement": []}, ""])
def test_odd_values_do_not_crash(value: Any) -> None:
    held = {
        "role": value,
        "roles": value,
        "policy_arn": value,
        "policy": value,
        "name": value,
        "assume_role_policy": value,
        "inline_policy": value,
        "principal": value,
        "permissions_boundary": value,
    }
    for kind in ("role", "role_policy", "role_policy_attachment", "policy_attachment", "policy"):
        permission_changes(resource(f"aws_iam_{kind}.x", ("create",), None, held))
    permission_changes(
        resource("aws_lambda_permission.x", ("create",), None, held),
        resource("aws_sqs_queue.q", ("update",), held, None),
    )


def test_a_lambda_permission_is_a_statement() -> None:
    held = {
        "action": "lambda:InvokeFunction",
        "function_name": "f",
        "principal": "s3.amazonaws.com",
        "source_account": "1",
    }
    (found,) = permission_changes(resource("aws_lambda_permission.p", ("create",), None, held))
    assert (found.principal, found.kind) == ("Service:s3.amazonaws.com", "resource")
    assert found.added == (
        Permission("Allow", Shown("lambda:InvokeFunction"), Shown("f"), Shown("aws:SourceAccount is 1")),
    )


def test_a_forgotten_resource_keeps_its_permissions() -> None:
    assert (
        permission_changes(
            role(),
            inline(policy(allow("*")), None)
            | {"change": {"actions": ["forget"], "before": {"role": "r", "policy": policy(allow("*"))}, "after": None}},
        )
        == ()
    )


def test_secrets_are_masked() -> None:
    secret = "correct-horse-battery-staple"
    changed = resource(
        "aws_iam_role_policy.p",
        ("create",),
        None,
        {"role": "r", "policy": policy(allow("s3:GetObject", f"arn:aws:s3:::{secret}/*"))},
    )
    marked = resource("aws_ssm_parameter.s", ("create",), None, {"value": secret}, after_sensitive={"value": True})
    assert secret not in repr(permission_changes(role(), changed, marked))


def _tls_only(bucket: str) -> str:
    arns = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return document({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": arns, "Condition": condition})


@pytest.mark.parametrize(("name", "is_lost"), [("new", False), ("old", True)])
def test_a_deny_that_ends_with_its_bucket_is_not_lost(name: str, is_lost: bool) -> None:
    bucket = replaced("aws_s3_bucket.b", {"bucket": "old", "arn": "arn:aws:s3:::old"}, {"bucket": name})
    before = {"bucket": "old", "policy": _tls_only("old")}
    after = {"bucket": name, "policy": _tls_only("new")}
    found = ids(plan(bucket, replaced("aws_s3_bucket_policy.b", before, after)))
    assert ("deny-removed" in found) == is_lost
