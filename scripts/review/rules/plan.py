"""Rules for the plan as a whole."""

from collections.abc import Iterator

from scripts.review import labels
from scripts.review.model import Plan, Severity
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Both

_PLAN = Family("The plan itself")
_FORMAT = "https://developer.hashicorp.com/terraform/internals/json-format#plan-representation"
THE_PLAN = "(the plan)"
"""What stands in place of an address."""


@_PLAN.plan(
    "plan-errored",
    Severity.CRITICAL,
    "Planning ended in an error",
    why="Terraform writes such a plan too, but it does not hold everything that would happen.",
    fix="Mend what `terraform plan` names, and plan anew.",
    page=_FORMAT,
)
def errored(plan: Plan, _both: Both) -> Iterator[tuple[str, str]]:
    """The plan says so."""
    if plan.errored:
        yield THE_PLAN, "Planning ended in an error: what is shown here is not all."


@_PLAN.plan(
    "plan-incomplete",
    Severity.HIGH,
    "The plan does not hold everything",
    why="Another plan has to follow before all is as the configuration says, and nobody can review it yet.",
    fix="Review this part as one, apply it, and plan and review again.",
    page=_FORMAT,
)
def incomplete(plan: Plan, _both: Both) -> Iterator[tuple[str, str]]:
    """The plan says so; an errored one is incomplete anyway."""
    if not plan.complete and not plan.errored:
        yield THE_PLAN, "The plan is incomplete: another one has to follow."


@_PLAN.plan(
    "change-deferred",
    Severity.MEDIUM,
    "A change is put off to a later plan",
    why="What it will be is not decided yet, so it is not reviewed here.",
    fix="Apply what it waits for, then plan and review again.",
    page=_FORMAT,
)
def deferred(plan: Plan, _both: Both) -> Iterator[tuple[str, str]]:
    """Each deferred change with its reason."""
    for reason, change in plan.deferred:
        yield change.address, f"Its change is put off to a later plan ({labels.deferred_why(reason)})."


@_PLAN.plan(
    "check-failed",
    Severity.MEDIUM,
    "A check or a condition failed",
    why="What the authors hold to be true of this configuration is not.",
    fix="Mend what the check's message names.",
    page="https://developer.hashicorp.com/terraform/language/block/check",
)
def check_failed(plan: Plan, _both: Both) -> Iterator[tuple[str, str]]:
    """Each that failed, with what its authors say of it."""
    for check in plan.failed_checks:
        messages = [" ".join(message.split()).rstrip(".") for message in check.messages]
        said = f": {'. '.join(messages)}" if messages else " when the plan was made"
        yield check.address, f"This check failed{said}."
