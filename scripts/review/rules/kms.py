"""Rules for KMS."""

from collections.abc import Iterator

from ..model import Action, Change, Severity
from .policies import allowed_access, policy_of, public_statements
from .registry import Family
from .resources import PlanIndex, Resource

_KMS = Family("KMS")
_GUIDE = "https://docs.aws.amazon.com/kms/latest/developerguide"
_KEYS = ("aws_kms_key", "aws_kms_replica_key", "aws_kms_external_key")


@_KMS.change(
    _KEYS,
    "kms-key-deleted",
    Severity.CRITICAL,
    "A KMS key is scheduled for deletion",
    why="After the waiting period, nobody can read anything that was encrypted with it, backups included.",
    fix="Keep the key, or disable it until you are sure that nothing needs it. During the waiting period, `aws kms "
    "cancel-key-deletion` restores it. `lifecycle { prevent_destroy = true }` makes Terraform refuse the destruction "
    "while the resource's block is in the configuration.",
    page=f"{_GUIDE}/deleting-keys.html",
)
def key_deleted(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports a destruction or replacement."""
    if change.action is Action.DESTROY or (change.action is Action.REPLACE and not change.leaves_old):
        days = index.value(change, "before", "deletion_window_in_days")
        yield f"AWS deletes the key {days if days.isdigit() else '30'} days after the apply."


@_KMS.state(
    ("aws_kms_key",),
    "kms-no-rotation",
    Severity.LOW,
    "A KMS key is not rotated",
    why="The longer a key is used, the more data a leaked key exposes. Auditors ask for a yearly rotation.",
    fix="Set `enable_key_rotation = true`. Existing data stays readable.",
    page=f"{_GUIDE}/rotate-keys.html",
)
def no_rotation(resource: Resource) -> Iterator[str]:
    """Reports a symmetric key with KMS key material and without rotation. Other keys cannot rotate automatically."""
    symmetric = resource.text("customer_master_key_spec") in ("", "SYMMETRIC_DEFAULT")
    own = not resource.is_set("custom_key_store_id") and resource.text("key_usage") in ("", "ENCRYPT_DECRYPT")
    if symmetric and own and not resource.is_on("enable_key_rotation"):
        yield "Automatic rotation of the KMS key is off."


@_KMS.state(
    _KEYS,
    "kms-short-deletion-window",
    Severity.LOW,
    "A KMS key has a short waiting period",
    why="You can undo a deletion by mistake only during this period.",
    fix="Leave `deletion_window_in_days` at 30.",
    page=f"{_GUIDE}/deleting-keys.html#deleting-keys-how-it-works",
)
def short_deletion_window(resource: Resource) -> Iterator[str]:
    """Reports less than two weeks."""
    days = resource.number("deletion_window_in_days")
    if days is not None and days < 14:
        yield f"AWS deletes the key only {days:g} days after a deletion request."


@_KMS.state(
    ("aws_kms_key", "aws_kms_key_policy", "aws_kms_external_key", "aws_kms_replica_key"),
    "kms-public-policy",
    Severity.CRITICAL,
    "A key policy grants access to everybody",
    why="Any AWS account can use the key, or give itself more rights to it.",
    fix="Name the principals, or add a condition on kms:CallerAccount or aws:PrincipalOrgID.",
    page=f"{_GUIDE}/key-policy-overview.html",
)
def public_policy(resource: Resource) -> Iterator[str]:
    """Reports an Allow for everybody."""
    for statement in public_statements(policy_of(resource)):
        yield f"The policy grants everybody {allowed_access(statement)}."


@_KMS.state(
    _KEYS,
    "kms-key-disabled",
    Severity.HIGH,
    "A KMS key is disabled",
    why="Nobody can read what is encrypted with it until the key is enabled again.",
    fix="Set `is_enabled = true`, unless you are testing a later deletion.",
    page=f"{_GUIDE}/enabling-keys.html",
)
def key_disabled(resource: Resource) -> Iterator[str]:
    """Reports `is_enabled = false`."""
    name = "enabled" if resource.change.type != "aws_kms_key" else "is_enabled"
    if resource.get(name) is False:
        yield "The KMS key is disabled."
