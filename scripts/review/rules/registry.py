"""What a rule is, and the list of them all.

A *state rule* looks at one resource as it is on one side of the plan and says what is wrong with it. It runs on before
and on after, which makes each finding new, already there or fixed. A *change rule* looks at one change, a *plan rule*
at the plan as a whole; what they say is always new.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from scripts.review.model import Change, Plan, Severity

if TYPE_CHECKING:
    from scripts.review.rules.resources import Both, Resource

StateCheck = Callable[["Resource"], Iterator[str]]
ChangeCheck = Callable[["Change", "Both"], Iterator[str]]
PlanCheck = Callable[["Plan", "Both"], Iterator[tuple[str, str]]]
Check = TypeVar("Check", StateCheck, ChangeCheck, PlanCheck)

EVERY = ("",)
"""The types of a change rule that looks at all of them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        id: such as `s3-public-policy`.
        severity: how much its findings weigh.
        title: what it looks for, in a few words.
        why: why that matters.
        fix: what to do about it.
        page: the AWS or Terraform page it rests on.
        service: the heading it stands under in docs/review-rules.md.
        kind: `state`, `change` or `plan`.
        types: the resource types it looks at; `EVERY` for all.
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


RULES: dict[str, Rule] = {}
"""All rules by id."""

STATE: dict[str, list[tuple[Rule, StateCheck]]] = {}
"""State rules by resource type."""

CHANGE: dict[str, list[tuple[Rule, ChangeCheck]]] = {}
"""Change rules by resource type; those for every type under the empty text."""

PLAN: list[tuple[Rule, PlanCheck]] = []
"""Plan rules."""


class Family:
    """The rules of one service: hands out the decorators that register them.

    Args:
        service: the heading in docs/review-rules.md.
    """

    def __init__(self, service: str) -> None:
        self.service = service

    def state(
        self, types: tuple[str, ...], name: str, severity: Severity, title: str, *, why: str, fix: str, page: str
    ) -> Callable[[StateCheck], StateCheck]:
        """Register a function of a resource that says what is wrong with it, one sentence for each thing."""
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
        """Register a function of a change and both sides of the plan."""
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
        """Register a function of the plan and its two sides that gives addresses, each with what is wrong there."""
        rule = Rule(name, severity, title, why, fix, page, self.service, "plan", ())

        def register(check: PlanCheck) -> PlanCheck:
            _add(rule)
            PLAN.append((rule, check))
            return check

        return register


def describe(service: str, name: str, severity: Severity, title: str, *, why: str, fix: str, page: str) -> Rule:
    """Register a rule whose findings the engine itself makes."""
    rule = Rule(name, severity, title, why, fix, page, service, "plan", ())
    _add(rule)
    return rule


def _add(rule: Rule) -> None:
    if rule.id in RULES:
        raise ValueError(f"two rules are called {rule.id}")
    RULES[rule.id] = rule
