"""Rules for policies that grant access to another account."""

from collections.abc import Iterator

from ...policies.documents import ANYONE, Statement, statements
from ..model import Severity
from ..permissions.plan_values import UNKNOWN
from ..permissions.policy_checks import outside_accounts
from ..permissions.resources import POLICIES, lambda_permission
from .blocks import UnknownValueError
from .policies import allowed_access, policy_of
from .registry import Family
from .resources import Resource

_EVERY = Family("Every service")
_LAMBDA = "aws_lambda_permission"
# Access to these gives access to something else: a role's rights, or the data that a key encrypts.
_RIGHTS = {
    "aws_iam_role": "assume_role_policy",
    "aws_kms_external_key": "policy",
    "aws_kms_key": "policy",
    "aws_kms_key_policy": "policy",
    "aws_kms_replica_key": "policy",
    "aws_secretsmanager_secret": "policy",
    "aws_secretsmanager_secret_policy": "policy",
}
_ACCESS = {
    "aws_s3_bucket": "policy",
    "aws_sns_topic": "policy",
    "aws_sqs_queue": "policy",
    # Only clients in the VPC can reach a VPC endpoint.
    **{
        kind: attribute
        for kind, attribute in POLICIES.items()
        if kind.endswith("_policy") and kind not in (*_RIGHTS, "aws_vpc_endpoint_policy")
    },
}
# The provider copies the second resource's policy into the first.
_MIRRORS = {
    "aws_kms_key": ("aws_kms_key_policy", "key_id"),
    "aws_s3_bucket": ("aws_s3_bucket_policy", "bucket"),
    "aws_secretsmanager_secret": ("aws_secretsmanager_secret_policy", "secret_arn"),
    "aws_sns_topic": ("aws_sns_topic_policy", "arn"),
    "aws_sqs_queue": ("aws_sqs_queue_policy", "queue_url"),
}


_ATTRIBUTES = {**_RIGHTS, **_ACCESS}


@_EVERY.state(
    (*_ATTRIBUTES, _LAMBDA),
    "outside-account-rights",
    Severity.HIGH,
    "Another account gets a role, a key, a secret, or all actions on a resource",
    why="The owner of that account decides who there may use it, and no plan of yours shows that.",
    fix="Make sure that the account is yours or a partner's. Name one of its roles instead of the whole account, and "
    "only the actions that it needs. Require sts:ExternalId if a company assumes a role for its customers.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-cross-account-resource-access.html",
)
def outside_rights(resource: Resource) -> Iterator[str]:
    """Reports another account as the principal, or in a condition on everybody or on a service."""
    yield from _findings(resource, grave=True)


@_EVERY.state(
    (*_ACCESS, _LAMBDA),
    "outside-account-access",
    Severity.MEDIUM,
    "Another account gets access to a resource",
    why="The owner of that account decides who there may use it, and no plan of yours shows that.",
    fix="Make sure that the account is yours or a partner's, and name one of its roles instead of the whole account.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-cross-account-resource-access.html",
)
def outside_access(resource: Resource) -> Iterator[str]:
    """Reports the same for fewer than all actions."""
    yield from _findings(resource, grave=False)


def _findings(resource: Resource, *, grave: bool) -> Iterator[str]:
    own = resource.side.index.accounts
    kind = resource.change.type
    for statement in _statements(resource) if own else ():
        if statement.effect != "Allow" or (kind in _RIGHTS or _allows_whole_service(statement)) != grave:
            continue
        for account in outside_accounts(statement.principals, statement.conditions, own):
            may = "may assume the role" if kind == "aws_iam_role" else f"gets {allowed_access(statement)}"
            yield f"The account {account} {may}; this plan's own account is {' or '.join(sorted(own))}."


def _allows_whole_service(statement: Statement) -> bool:
    """Whether a statement allows all actions of a service, which include changing its policy."""
    actions = statement.actions
    return actions.negated or any(each == ANYONE or each.endswith(":*") for each in actions.patterns)


def _statements(resource: Resource) -> tuple[Statement, ...]:
    kind = resource.change.type
    if kind == _LAMBDA:
        resource.text("principal")  # raises if unknown; other unknown attributes do not hide who gets access
        return statements(lambda_permission(lambda name: _text(resource, name)))
    if kind in _MIRRORS and resource.companions(*_MIRRORS[kind]):
        return ()
    return policy_of(resource, _ATTRIBUTES[kind])


def _text(resource: Resource, name: str) -> str:
    try:
        return resource.text(name)
    except UnknownValueError:
        return UNKNOWN.value
