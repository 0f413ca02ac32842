"""Rules for Secrets Manager and SSM's Parameter Store."""

from collections.abc import Iterator

from scripts.review.model import Severity
from scripts.review.rules.policies import let_in, policy_of, public
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Resource
from scripts.review.secret_patterns import secret_by_name

_SECRETS = Family("Secrets Manager")
_SSM = Family("SSM")
_GUIDE = "https://docs.aws.amazon.com/secretsmanager/latest/userguide"


@_SECRETS.state(
    ("aws_secretsmanager_secret",),
    "secret-deleted-at-once",
    Severity.MEDIUM,
    "A secret is deleted without a waiting period",
    why="When it is destroyed or replaced, it is gone at once and cannot be restored.",
    fix="Leave `recovery_window_in_days` at 30, or at least at 7.",
    page=f"{_GUIDE}/manage_delete-secret.html",
)
def deleted_at_once(resource: Resource) -> Iterator[str]:
    """Nought days."""
    if resource.number("recovery_window_in_days") == 0:
        yield "The recovery window is 0 days."


@_SECRETS.state(
    ("aws_secretsmanager_secret", "aws_secretsmanager_secret_policy"),
    "secret-public-policy",
    Severity.CRITICAL,
    "A secret's policy lets everybody in",
    why="Any AWS account can read the secret, or change it.",
    fix="Name the principals; `block_public_policy = true` refuses such a policy.",
    page=f"{_GUIDE}/auth-and-access_resource-policies.html",
)
def public_policy(resource: Resource) -> Iterator[str]:
    """Allow for everybody."""
    for statement in public(policy_of(resource)):
        yield f"The policy lets everybody do {let_in(statement)}."


@_SSM.state(
    ("aws_ssm_parameter",),
    "ssm-secret-in-clear",
    Severity.HIGH,
    "A parameter that seems to be a secret is stored in clear",
    why="Whoever may read parameters reads it, and no key stands before it.",
    fix='Set `type = "SecureString"`, or use Secrets Manager.',
    page="https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html",
)
def secret_in_clear(resource: Resource) -> Iterator[str]:
    """A name like a secret's, and not a SecureString."""
    kind = resource.text("type")
    if kind in ("String", "StringList") and secret_by_name(resource.text("name")):
        yield f"The parameter's type is {kind}."
