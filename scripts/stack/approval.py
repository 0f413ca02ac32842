"""Checks of a reviewed plan before it is applied: it must be complete, and serious findings approved. Pure."""

from collections.abc import Sequence
from pathlib import Path

from scripts.core.errors import UserError
from scripts.review.model import Finding, Review, Severity, Status


def findings_to_approve(review: Review) -> Sequence[Finding]:
    """The new findings of high severity or above; somebody must approve these."""
    return [each for each in review.findings if each.status is Status.NEW and each.severity >= Severity.HIGH]


def check_complete(review: Review) -> None:
    """Check that a plan holds the whole change.

    Raises:
        UserError: planning ended in an error, or left something for a later plan.
    """
    if review.errored:
        raise UserError(
            f"The plan of `{review.source}` ended in an error: it holds only a part of the change.",
            "Correct what Terraform named, then run `make plan` again.",
        )
    if not review.complete:
        raise UserError(
            f"The plan of `{review.source}` is incomplete: Terraform left a part of the change for a later plan.",
            "Run `make plan` again. If it stays incomplete, apply the first part by hand (docs/infrastructure.md).",
        )


def check_approved(review: Review, approve: str, page: Path) -> None:
    """Check that somebody approved this change, if it has findings that need an approval.

    Args:
        review: the review of the plan to apply.
        approve: the digest of the approved change; empty if nobody approved one.
        page: the file where the review can be read.

    Raises:
        UserError: the change is not approved, or the approval is for another change.
    """
    fix = f"Read {page}, then approve this change: `make infra APPROVE={review.digest}`."
    if approve and approve != review.digest:
        raise UserError(f"APPROVE={approve} approves another change than this plan's: nothing was changed.", fix)
    found = findings_to_approve(review)
    if found and not approve:
        findings = "a new finding" if len(found) == 1 else f"{len(found)} new findings"
        raise UserError(
            f"This plan has {findings} of high severity or above, and nobody has approved it: nothing was changed.", fix
        )
