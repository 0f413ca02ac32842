"""Runs the rules on a plan."""

from collections.abc import Iterable, Iterator

from scripts.review.drift import Reverts
from scripts.review.masking import Mask
from scripts.review.model import Action, Change, Finding, Plan, Severity, Status
from scripts.review.permissions.resources import goes_along, gone
from scripts.review.rules.blocks import Missed, NotKnownError
from scripts.review.rules.registry import CHANGE, PLAN, STATE, Rule, StateCheck, describe
from scripts.review.rules.resources import Both, Resource

UNKNOWN = describe(
    "Every service",
    "unknown-until-apply",
    Severity.MEDIUM,
    "Something that a rule needs is known only after the apply",
    why="What is not known cannot be reviewed: an unknown policy may allow everything to everybody.",
    fix="Build ARNs from names, so that policies are known when Terraform plans; or apply what it waits for first "
    "(`-target`), and review the plan that follows.",
    page="https://developer.hashicorp.com/terraform/language/expressions/references#values-not-yet-known",
)


def findings(plan: Plan, mask: Mask) -> tuple[Finding, ...]:
    """What the rules say of a plan.

    Args:
        plan: the plan.
        mask: writes its values as they may be shown.

    Returns:
        The findings in the order of the plan's changes; those of the plan as a whole first. Every text is masked.
    """
    return tuple(_Run(plan, mask).findings())


class _Run:
    def __init__(self, plan: Plan, mask: Mask) -> None:
        self.both = Both(plan, mask)
        self.mask = mask
        self.reverts = Reverts(plan)
        self.gone = gone(plan.changes)

    def findings(self) -> Iterator[Finding]:
        for rule, check in PLAN:
            for address, what in check(self.both.plan, self.both):
                yield self._finding(rule, Status.NEW, address, what)
        for change in self.both.plan.changes:
            if change.mode == "managed":
                yield from self._of(change)

    def _of(self, change: Change) -> Iterator[Finding]:
        ending = " This takes back what was changed outside of Terraform." if self.reverts.reverted_by(change) else ""
        missed: dict[str, tuple[list[Rule], str]] = {}
        found = [*self._changes(change, missed), *self._states(change, missed)]
        for rule, status, what in found:
            yield self._finding(rule, status, change.address, what + ending)
        for attribute, (rules, known) in missed.items():
            yield self._unknown(change, attribute, rules, known)

    def _changes(self, change: Change, missed: dict[str, tuple[list[Rule], str]]) -> Iterator[tuple[Rule, Status, str]]:
        if change.action in (Action.NO_OP, Action.READ):
            return
        for rule, check in (*CHANGE.get(change.type, ()), *CHANGE.get("", ())):
            try:
                for what in check(change, self.both):
                    yield rule, Status.NEW, what
            except NotKnownError as error:
                _note(missed, rule, [Missed(error.attribute)])

    def _states(self, change: Change, missed: dict[str, tuple[list[Rule], str]]) -> Iterator[tuple[Rule, Status, str]]:
        checks = STATE.get(change.type)
        if not checks or change.deposed or change.action is Action.FORGET:
            return
        # What the plan leaves alone is no matter of its review, unless something that belongs to it changes.
        touched = change.action is not Action.NO_OP or bool(change.import_id)
        for rule, check in checks:
            before, _ = _said(check, self.both.before.by_address.get(change.address))
            after, unknown = _said(check, self.both.after.by_address.get(change.address))
            if touched:
                _note(missed, rule, unknown)
            for what in after:
                if touched or what not in before:
                    yield rule, Status.THERE if what in before else Status.NEW, what
                elif self._from_outside(change, check, what):
                    yield rule, Status.THERE, f"{what} This was done outside of Terraform, and the plan leaves it so."
            # That a thing goes with all that was wrong with it goes without saying. A policy that goes from what stays
            # is another matter.
            for what in before if not unknown and not goes_along(change, self.gone) else ():
                if what not in after:
                    yield rule, Status.FIXED, f"No more: {what}"

    def _from_outside(self, change: Change, check: StateCheck, what: str) -> bool:
        """Whether what is wrong with a resource came with its drift."""
        drift = self.both.drift.get(change.address)
        if drift is None or drift.before is None:
            return False
        return what not in _said(check, Resource(change, self.both.before, drift.before, False))[0]

    def _unknown(self, change: Change, attribute: str, rules: list[Rule], known: str) -> Finding:
        what = f"`{attribute}` cannot be reviewed until the apply; {_listed(rule.id for rule in rules)} needed it."
        known = known or self._refers(change, attribute)
        if known:
            what += f" What is known: {known}."
        severity = min(UNKNOWN.severity, max(rule.severity for rule in rules))
        return self._finding(UNKNOWN, Status.NEW, change.address, what, severity)

    def _refers(self, change: Change, attribute: str) -> str:
        """Of an expression that no document stands behind, the plan tells only what it refers to."""
        targets = self.both.references(change, attribute.partition("[")[0].partition(".")[0])
        # Terraform writes `aws_kms_key.k` after `aws_kms_key.k.arn`.
        ends = [each for each in targets if not any(other.startswith(f"{each}.") for other in targets)]
        return f"it refers to {', '.join(ends[:4])}" if ends else ""

    def _finding(
        self, rule: Rule, status: Status, address: str, what: str, severity: Severity | None = None
    ) -> Finding:
        weight = rule.severity if severity is None else severity
        # Word by word for what looks like a secret, as a whole for one that is marked and holds blanks.
        words = " ".join(map(self.mask.text, what.split(" ")))
        shown = self.mask.sentence(self.mask.address(address))
        return Finding(rule.id, weight, status, shown, self.mask.sentence(words), rule.why, rule.fix, rule.page)


def _said(check: StateCheck, resource: Resource | None) -> tuple[dict[str, None], list[Missed]]:
    """What a rule says of a resource, each thing once and in order; and what it could not have."""
    said: dict[str, None] = {}
    if resource is None:
        return said, []
    resource.missed.clear()
    try:
        for what in check(resource):
            said[what] = None
    except NotKnownError as error:
        resource.miss(error.attribute)
    return said, list(resource.missed)


def _note(missed: dict[str, tuple[list[Rule], str]], rule: Rule, unknown: Iterable[Missed]) -> None:
    for each in unknown:
        rules, known = missed.get(each.attribute, ([], ""))
        missed[each.attribute] = ([*rules, rule] if rule not in rules else rules, known or each.known)


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
