"""What everybody may do after a plan that they might not before, and the other way round."""

from scripts.review.masking import Mask
from scripts.review.model import Plan, PrincipalChange


def changes(plan: Plan, mask: Mask) -> tuple[PrincipalChange, ...]:
    """How the permissions of every principal change, and those on every resource with a policy."""
    del plan, mask
    return ()
