"""How permissions change, from the plan to what the review says."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from scripts.review.masking import Mask
from scripts.review.model import Permission, PrincipalChange
from scripts.review.permissions import changes
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


def told(*resources: Any, **members: Any) -> tuple[PrincipalChange, ...]:
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


def said(before: list[Any], after: list[Any]) -> list[str]:
    """What is said of a role whose one policy changes."""
    found = told(inline(policy(*before), policy(*after)))
    return [line for change in found for line in lines(change)]


def let_in(before: list[Any], after: list[Any], *others: Any) -> list[str]:
    """What is said of a bucket whose policy changes."""
    found = told(on_bucket(policy(*before), policy(*after)), *others)
    return [f"{change.principal}: {line}" for change in found for line in lines(change)]


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
def test_the_same_in_other_words_is_no_permission(before: list[Any], after: list[Any]) -> None:
    assert [line for line in said(before, after) if " Allow " in line] == []


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
            ["+ Allow s3:GetObject on arn:aws:s3:::b/* if so far only if aws:SourceVpc is vpc-1 [lost condition]"],
        ),
        (
            [allow("s3:GetObject", "arn:aws:s3:::b/*")],
            [allow("s3:GetObject", "arn:aws:s3:::b/*", Condition={"Null": {"aws:TokenIssueTime": "false"}})],
            ["- Allow s3:GetObject on arn:aws:s3:::b/* if now only if aws:TokenIssueTime is there"],
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
def test_what_a_role_may_do(before: list[Any], after: list[Any], lines: list[str]) -> None:
    assert said(before, after) == lines


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
def test_whom_a_bucket_lets_in(after: dict[str, Any], lines: list[str]) -> None:
    own = role(arn="arn:aws:iam::111122223333:role/r")
    assert let_in([], [allow("s3:GetObject", "arn:aws:s3:::b/*", **after)], own) == lines


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
    found = told(resource("aws_iam_role.r", ("create",), None, {"name": "r", "assume_role_policy": policy(trust)}))
    assert [(change.kind, change.place, change.added[0].marks) for change in found] == [
        ("trust", "aws_iam_role.r", marks)
    ]
    assert found[0].added[0].resource == "this role"


def test_policies_of_one_role_are_taken_together() -> None:
    moved = allow("s3:GetObject", "arn:aws:s3:::b/*")
    found = told(
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


def configured(*expressions: tuple[str, str, list[str]]) -> dict[str, Any]:
    found: dict[str, dict[str, Any]] = {}
    for address, attribute, references in expressions:
        found.setdefault(address, {})[attribute] = {"references": references}
    return {
        "root_module": {"resources": [{"address": address, "expressions": each} for address, each in found.items()]}
    }


def test_policies_that_are_not_in_the_plan_are_named() -> None:
    arns = ("arn:aws:iam::aws:policy/AdministratorAccess", "arn:aws:iam::111122223333:policy/team/Own")
    attached = [
        resource(f"aws_iam_role_policy_attachment.a{place}", ("create",), None, {"role": "r", "policy_arn": arn})
        for place, arn in enumerate(arns)
    ]
    (found,) = told(role(), *attached)
    assert [(each.action, each.marks) for each in found.added] == [
        ("policy/Own", ()),
        ("policy/AdministratorAccess", ("escalates", "on everything")),
    ]


def test_attached_to_many_at_once() -> None:
    arn = "arn:aws:iam::111122223333:policy/p"
    found = told(
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


def test_what_the_provider_mirrors_hides_nothing() -> None:
    text = policy(allow("s3:GetObject", "arn:b"))
    mirror: dict[str, Any] = {
        "inline_policy": [{"name": "p", "policy": text}],
        "managed_policy_arns": ["arn:aws:iam::aws:policy/A"],
    }
    attachment = resource(
        "aws_iam_role_policy_attachment.a", ("delete",), {"role": "r", "policy_arn": "arn:aws:iam::aws:policy/A"}, None
    )
    (found,) = told(role(**mirror), inline(text, None), attachment)
    assert lines(found) == ["- Allow s3:GetObject on arn:b", "- Allow policy/A on as it says itself"]


def test_inline_blocks_of_a_role() -> None:
    before = {"name": "r", "inline_policy": []}
    after = {"name": "r", "inline_policy": [{"name": "p", "policy": policy(allow("sqs:SendMessage", "arn:q"))}]}
    (found,) = told(resource("aws_iam_role.r", ("update",), before, after))
    assert lines(found) == ["+ Allow sqs:SendMessage on arn:q"]


def test_a_boundary_that_goes() -> None:
    held = {"name": "r", "assume_role_policy": policy(TRUST)}
    limit = {"permissions_boundary": "arn:aws:iam::111122223333:policy/limit"}
    (found,) = told(resource("aws_iam_role.r", ("update",), held | limit, held))
    assert lines(found) == ["+ Deny all but what policy/limit allows on * [no longer denied]"]
    (found,) = told(resource("aws_iam_role.r", ("update",), held, held | limit))
    assert lines(found) == ["- Deny all but what policy/limit allows on * [now denied]"]
    assert not [
        each for each in told(resource("aws_iam_role.r", ("create",), None, held | limit)) if each.kind == "identity"
    ]


def test_what_is_known_of_a_policy_that_is_not() -> None:
    statement = {
        "effect": None,
        "actions": ["kms:Decrypt", "s3:*"],
        "resources": [None, "arn:aws:s3:::b/*"],
        "condition": [{"test": "StringEquals", "variable": "aws:SourceAccount", "values": ["1"]}],
    }
    found = told(
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


def test_which_of_several_roles_is_not_guessed() -> None:
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
    found = told(
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


def test_a_policy_that_nobody_asked_for_is_not_unknown() -> None:
    topic = resource("aws_sns_topic.t", ("create",), None, {"name": "t"}, after_unknown={"policy": True})
    assert told(topic) == ()
    (found,) = told(topic, configuration=configured(("aws_sns_topic.t", "policy", ["aws_kms_key.k.arn"])))
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
def test_what_is_not_a_policy_is_said_to_be_none(text: str) -> None:
    (found,) = told(role(), inline(policy(allow("*")), text))
    assert "aws_iam_role_policy.p: not a policy: " in found.unknown
    assert not found.added


@pytest.mark.parametrize("value", [1, True, ["a"], {"Statement": []}, ""])
def test_odd_values_crash_nothing(value: Any) -> None:
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
        told(resource(f"aws_iam_{kind}.x", ("create",), None, held))
    told(
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
    (found,) = told(resource("aws_lambda_permission.p", ("create",), None, held))
    assert (found.principal, found.kind) == ("Service:s3.amazonaws.com", "resource")
    assert found.added == (Permission("Allow", "lambda:InvokeFunction", "f", "aws:SourceAccount is 1"),)


def test_what_is_only_forgotten_keeps_its_permissions() -> None:
    assert (
        told(
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
    assert secret not in repr(told(role(), changed, marked))
