"""For each rule about a marked permission: a plan that triggers it, and a similar one that does not."""

from typing import Any

from scripts.review.model import Plan
from tests.unit.review.rule_plans import Case, created, plan, policy, updated

OWN, OTHER = "111122223333", "444455556666"
MFA = {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}}}
ROOT = {"Principal": {"AWS": f"arn:aws:iam::{OWN}:root"}, "Action": "sts:AssumeRole"}
KEY = policy({"Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}, "Action": "kms:*"})
DENY = {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::x/*"}


def changed(kind: str, attribute: str, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Plan:
    """A plan that changes a policy from some statements to others."""
    sides = ({"name": "x", "role": "x", attribute: policy(*statements)} for statements in (before, after))
    return plan(updated(kind, *sides))


def access_point(who: str) -> Plan:
    """A plan that grants an account access to an S3 access point, whose policy no other rule reads for accounts."""
    statement = {"Principal": {"AWS": f"arn:aws:iam::{who}:root"}, "Action": "s3:GetObject"}
    return plan(created("aws_s3_access_point", policy=policy(statement)), accounts=frozenset({OWN}))


def attaches(name: str) -> Plan:
    arn = f"arn:aws:iam::aws:policy/{name}"
    return plan(created("aws_iam_role_policy_attachment", role="worker", policy_arn=arn))


MARKS: dict[str, Case] = {
    "condition-lost": Case(
        changed("aws_iam_role", "assume_role_policy", [{**ROOT, **MFA}], [ROOT]),
        changed("aws_iam_role", "assume_role_policy", [ROOT], [{**ROOT, **MFA}]),
    ),
    "deny-removed": Case(
        changed("aws_iam_role_policy", "policy", [{}, DENY], [{}]),
        changed("aws_iam_role_policy", "policy", [{}], [{}, DENY]),
    ),
    "public-grant": Case(
        plan(created("aws_backup_vault_policy", policy=policy({"Principal": "*"}))),
        plan(created("aws_s3_bucket_policy", policy=policy({"Principal": "*"}))),  # s3-public-policy reports it
    ),
    "outside-account-grant": Case(access_point(OTHER), access_point(OWN)),
    "own-account-unknown": Case(
        plan(created("aws_kms_key", policy=KEY)), plan(created("aws_kms_key", policy=KEY), accounts=frozenset({OWN}))
    ),
    "escalation-grant": Case(attaches("AmazonSageMakerFullAccess"), attaches("AdministratorAccess")),
}
