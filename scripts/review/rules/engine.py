"""Runs the rules on a plan."""

from typing import TYPE_CHECKING

from scripts.review.model import Finding, Plan

if TYPE_CHECKING:
    from scripts.review.masking import Mask


def findings(plan: Plan, mask: "Mask") -> tuple[Finding, ...]:
    """What the rules say of a plan."""
    return ()
