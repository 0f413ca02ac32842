"""Findings for the risks that the Permissions part marks, of any resource type, where no other rule reports them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ..model import Finding, Permission, PrincipalChange, Severity, Status
from ..permissions.formatting import LOST
from ..permissions.risks import NO_LONGER_DENIED
from ..secrets.mask import Mask
from .registry import THE_PLAN, Rule, engine_rule

_SERVICE = "Permissions"
_GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide"
_MAX_SHOWN = 3
_ACCOUNT = re.compile(r"AWS:(?:arn:aws[\w-]*:(?:iam|sts)::)?(\d{12})(?:$|:)")

CONDITION_LOST = engine_rule(
    _SERVICE,
    "condition-lost",
    Severity.HIGH,
    "A permission loses a condition",
    why="A condition limits who may use a permission and from where: a second factor, a network, an account, a tag. "
    "Without it, the permission holds for all other requests too.",
    fix="Put the condition back, or make sure that another one limits the permission as much.",
    page=f"{_GUIDE}/reference_policies_elements_condition.html",
)
DENY_REMOVED = engine_rule(
    _SERVICE,
    "deny-removed",
    Severity.HIGH,
    "A Deny is removed or narrowed",
    why="An explicit Deny wins over every Allow, also over those that are not in this plan. Without it, they apply.",
    fix="Put the Deny back, or find out what else allows the action: other policies, groups, the resource's policy.",
    page=f"{_GUIDE}/reference_policies_evaluation-logic.html",
)
PUBLIC_GRANT = engine_rule(
    _SERVICE,
    "public-grant",
    Severity.CRITICAL,
    "A resource's policy grants access to everybody",
    why="Anyone on the internet with an AWS account, and for some services anyone at all, may use it.",
    fix="Name the accounts or roles that need it, or limit it by a condition (aws:PrincipalOrgID, aws:SourceArn).",
    page=f"{_GUIDE}/reference_policies_elements_principal.html#principal-anonymous",
)
OUTSIDE_GRANT = engine_rule(
    _SERVICE,
    "outside-account-grant",
    Severity.HIGH,
    "A resource's policy grants access to another account",
    why="The owner of that account decides who there may use it, and no plan of yours shows that.",
    fix="Make sure that the account is yours or a partner's, and name one of its roles instead of the whole account.",
    page=f"{_GUIDE}/access_policies-cross-account-resource-access.html",
)
ESCALATION_GRANT = engine_rule(
    _SERVICE,
    "escalation-grant",
    Severity.HIGH,
    "A principal gains permissions with which it can gain more",
    why="Anyone with such a permission can give itself other permissions, or use a role with more.",
    fix="Restrict the resources to ARNs, or attach a policy with only the actions that are needed.",
    page=f"{_GUIDE}/access_policies_boundaries.html",
)

ACCOUNT_UNKNOWN = engine_rule(
    _SERVICE,
    "own-account-unknown",
    Severity.MEDIUM,
    "The plan does not tell its own account",
    why="The plan does not say which account it is for, so the review cannot tell a grant to another account from one "
    "to your own.",
    fix='Pass the number of your account with `--account`, or read `data "aws_caller_identity"` in the configuration.',
    page=f"{_GUIDE}/access_policies-cross-account-resource-access.html",
)

_RULES: Mapping[str, Rule] = {
    "public": PUBLIC_GRANT,
    "outside account": OUTSIDE_GRANT,
    "escalates": ESCALATION_GRANT,
    "lost condition": CONDITION_LOST,
    NO_LONGER_DENIED: DENY_REMOVED,
}
_ALSO_REPORTED_BY: Mapping[str, tuple[str, ...]] = {
    "public": ("-public", "iam-trust-public"),
    "outside account": ("outside-account-",),
    "escalates": ("iam-admin-", "iam-escalation", "iam-pass-role", "iam-allow-not-action"),
}
"""Beginnings or parts of the ids of rules that report the same for a policy that they know."""


def mark_findings(changes: Iterable[PrincipalChange], found: Iterable[Finding], mask: Mask) -> Iterator[Finding]:
    """Report each mark of a permission that is added.

    Args:
        changes: the permission changes, masked.
        found: the findings of the other rules, masked.
        mask: masks the finished sentences.

    Returns:
        One finding for each principal and mark, unless a rule has reported the same for one of its policies.
    """
    reported: dict[str, set[str]] = {}
    for finding in found:
        if finding.status is not Status.FIXED:
            reported.setdefault(finding.address, set()).add(finding.rule)
    marked = [
        (change, mark, permissions)
        for change in changes
        for mark in _RULES
        if (permissions := tuple(each for each in change.added if mark in each.marks))
    ]
    # A bucket copies the policy of its policy resource: what is reported of one is reported of the other.
    known = {_content(*each) for each in marked if _is_reported(each[0], each[1], reported)}
    for change, mark, permissions in marked:
        if _content(change, mark, permissions) not in known:
            yield _finding(_RULES[mark], change, permissions, mask)


def unknown_account(changes: Iterable[PrincipalChange], mask: Mask) -> Iterator[Finding]:
    """Report the accounts in grants of a plan that does not tell its own account."""
    grants = [(number[1], each) for each in changes if each.added and (number := _ACCOUNT.match(each.principal))]
    if grants:
        numbers = sorted({number for number, _ in grants})
        rule, places = ACCOUNT_UNKNOWN, len({each.place for _, each in grants})
        named = ", ".join(numbers[:_MAX_SHOWN]) + (
            f" and {len(numbers) - _MAX_SHOWN} more" * (len(numbers) > _MAX_SHOWN)
        )
        where = "one resource grants" if places == 1 else f"{places} resources grant"
        what = f"The plan does not tell its own account, and {where} access to {named}."
        yield rule.finding(Status.NEW, mask.sentence(THE_PLAN), mask.sentence(what))


def _content(change: PrincipalChange, mark: str, permissions: tuple[Permission, ...]) -> tuple[Any, ...]:
    return change.principal, change.kind, mark, permissions


def _is_reported(change: PrincipalChange, mark: str, reported: Mapping[str, set[str]]) -> bool:
    ids = {each for place in (change.place, *change.policies) for each in reported.get(place, ())}
    return any(part in each for part in _ALSO_REPORTED_BY.get(mark, ()) for each in ids)


def _finding(rule: Rule, change: PrincipalChange, marked: Sequence[Permission], mask: Mask) -> Finding:
    who = "Everybody" if change.principal == "*" else change.principal
    if rule is CONDITION_LOST:
        listed = _conditions(marked)
        verb = "no longer needs"
    else:
        listed = [_permission(each) for each in marked]
        verb = "is no longer denied" if rule is DENY_REMOVED else "may now use"
    left = len(listed) - _MAX_SHOWN
    what = f"{who} {verb} {'; '.join(listed[:_MAX_SHOWN])}{f'; and {left} more' if left > 0 else ''}."
    return rule.finding(Status.NEW, change.place, mask.sentence(what))


def _conditions(marked: Iterable[Permission]) -> list[str]:
    """The conditions that are lost, each with the actions that lose it."""
    lost: dict[str, list[str]] = {}
    for each in marked:
        lost.setdefault(each.condition.rpartition(LOST)[2], []).append(each.action)
    return [f"the condition {condition} for {', '.join(actions)}" for condition, actions in lost.items()]


def _permission(permission: Permission) -> str:
    condition = permission.condition
    detail = f" ({condition})" if condition else ""
    return f"{permission.action} on {permission.resource}{detail}"
