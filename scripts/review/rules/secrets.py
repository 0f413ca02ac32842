"""Rules for Secrets Manager and the SSM Parameter Store."""

from collections.abc import Iterator

from ..model import Severity
from ..secrets.names import secret_by_name
from .policies import allowed_access, policy_of, public_statements
from .registry import Family
from .resources import Resource

_SECRETS = Family("Secrets Manager")
_SSM = Family("SSM")
_GUIDE = "https://docs.aws.amazon.com/secretsmanager/latest/userguide"


@_SECRETS.state(
    ("aws_secretsmanager_secret",),
    "secret-deleted-at-once",
    Severity.MEDIUM,
    "A secret is deleted without a waiting period",
    why="When it is destroyed or replaced, AWS deletes it at once and you cannot restore it.",
    fix="Leave `recovery_window_in_days` at 30, or at least at 7.",
    page=f"{_GUIDE}/manage_delete-secret.html",
)
def deleted_at_once(resource: Resource) -> Iterator[str]:
    """Reports a recovery window of 0 days."""
    if resource.number("recovery_window_in_days") == 0:
        yield "The recovery window of the secret is 0 days."


@_SECRETS.state(
    ("aws_secretsmanager_secret", "aws_secretsmanager_secret_policy"),
    "secret-public-policy",
    Severity.CRITICAL,
    "A secret's policy grants access to everybody",
    why="Any AWS account can read the secret, or change it.",
    fix="Name the principals. With `block_public_policy = true`, AWS refuses such a policy.",
    page=f"{_GUIDE}/auth-and-access_resource-policies.html",
)
def public_policy(resource: Resource) -> Iterator[str]:
    """Reports an Allow for everybody."""
    for statement in public_statements(policy_of(resource)):
        yield f"The policy grants everybody {allowed_access(statement)}."


@_SSM.state(
    ("aws_ssm_parameter",),
    "ssm-secret-in-clear",
    Severity.HIGH,
    "A parameter that seems to be a secret is stored in clear",
    why="Anyone who may read parameters can read it, because no key protects it.",
    fix='Set `type = "SecureString"`, or use Secrets Manager.',
    page="https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html",
)
def secret_in_clear(resource: Resource) -> Iterator[str]:
    """Reports a parameter with a secret's name that is not a SecureString."""
    kind = resource.text("type")
    if kind in ("String", "StringList") and secret_by_name(resource.text("name")):
        yield f"The SSM parameter's type is {kind}, which stores the value in clear."
