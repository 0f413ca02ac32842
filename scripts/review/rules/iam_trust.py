"""Rules for trust policies: who may assume a role."""

from collections.abc import Iterator

from scripts.policies.documents import Statement
from scripts.review.model import Severity
from scripts.review.permissions.policy_checks import binds_subject, issuer, says_for_whom
from scripts.review.rules.policies import policy_of, public
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Resource

_IAM = Family("IAM")
_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
# Services whose own guide has a page "Cross-service confused deputy prevention" for the roles that they assume. Others,
# such as EC2 and Lambda, assume a role only for a resource of its account.
_DEPUTIES = frozenset(
    f"{name}.amazonaws.com"
    for name in (
        "batch", "bedrock", "codebuild", "datasync", "ecs-tasks", "firehose", "glue", "imagebuilder", "logs", "pipes",
        "sagemaker", "scheduler", "ssm", "states", "transfer", "vpc-flow-logs",
    )
)  # fmt: skip


def _trusts(resource: Resource) -> Iterator[Statement]:
    return (each for each in policy_of(resource, "assume_role_policy") if each.effect == "Allow")


@_IAM.state(
    ("aws_iam_role",),
    "iam-trust-public",
    Severity.CRITICAL,
    "Everybody may assume a role",
    why="Anybody with an AWS account gets the role's rights.",
    fix="Name the accounts or roles that may assume it; for other companies add sts:ExternalId.",
    page=f"{_GUIDE}/reference_policies_elements_principal.html#principal-anonymous",
)
def trust_public(resource: Resource) -> Iterator[str]:
    """Principal `*` without a condition that narrows it."""
    for _ in public(_trusts(resource)):
        yield "The trust policy lets everybody assume the role."


@_IAM.state(
    ("aws_iam_role",),
    "iam-confused-deputy",
    Severity.MEDIUM,
    "A service may assume a role on behalf of strangers",
    why="Without aws:SourceAccount or aws:SourceArn, the service can be made to use the role for a resource of another "
    "account: the confused deputy.",
    fix="Add StringEquals on aws:SourceAccount, and ArnLike on aws:SourceArn.",
    page=f"{_GUIDE}/confused-deputy.html#cross-service-confused-deputy-prevention",
)
def confused_deputy(resource: Resource) -> Iterator[str]:
    """A trusted service whose guide asks for the condition, without it."""
    for statement in _trusts(resource):
        if any(map(says_for_whom, statement.conditions)):
            continue
        for principal in statement.principals.patterns:
            kind, _, name = principal.partition(":")
            if kind == "Service" and name in _DEPUTIES and not statement.principals.negated:
                yield f"{name} may assume the role whoever asks it to."


@_IAM.state(
    ("aws_iam_role",),
    "iam-oidc-unbound",
    Severity.HIGH,
    "Strangers' tokens of an identity provider are good for a role",
    why="The provider signs tokens for everybody: without a condition on `sub`, any repository of GitHub gets "
    "the role.",
    fix="Add StringEquals on the provider's `sub` (repo:OWNER/NAME:environment:NAME) and `aud`; never ForAllValues, "
    "which is true where the claim is missing.",
    page=f"{_GUIDE}/id_roles_create_for-idp_oidc.html",
)
def oidc_unbound(resource: Resource) -> Iterator[str]:
    """A web identity that no `sub` binds."""
    for statement in _trusts(resource):
        for provider in filter(None, map(issuer, statement.principals.patterns)):
            if not any(binds_subject(each, provider) for each in statement.conditions):
                yield f"Any token of {provider} is good for the role: no condition binds its `sub`."
