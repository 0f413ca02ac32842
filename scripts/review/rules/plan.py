"""Rules for the plan as a whole."""

import re
from collections import Counter
from collections.abc import Iterator

from ..differences import labels
from ..model import Plan, Severity
from .registry import THE_PLAN, Family
from .resources import PlanIndex

_PLAN = Family("The plan itself")
_UNMARKED = re.compile(r"0\.1[0-4]\.|0\.15\.[01]\b")
_FORMAT = "https://developer.hashicorp.com/terraform/internals/json-format#plan-representation"


@_PLAN.plan(
    "plan-errored",
    Severity.CRITICAL,
    "Planning ended in an error",
    why="Terraform saves such a plan, but it contains only part of what would happen.",
    fix="Fix the error that `terraform plan` prints, and plan again.",
    page=_FORMAT,
)
def errored(plan: Plan, _index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports a plan that is marked as errored."""
    if plan.errored:
        yield THE_PLAN, "Planning ended in an error, so this review is incomplete."


@_PLAN.plan(
    "plan-incomplete",
    Severity.HIGH,
    "The plan is incomplete",
    why="You need another plan to reach the configured state, and nobody can review that plan yet.",
    fix="Review and apply this part, then plan and review again.",
    page=_FORMAT,
)
def incomplete(plan: Plan, _index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports a plan that is marked as incomplete, unless it is errored."""
    if not plan.complete and not plan.errored:
        yield THE_PLAN, "The plan is incomplete: another plan must follow."


@_PLAN.plan(
    "change-deferred",
    Severity.MEDIUM,
    "A change is deferred to a later plan",
    why="Terraform has not decided the change yet, so this review cannot check it.",
    fix="Apply what it waits for, then plan and review again.",
    page=_FORMAT,
)
def deferred(plan: Plan, _index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports each deferred change with its reason."""
    for reason, change in plan.deferred:
        yield change.address, f"Terraform defers the change to a later plan ({labels.deferred_why(reason)})."


@_PLAN.plan(
    "check-failed",
    Severity.MEDIUM,
    "A check or a condition failed",
    why="The configuration breaks a condition that its authors rely on.",
    fix="Fix the problem that the check's message describes.",
    page="https://developer.hashicorp.com/terraform/language/block/check",
)
def check_failed(plan: Plan, _index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports each failed check with its message."""
    for check in plan.failed_checks:
        messages = [" ".join(message.split()).rstrip(".") for message in check.messages]
        text = f": {'. '.join(messages)}" if messages else " during planning"
        yield check.address, f"This check failed{text}."


@_PLAN.plan(
    "unknown-member",
    Severity.HIGH,
    "The plan has a member that this review does not know",
    why="A newer Terraform may do something at the apply that this review does not show.",
    fix="Look it up in the plan's JSON and in Terraform's release notes. Then update this review, or plan with a "
    "Terraform that it knows.",
    page=_FORMAT,
)
def unknown_member(plan: Plan, _index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports each name once, with the number of its places."""
    for name, count in sorted(Counter(each.name for each in plan.unknown_members).items()):
        place = next(each.place for each in plan.unknown_members if each.name == name)
        where = f"in {place}" + (f" and {count - 1} more {'place' if count == 2 else 'places'}" if count > 1 else "")
        yield THE_PLAN, f"This review does not know the member `{name}` {where}, and shows nothing of it."


@_PLAN.plan(
    "unmarked-secrets",
    Severity.MEDIUM,
    "The plan does not mark every sensitive value",
    why="Terraform before 0.15.2 does not mark what a provider calls sensitive, and before 0.15 it marks nothing. The "
    "review hides only what looks like a secret or has a secret's name, so its pages may show others.",
    fix="Plan with Terraform 0.15.2 or newer, or show the pages only to those who may read the secrets.",
    page="https://developer.hashicorp.com/terraform/internals/json-format#change-representation",
)
def unmarked_secrets(plan: Plan, _index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports a plan of format 0.1 by a Terraform whose marks are incomplete.

    https://github.com/hashicorp/terraform/blob/v0.15/CHANGELOG.md (0.15.2, number 28523)
    """
    if plan.format_version == "0.1" and (not plan.terraform_version or _UNMARKED.match(plan.terraform_version)):
        version = plan.terraform_version or "of an unknown version"
        yield THE_PLAN, f"Terraform {version} does not mark every sensitive value in its plan."
