"""Which permissions a plan grants and revokes.

Plan ──identities, resources──▶ policies before and after ──documents──▶ statements ──comparison──▶ added and removed
                                 └─ unknown_policies: the known parts of unknown policies        formatting ──▶ texts
"""

from ...policies.documents import InvalidPolicyError, Statement, statements
from .principals import changes

__all__ = ["InvalidPolicyError", "Statement", "changes", "statements"]
