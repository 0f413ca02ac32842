"""Rules for trust policies, which say who may assume a role."""

import re
from collections.abc import Iterator

from ...policies.documents import Statement
from ..model import Severity
from ..permissions.policy_checks import binds_subject, issuer, limits_source
from .policies import policy_of, public_statements
from .registry import Family
from .resources import Resource

_IAM = Family("IAM")
_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
# Services whose guide has a page "Cross-service confused deputy prevention" for the roles that they assume. Others,
# such as EC2 and Lambda, assume a role only for a resource of the role's own account.
_DEPUTIES = frozenset(
    f"{name}.amazonaws.com"
    for name in (
        "batch", "bedrock", "codebuild", "datasync", "ecs-tasks", "firehose", "glue", "imagebuilder", "logs", "pipes",
        "sagemaker", "scheduler", "ssm", "states", "transfer", "vpc-flow-logs",
    )
)  # fmt: skip
_ACCOUNT = re.compile(r"AWS:(?:arn:aws[\w-]*:iam::)?(\d{12})(?::root)?")


def _trusts(resource: Resource) -> Iterator[Statement]:
    return (each for each in policy_of(resource, "assume_role_policy") if each.effect == "Allow")


@_IAM.state(
    ("aws_iam_role",),
    "iam-trust-public",
    Severity.CRITICAL,
    "Everybody may assume a role",
    why="Anyone with an AWS account gets the role's rights.",
    fix="Name the accounts or roles that may assume it. For other companies, add sts:ExternalId.",
    page=f"{_GUIDE}/reference_policies_elements_principal.html#principal-anonymous",
)
def trust_public(resource: Resource) -> Iterator[str]:
    """Reports the principal `*` without a condition that limits it."""
    for _ in public_statements(_trusts(resource)):
        yield "The trust policy allows everybody to assume the role."


@_IAM.state(
    ("aws_iam_role",),
    "iam-trust-account",
    Severity.LOW,
    "A whole account may assume a role",
    why="Everybody in the account who may assume roles gets this role's rights too.",
    fix="Name the roles that may assume it, or add a condition such as aws:MultiFactorAuthPresent or sts:ExternalId.",
    page=f"{_GUIDE}/reference_policies_elements_principal.html#principal-accounts",
)
def trust_account(resource: Resource) -> Iterator[str]:
    """Reports an account as the principal, without a condition. `outside-account-rights` reports other accounts."""
    own = resource.side.index.accounts
    for statement in _trusts(resource):
        for principal in statement.principals.patterns if not statement.conditions else ():
            account = _ACCOUNT.fullmatch(principal)
            if account and (not own or account[1] in own):
                yield f"The trust policy allows {principal.removeprefix('AWS:')} to assume the role."


@_IAM.state(
    ("aws_iam_role",),
    "iam-confused-deputy",
    Severity.MEDIUM,
    "A service may assume a role on behalf of strangers",
    why="Without aws:SourceAccount or aws:SourceArn, another account can make the service use the role for its own "
    "resources (the confused deputy problem).",
    fix="Add StringEquals on aws:SourceAccount, and ArnLike on aws:SourceArn.",
    page=f"{_GUIDE}/confused-deputy.html#cross-service-confused-deputy-prevention",
)
def confused_deputy(resource: Resource) -> Iterator[str]:
    """Reports a trusted service without the condition that the service's guide asks for."""
    for statement in _trusts(resource):
        if any(map(limits_source, statement.conditions)):
            continue
        for principal in statement.principals.patterns:
            kind, _, name = principal.partition(":")
            if kind == "Service" and name in _DEPUTIES and not statement.principals.negated:
                yield f"{name} may assume the role on behalf of any account."


@_IAM.state(
    ("aws_iam_role",),
    "iam-oidc-unbound",
    Severity.HIGH,
    "Any token of an identity provider can assume a role",
    why="The provider signs tokens for everybody. Without a condition on `sub`, any repository on GitHub can assume "
    "the role.",
    fix="Add StringEquals on the provider's `sub` (repo:OWNER/NAME:environment:NAME) and `aud`. Do not use "
    "ForAllValues: it is true if the claim is missing.",
    page=f"{_GUIDE}/id_roles_create_for-idp_oidc.html",
)
def oidc_unbound(resource: Resource) -> Iterator[str]:
    """Reports a web identity without a condition on `sub`."""
    for statement in _trusts(resource):
        for provider in filter(None, map(issuer, statement.principals.patterns)):
            if not any(binds_subject(each, provider) for each in statement.conditions):
                yield f"Any token of {provider} can assume the role: no condition restricts `sub`."
