"""Rules for access logs, lifecycle and Object Lock in S3."""

from collections.abc import Iterator

from ..model import Action, Change, Severity
from .blocks import Block
from .registry import Family
from .resources import PlanIndex, Resource

_S3 = Family("S3")
_GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide"


@_S3.change(
    ("aws_s3_bucket_logging",),
    "s3-logging-removed",
    Severity.MEDIUM,
    "Access logging of a bucket stops",
    why="After that, nobody can say who read or deleted an object.",
    fix="Keep the resource, or let CloudTrail record the bucket's data events.",
    page=f"{_GUIDE}/ServerLogs.html",
)
def logging_removed(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports that the setting is removed and its bucket stays."""
    pair = index.pair(change, "aws_s3_bucket")
    if pair and pair[1] is None:
        yield "S3 server access logging is switched off."


@_S3.change(
    ("aws_s3_bucket_lifecycle_configuration",),
    "s3-expires-sooner",
    Severity.MEDIUM,
    "A lifecycle rule deletes objects sooner",
    why="S3 deletes objects and versions that are older within days after the apply, and you cannot recover them.",
    fix="Check that nobody needs data that is older than the new number of days.",
    page=f"{_GUIDE}/lifecycle-expire-general-considerations.html",
)
def expires_sooner(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports fewer days than before, or a new expiry, for a bucket that already has lifecycle rules."""
    if change.action is Action.CREATE:
        return
    pair = index.pair(change, "aws_s3_bucket")
    if pair is None or pair[1] is None:
        return
    before = dict(_expiries(pair[0]))
    for name, days in _expiries(pair[1]):
        if name not in before:
            yield f"{name} is new: after {days:g} days."
        elif days < before[name]:
            yield f"{name} now happens after {days:g} days instead of {before[name]:g}."


def _expiries(resource: Resource) -> Iterator[tuple[str, float]]:
    for rule in resource.blocks("rule"):
        if rule.text("status") != "Enabled":
            continue
        for block, days, what in (
            ("expiration", "days", "deletion of objects"),
            ("noncurrent_version_expiration", "noncurrent_days", "deletion of old versions"),
        ):
            number = rule.block(block).number(days)
            if number:
                yield f'Rule "{rule.text("id")}", {what},', number


@_S3.change(
    ("aws_s3_bucket_object_lock_configuration",),
    "s3-object-lock-weakened",
    Severity.HIGH,
    "Object Lock protects less",
    why="New objects can be overwritten or deleted sooner than before, also by someone with a stolen key.",
    fix="Keep the default retention's mode and its days or years.",
    page=f"{_GUIDE}/object-lock.html",
)
def object_lock_weakened(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports a default retention that is removed, becomes shorter, or that administrators can now bypass."""
    pair = index.pair(change, "aws_s3_bucket")
    if pair is None:
        return
    before = pair[0].block("rule").block("default_retention")
    after = pair[1].block("rule").block("default_retention") if pair[1] else None
    if not _days(before):
        return
    if after is None or not _days(after):
        yield "The default retention of Object Lock is removed."
        return
    if _days(after) < _days(before):
        yield f"The default retention of Object Lock is shortened from {_days(before):g} to {_days(after):g} days."
    if before.text("mode") == "COMPLIANCE" and after.text("mode") != "COMPLIANCE":
        yield "Object Lock is no longer in COMPLIANCE mode: anyone with s3:BypassGovernanceRetention may delete."


def _days(retention: Block) -> float:
    return (retention.number("days") or 0) + 365 * (retention.number("years") or 0)
