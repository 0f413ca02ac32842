"""What everybody may do after a plan that they might not before, and the other way round.

Plan ──identities, resources──▶ policies on both sides ──documents──▶ statements ──comparing──▶ what came and went
                                 └─ recovery: what is known of those that are not known yet        telling ──▶ texts
"""

from scripts.policies.documents import NotAPolicyError, Statement, statements
from scripts.review.permissions.principals import changes

__all__ = ["NotAPolicyError", "Statement", "changes", "statements"]
