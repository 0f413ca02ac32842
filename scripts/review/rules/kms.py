"""Rules for KMS."""

from collections.abc import Iterator

from scripts.review.model import Action, Change, Severity
from scripts.review.rules.policies import let_in, policy_of, public
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Both, Resource

_KMS = Family("KMS")
_GUIDE = "https://docs.aws.amazon.com/kms/latest/developerguide"
_KEYS = ("aws_kms_key", "aws_kms_replica_key", "aws_kms_external_key")


@_KMS.change(
    _KEYS,
    "kms-key-deleted",
    Severity.CRITICAL,
    "A KMS key is scheduled for deletion",
    why="Once the waiting period is over, nothing that was encrypted with it can be read by anyone, backups included.",
    fix="Keep the key, or disable it until it is sure that nothing needs it; until then `aws kms cancel-key-deletion` "
    "brings it back. `lifecycle { prevent_destroy = true }` refuses, for as long as the resource's block is there.",
    page=f"{_GUIDE}/deleting-keys.html",
)
def key_deleted(change: Change, both: Both) -> Iterator[str]:
    """Destroyed or replaced."""
    if change.action is Action.DESTROY or (change.action is Action.REPLACE and not change.leaves_old):
        days = both.value(change, "before", "deletion_window_in_days")
        yield f"The key is deleted {days if days.isdigit() else '30'} days after the apply."


@_KMS.state(
    ("aws_kms_key",),
    "kms-no-rotation",
    Severity.LOW,
    "A KMS key is not rotated",
    why="The longer one key encrypts, the more is open when it leaks; auditors ask for a yearly rotation.",
    fix="Set `enable_key_rotation = true`: what is encrypted stays readable.",
    page=f"{_GUIDE}/rotate-keys.html",
)
def no_rotation(resource: Resource) -> Iterator[str]:
    """A symmetric key of KMS's own without rotation; others cannot have it."""
    symmetric = resource.text("customer_master_key_spec") in ("", "SYMMETRIC_DEFAULT")
    own = not resource.is_set("custom_key_store_id") and resource.text("key_usage") in ("", "ENCRYPT_DECRYPT")
    if symmetric and own and not resource.is_on("enable_key_rotation"):
        yield "Automatic rotation is off."


@_KMS.state(
    _KEYS,
    "kms-short-deletion-window",
    Severity.LOW,
    "A KMS key has a short waiting period",
    why="It is the only time in which a deletion by mistake can be taken back.",
    fix="Leave `deletion_window_in_days` at 30.",
    page=f"{_GUIDE}/deleting-keys.html#deleting-keys-how-it-works",
)
def short_deletion_window(resource: Resource) -> Iterator[str]:
    """Less than two weeks."""
    days = resource.number("deletion_window_in_days")
    if days is not None and days < 14:
        yield f"The waiting period before a deletion is {days:g} days."


@_KMS.state(
    ("aws_kms_key", "aws_kms_key_policy", "aws_kms_external_key", "aws_kms_replica_key"),
    "kms-public-policy",
    Severity.CRITICAL,
    "A key policy lets everybody in",
    why="Any AWS account can use the key, or give itself the rest of the rights to it.",
    fix="Name the principals, or add a condition on kms:CallerAccount or aws:PrincipalOrgID.",
    page=f"{_GUIDE}/key-policy-overview.html",
)
def public_policy(resource: Resource) -> Iterator[str]:
    """Allow for everybody."""
    for statement in public(policy_of(resource)):
        yield f"The policy lets everybody do {let_in(statement)}."


@_KMS.state(
    _KEYS,
    "kms-key-disabled",
    Severity.HIGH,
    "A KMS key is disabled",
    why="Everything that is encrypted with it cannot be read until the key is enabled again.",
    fix="Set `is_enabled = true`, unless this is the trial before a deletion.",
    page=f"{_GUIDE}/enabling-keys.html",
)
def key_disabled(resource: Resource) -> Iterator[str]:
    """is_enabled is false."""
    name = "enabled" if resource.change.type != "aws_kms_key" else "is_enabled"
    if resource.get(name) is False:
        yield "The key is disabled."
