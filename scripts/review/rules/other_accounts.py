"""Rules for policies that let another account in."""

from collections.abc import Iterator

from scripts.policies.documents import ANYONE, Statement, statements
from scripts.review.model import Severity
from scripts.review.permissions.plan_values import UNKNOWN
from scripts.review.permissions.policy_checks import outside
from scripts.review.permissions.resources import POLICIES, lambda_permission
from scripts.review.rules.blocks import NotKnownError
from scripts.review.rules.policies import let_in, policy_of
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Resource

_EVERY = Family("Every service")
_LAMBDA = "aws_lambda_permission"
# Whoever opens these opens something else: a role's rights, or what is encrypted with a key.
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
    # To a VPC endpoint comes who is in the VPC.
    **{
        kind: attribute
        for kind, attribute in POLICIES.items()
        if kind.endswith("_policy") and kind not in (*_RIGHTS, "aws_vpc_endpoint_policy")
    },
}
# The provider writes into the first what the second one says.
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
    "Another account gets a role, a key, a secret, or everything that one can do to a resource",
    why="Whoever governs that account decides who there uses it; no change here shows it.",
    fix="Make sure that the account is yours or a partner's. Name a role of it rather than the whole account, and just "
    "the actions that it needs; ask for sts:ExternalId where a company assumes a role for its customers.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-cross-account-resource-access.html",
)
def outside_rights(resource: Resource) -> Iterator[str]:
    """Another account's number as the principal, or in a condition that everybody or a service has to meet."""
    yield from _told(resource, grave=True)


@_EVERY.state(
    (*_ACCESS, _LAMBDA),
    "outside-account-access",
    Severity.MEDIUM,
    "Another account is let in to a resource",
    why="Whoever governs that account decides who there may do this; no change here shows it.",
    fix="Make sure that the account is yours or a partner's, and name a role of it rather than the whole account.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-cross-account-resource-access.html",
)
def outside_access(resource: Resource) -> Iterator[str]:
    """The same, to less than everything."""
    yield from _told(resource, grave=False)


def _told(resource: Resource, *, grave: bool) -> Iterator[str]:
    own = resource.side.both.accounts
    kind = resource.change.type
    for statement in _statements(resource) if own else ():
        if statement.effect != "Allow" or (kind in _RIGHTS or _all(statement)) != grave:
            continue
        for account in outside(statement.principals, statement.conditions, own):
            may = "assume the role" if kind == "aws_iam_role" else f"do {let_in(statement)}"
            yield f"The account {account} may {may}; this plan's own is {' or '.join(sorted(own))}."


def _all(statement: Statement) -> bool:
    """Whether a statement allows all of a service: to say who else may do what, among the rest."""
    actions = statement.actions
    return actions.negated or any(each == ANYONE or each.endswith(":*") for each in actions.patterns)


def _statements(resource: Resource) -> tuple[Statement, ...]:
    kind = resource.change.type
    if kind == _LAMBDA:
        resource.text("principal")  # what else is not known does not say who
        return statements(lambda_permission(lambda name: _text(resource, name)))
    if kind in _MIRRORS and resource.companions(*_MIRRORS[kind]):
        return ()
    return policy_of(resource, _ATTRIBUTES[kind])


def _text(resource: Resource, name: str) -> str:
    try:
        return resource.text(name)
    except NotKnownError:
        return UNKNOWN.value
