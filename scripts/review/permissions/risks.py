"""Marks the risks of a permission that is granted."""

from collections.abc import Collection

from ...policies import actions
from ...policies.documents import ANYONE
from . import policy_checks
from .comparison import Grant

NOW_DENIED = "now denied"
NO_LONGER_DENIED = "no longer denied"

_ESCALATING = frozenset(map(str.lower, policy_checks.ESCALATING))
_ESCALATING_ON_ANY_ROLE = frozenset(map(str.lower, policy_checks.ESCALATING_ON_ANY_ROLE))

WIDE_MANAGED_POLICIES = {
    "AdministratorAccess": ("escalates", "on everything"),
    "IAMFullAccess": ("escalates",),
    "PowerUserAccess": ("on everything",),
    "AmazonEC2FullAccess": ("on everything",),
    "AmazonS3FullAccess": ("on everything",),
    "AmazonSageMakerFullAccess": ("escalates",),
    "AWSLambda_FullAccess": ("escalates",),
    "SecretsManagerReadWrite": ("on everything",),
}
"""AWS managed policies that grant more than their holder is likely to need.
https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html"""


def risk_marks(grant: Grant, kind: str, accounts: Collection[str]) -> tuple[str, ...]:
    """The risks of a grant.

    Args:
        grant: the new grant.
        kind: `identity`, `trust`, `resource`, or `endpoint` for a VPC endpoint, which only clients in the VPC reach.
        accounts: the plan's own account numbers; empty if unknown.
    """
    if kind == "endpoint":
        return ("lost condition",) if grant.narrowed else ()
    found = _of_identity(grant) if kind == "identity" else _of_resource(grant, accounts)
    return (*found, "lost condition") if grant.narrowed else found


def _of_identity(grant: Grant) -> tuple[str, ...]:
    found = []
    passes = not grant.actions.isdisjoint(_ESCALATING_ON_ANY_ROLE) and policy_checks.any_role(grant.resources)
    if passes or not grant.actions.isdisjoint(_ESCALATING):
        found.append("escalates")
    everything = grant.resources.negated or ANYONE in grant.resources.patterns
    if everything and any(actions.takes_resource(action) for action in grant.actions):
        found.append("on everything")
    return tuple(found)


def _of_resource(grant: Grant, accounts: Collection[str]) -> tuple[str, ...]:
    found = []
    if policy_checks.is_everybody(grant.principals) and not any(map(policy_checks.limits_principals, grant.conditions)):
        found.append("public")
    who = "" if grant.principals.negated else grant.principals.patterns[0]
    if policy_checks.outside_accounts(grant.principals, grant.conditions, accounts):
        found.append("outside account")
    if who.startswith("Service:") and not any(map(policy_checks.limits_source, grant.conditions)):
        found.append("no confused-deputy condition")
    provider = policy_checks.issuer(who)
    if provider and not any(policy_checks.binds_subject(atom, provider) for atom in grant.conditions):
        found.append("no subject condition")
    return tuple(found)
