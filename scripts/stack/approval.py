"""What is asked of a plan before it is applied, beyond that it is the reviewed one. Pure."""

from collections.abc import Sequence
from pathlib import Path

from scripts.core.errors import UserError
from scripts.review.model import Finding, Review, Severity, Status


def heavy(review: Review) -> Sequence[Finding]:
    """The findings that a plan brings and that need somebody's approval."""
    return [each for each in review.findings if each.status is Status.NEW and each.severity >= Severity.HIGH]


def check_fit(review: Review) -> None:
    """See that a plan is whole.

    Raises:
        UserError: planning ended in an error, or left something for a later plan.
    """
    if review.errored:
        raise UserError(
            f"The plan of `{review.source}` ended in an error: it holds only a part of the change.",
            "Mend what Terraform named, then `make plan` plans and reviews anew.",
        )
    if not review.complete:
        raise UserError(
            f"The plan of `{review.source}` is incomplete: Terraform left something of the change for a later plan.",
            "Plan without -target (look for it in TF_CLI_ARGS and TF_CLI_ARGS_plan): `make plan`.",
        )


def check_approved(review: Review, approve: str, page: Path) -> None:
    """See that what weighs heavily was approved, and that what was approved is this.

    Args:
        review: what is to be applied.
        approve: the digest that somebody approved; empty where nobody did.
        page: where the review can be read.

    Raises:
        UserError: it was not, or it is not.
    """
    if approve and approve != review.digest:
        raise UserError(
            f"APPROVE={approve} was given for another change than this plan's: nothing was changed.",
            f"Read {page}; to approve what is in it: `make infra APPROVE={review.digest}`.",
        )
    found = heavy(review)
    if found and not approve:
        plural = "a finding" if len(found) == 1 else f"{len(found)} findings"
        raise UserError(
            f"This plan brings {plural} of high severity or above, and nobody has approved it: nothing was changed.",
            f"Read {page}; to approve what is in it: `make infra APPROVE={review.digest}`.",
        )
