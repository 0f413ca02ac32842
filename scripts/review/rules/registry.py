"""Defines rules and lists them all.

A *state rule* checks one resource, before the plan and after it. Comparing the two makes each finding new, already
there or fixed. A *change rule* checks one change, a *plan rule* the plan as a whole; their findings are always new.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from ..model import Change, Finding, Plan, Severity, Shown, Status

if TYPE_CHECKING:
    from .resources import PlanIndex, Resource

StateCheck = Callable[["Resource"], Iterator[str]]
ChangeCheck = Callable[["Change", "PlanIndex"], Iterator[str]]
PlanCheck = Callable[["Plan", "PlanIndex"], Iterator[tuple[str, str]]]
Check = TypeVar("Check", StateCheck, ChangeCheck, PlanCheck)

THE_PLAN = "(the plan)"
"""Used in place of a resource's address."""

EVERY = ("",)
"""The types of a change rule that checks every resource."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        id: such as `s3-public-policy`.
        severity: the severity of its findings.
        title: what it reports, in a few words.
        why: why that matters.
        fix: what to do about it.
        page: the AWS or Terraform page that explains it.
        service: its heading in docs/review-rules.md.
        kind: `state`, `change` or `plan`.
        types: the resource types it checks; `EVERY` for all.
    """

    id: str
    severity: Severity
    title: str
    why: str
    fix: str
    page: str
    service: str
    kind: str
    types: tuple[str, ...]

    def finding(self, status: Status, address: Shown, what: Shown, severity: Severity | None = None) -> Finding:
        """A finding of this rule. Its severity is the rule's unless another is given."""
        weight = self.severity if severity is None else severity
        return Finding(self.id, weight, status, address, self.title, what, self.why, self.fix, self.page)


RULES: dict[str, Rule] = {}
"""All rules by id."""

STATE: dict[str, list[tuple[Rule, StateCheck]]] = {}
"""State rules by resource type."""

CHANGE: dict[str, list[tuple[Rule, ChangeCheck]]] = {}
"""Change rules by resource type; those for every type have the key ""."""

PLAN: list[tuple[Rule, PlanCheck]] = []
"""Plan rules."""


class Family:
    """The rules of one service, with the decorators that register them.

    Args:
        service: the heading in docs/review-rules.md.
    """

    def __init__(self, service: str) -> None:
        self.service = service

    def state(
        self, types: tuple[str, ...], name: str, severity: Severity, title: str, *, why: str, fix: str, page: str
    ) -> Callable[[StateCheck], StateCheck]:
        """Register a function that takes a resource and yields one sentence for each problem."""
        rule = Rule(name, severity, title, why, fix, page, self.service, "state", types)

        def register(check: StateCheck) -> StateCheck:
            _add(rule)
            for kind in types:
                STATE.setdefault(kind, []).append((rule, check))
            return check

        return register

    def change(
        self, types: tuple[str, ...], name: str, severity: Severity, title: str, *, why: str, fix: str, page: str
    ) -> Callable[[ChangeCheck], ChangeCheck]:
        """Register a function that takes a change and the plan's index, and yields one sentence for each problem."""
        rule = Rule(name, severity, title, why, fix, page, self.service, "change", types)

        def register(check: ChangeCheck) -> ChangeCheck:
            _add(rule)
            for kind in types:
                CHANGE.setdefault(kind, []).append((rule, check))
            return check

        return register

    def plan(
        self, name: str, severity: Severity, title: str, *, why: str, fix: str, page: str
    ) -> Callable[[PlanCheck], PlanCheck]:
        """Register a function that takes the plan and its index, and yields address and sentence of each problem."""
        rule = Rule(name, severity, title, why, fix, page, self.service, "plan", ())

        def register(check: PlanCheck) -> PlanCheck:
            _add(rule)
            PLAN.append((rule, check))
            return check

        return register


def engine_rule(service: str, name: str, severity: Severity, title: str, *, why: str, fix: str, page: str) -> Rule:
    """Register a rule whose findings the engine creates."""
    rule = Rule(name, severity, title, why, fix, page, service, "plan", ())
    _add(rule)
    return rule


def _add(rule: Rule) -> None:
    if rule.id in RULES:
        raise ValueError(f"two rules are called {rule.id}")
    RULES[rule.id] = rule
