"""The plan's own accounts, and access for other accounts."""

from typing import Any

import pytest

from scripts.review.model import Change, Severity
from tests.unit.review.rule_plans import created, findings_of, ids, plan, policy, untouched, updated

OWN, OTHER = "111122223333", "444455556666"
THEIRS: dict[str, Any] = {"Principal": {"AWS": f"arn:aws:iam::{OTHER}:role/worker"}}
ACCOUNTS = {"accounts": frozenset({OWN})}


@pytest.mark.parametrize(
    ("change", "severity"),
    [
        (created("aws_s3_bucket_policy", policy=policy(THEIRS)), Severity.MEDIUM),
        (created("aws_s3_bucket_policy", policy=policy({**THEIRS, "Action": "s3:*"})), Severity.HIGH),
        (created("aws_ecr_repository_policy", policy=policy({**THEIRS, "Action": "ecr:GetImage"})), Severity.MEDIUM),
        (created("aws_sqs_queue", policy=policy({**THEIRS, "Action": "sqs:SendMessage"})), Severity.MEDIUM),
        (created("aws_sns_topic_policy", policy=policy({**THEIRS, "Action": "sns:Publish"})), Severity.MEDIUM),
        (created("aws_lambda_permission", principal=OTHER, action="lambda:InvokeFunction"), Severity.MEDIUM),
        (
            created(
                "aws_lambda_permission",
                {"function_name": True, "source_arn": True},
                principal="s3.amazonaws.com",
                action="lambda:InvokeFunction",
                source_account=OTHER,
            ),
            Severity.MEDIUM,
        ),
        (created("aws_secretsmanager_secret_policy", policy=policy(THEIRS)), Severity.HIGH),
        (created("aws_kms_key", policy=policy({**THEIRS, "Action": "kms:Encrypt"})), Severity.HIGH),
        (created("aws_iam_role", assume_role_policy=policy({**THEIRS, "Action": "sts:AssumeRole"})), Severity.HIGH),
        (
            created(
                "aws_sqs_queue_policy",
                policy=policy({"Principal": "*", "Condition": {"StringEquals": {"aws:SourceAccount": [OWN, OTHER]}}}),
            ),
            Severity.MEDIUM,
        ),
    ],
    ids=lambda value: value.type if isinstance(value, Change) else value.name,
)
def test_access_for_another_account_is_reported(change: Change, severity: Severity) -> None:
    [finding] = [each for each in findings_of(plan(change, **ACCOUNTS)) if each.rule.startswith("outside-account")]
    assert finding.severity is severity
    assert finding.what.startswith((f"The account {OTHER} gets ", f"The account {OTHER} may assume "))
    assert finding.what.endswith(f"; this plan's own account is {OWN}.")


@pytest.mark.parametrize(
    "statement",
    [
        {"Principal": {"AWS": OWN}},
        {"Principal": {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"}},
        {"Principal": {"Service": "s3.amazonaws.com"}},
        {"Principal": {"Service": "s3.amazonaws.com"}, "Condition": {"StringEquals": {"aws:SourceAccount": OWN}}},
        {"Principal": {"AWS": OWN}, "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:x:{OTHER}:y"}}},
        {"Principal": "*", "Condition": {"StringNotEquals": {"aws:PrincipalAccount": OTHER}}},
        {**THEIRS, "Effect": "Deny"},
    ],
)
def test_access_within_the_own_account_is_not_reported(statement: dict[str, Any]) -> None:
    given = plan(created("aws_s3_bucket_policy", policy=policy(statement)), **ACCOUNTS)
    assert not ids(given) & {"outside-account-rights", "outside-account-access"}


def test_arns_in_the_plan_give_its_own_account() -> None:
    opened = created("aws_s3_bucket_policy", policy=policy(THEIRS))
    assert "outside-account-access" not in ids(plan(opened))
    topic = untouched("aws_sns_topic", arn=f"arn:aws:sns:eu-central-1:{OWN}:t")
    assert "outside-account-access" in ids(plan(opened, topic))
    topic = untouched("aws_sns_topic", arn=f"arn:aws:sns:eu-central-1:{OTHER}:t")
    assert "outside-account-access" not in ids(plan(opened, topic))


def test_a_copied_policy_is_reported_once() -> None:
    text, key = policy(THEIRS), "1234"
    given = plan(
        updated("aws_kms_key", {"id": key, "policy": "", "tags": {}}, {"id": key, "policy": text, "tags": {"a": "b"}}),
        created("aws_kms_key_policy", key_id=key, policy=text),
        **ACCOUNTS,
    )
    assert [each.address for each in findings_of(given) if each.rule == "outside-account-rights"] == [
        "aws_kms_key_policy.x"
    ]
