"""Runs the rules on a plan."""

from collections.abc import Iterable, Iterator

from ..differences.drift import DriftReverts
from ..model import Action, Change, Finding, Plan, PrincipalChange, Severity, Status
from ..permissions.resources import destroyed_names, removes_resource
from ..secrets.mask import Mask
from .blocks import UnknownAttribute, UnknownValueError
from .marks import mark_findings, unknown_account
from .registry import CHANGE, PLAN, STATE, Rule, StateCheck, engine_rule
from .resources import PlanIndex, Resource

UNKNOWN = engine_rule(
    "Every service",
    "unknown-until-apply",
    Severity.MEDIUM,
    "A rule needs a value that is known only after the apply",
    why="Nobody can review an unknown value: an unknown policy may allow everything to everybody.",
    fix="Build ARNs from names, so that policies are known when Terraform plans. Or apply the resources it depends on "
    "first (`-target`), and review the next plan.",
    page="https://developer.hashicorp.com/terraform/language/expressions/references#values-not-yet-known",
)


def findings(plan: Plan, mask: Mask, permissions: Iterable[PrincipalChange]) -> tuple[Finding, ...]:
    """Run all rules on a plan.

    Args:
        plan: the plan.
        mask: writes its values as they may be shown.
        permissions: how the plan changes the permissions.

    Returns:
        The findings: first those of the plan as a whole, then in the order of the plan's changes, then those of the
        permissions. Every text is masked.
    """
    run = _Run(plan, mask)
    found = tuple(run.findings())
    unknown = () if run.index.accounts else tuple(unknown_account(permissions, mask))
    return (*found, *mark_findings(permissions, found, mask), *unknown)


class _Run:
    def __init__(self, plan: Plan, mask: Mask) -> None:
        self.index = PlanIndex(plan, mask)
        self.mask = mask
        self.reverts = DriftReverts(plan)
        self.destroyed = destroyed_names(plan.changes)

    def findings(self) -> Iterator[Finding]:
        for rule, check in PLAN:
            for address, what in check(self.index.plan, self.index):
                yield self._finding(rule, Status.NEW, address, what)
        for change in self.index.plan.changes:
            if change.mode == "managed":
                yield from self._findings_of(change)

    def _findings_of(self, change: Change) -> Iterator[Finding]:
        ending = " This reverts a change made outside of Terraform." if self.reverts.reverts_drift_of(change) else ""
        unknowns: dict[str, tuple[list[Rule], str]] = {}
        found = [*self._changes(change, unknowns), *self._states(change, unknowns)]
        for rule, status, what in found:
            yield self._finding(rule, status, change.address, what + ending)
        for attribute, (rules, known) in unknowns.items():
            yield self._unknown_finding(change, attribute, rules, known)

    def _changes(
        self, change: Change, unknowns: dict[str, tuple[list[Rule], str]]
    ) -> Iterator[tuple[Rule, Status, str]]:
        if change.action in (Action.NO_OP, Action.READ):
            return
        for rule, check in (*CHANGE.get(change.type, ()), *CHANGE.get("", ())):
            try:
                for what in check(change, self.index):
                    yield rule, Status.NEW, what
            except UnknownValueError as error:
                _note_unknown(unknowns, rule, [UnknownAttribute(error.attribute)])

    def _states(
        self, change: Change, unknowns: dict[str, tuple[list[Rule], str]]
    ) -> Iterator[tuple[Rule, Status, str]]:
        checks = STATE.get(change.type)
        if not checks or change.deposed or change.action is Action.FORGET:
            return
        # The review skips an unchanged resource, unless a resource that belongs to it changes.
        touched = change.action is not Action.NO_OP or bool(change.import_id)
        for rule, check in checks:
            before, _ = _run_check(check, self.index.before.by_address.get(change.address))
            after, unknown = _run_check(check, self.index.after.by_address.get(change.address))
            if touched:
                _note_unknown(unknowns, rule, unknown)
            for what in after:
                if touched or what not in before:
                    yield rule, Status.THERE if what in before else Status.NEW, what
                elif self._came_with_drift(change, check, what):
                    note = "This was changed outside of Terraform, and the plan does not revert it."
                    yield rule, Status.THERE, f"{what} {note}"
            # A destroyed resource does not count as fixed. A policy that is removed from a resource that stays does.
            for what in before if not unknown and not removes_resource(change, self.destroyed) else ():
                if what not in after:
                    yield rule, Status.FIXED, f"No longer true: {what}"

    def _came_with_drift(self, change: Change, check: StateCheck, what: str) -> bool:
        """Whether a problem of a resource came with its drift."""
        drift = self.index.drift.get(change.address)
        if drift is None or drift.before is None:
            return False
        return what not in _run_check(check, Resource(change, self.index.before, drift.before, False))[0]

    def _unknown_finding(self, change: Change, attribute: str, rules: list[Rule], known: str) -> Finding:
        checks = f"the rule{'s' * (len(rules) > 1)} {_join(rule.id for rule in rules)}"
        what = f"`{attribute}` is known only after the apply, so {checks} could not check it."
        known = known or self._references_text(change, attribute)
        if known:
            what += f" Known so far: {known}."
        severity = min(UNKNOWN.severity, max(rule.severity for rule in rules))
        return self._finding(UNKNOWN, Status.NEW, change.address, what, severity)

    def _references_text(self, change: Change, attribute: str) -> str:
        """What an unknown value refers to, if no policy document tells more."""
        targets = self.index.references(change, attribute.partition("[")[0].partition(".")[0])
        # Terraform writes `aws_kms_key.k` after `aws_kms_key.k.arn`.
        ends = [each for each in targets if not any(other.startswith(f"{each}.") for other in targets)]
        return f"it refers to {', '.join(ends[:4])}" if ends else ""

    def _finding(
        self, rule: Rule, status: Status, address: str, what: str, severity: Severity | None = None
    ) -> Finding:
        # Each word is checked for the look of a secret. The whole sentence is checked for marked secrets with spaces.
        words = " ".join(map(self.mask.text, what.split(" ")))
        shown = self.mask.sentence(self.mask.address(address))
        return rule.finding(status, shown, self.mask.sentence(words), severity)


def _run_check(check: StateCheck, resource: Resource | None) -> tuple[dict[str, None], list[UnknownAttribute]]:
    """A rule's sentences about a resource, each once and in order, and the unknown attributes that it needed."""
    sentences: dict[str, None] = {}
    if resource is None:
        return sentences, []
    resource.unknowns.clear()
    try:
        for what in check(resource):
            sentences[what] = None
    except UnknownValueError as error:
        resource.note_unknown(error.attribute)
    return sentences, list(resource.unknowns)


def _note_unknown(unknowns: dict[str, tuple[list[Rule], str]], rule: Rule, unknown: Iterable[UnknownAttribute]) -> None:
    for each in unknown:
        rules, known = unknowns.get(each.attribute, ([], ""))
        unknowns[each.attribute] = ([*rules, rule] if rule not in rules else rules, known or each.known)


def _join(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
