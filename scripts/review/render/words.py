"""Texts and orders that all renderers share."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..model import (
    Action,
    ChangeView,
    Finding,
    Permission,
    PrincipalChange,
    Review,
    Severity,
    Status,
)

_COUNT_ORDER = ("create", "update", "replace", "destroy", "reordered", "import", "move", "forget", "read")
_HEAVIEST_FIRST = (
    Action.DESTROY,
    Action.REPLACE,
    Action.UPDATE,
    Action.CREATE,
    Action.FORGET,
    Action.READ,
    Action.NO_OP,
)
_WEIGHT = {action: place for place, action in enumerate(_HEAVIEST_FIRST)}
_CHANGED = re.compile("(previously|now) only if ")
_MAX_WORD = 60  # a text is shortened by at most this many characters to end with a whole word
_STATE_ONLY = {Action.NO_OP, Action.FORGET}


def counts(review: Review) -> tuple[tuple[str, int], ...]:
    """The counts in reading order, without zeros."""
    order = {name: place for place, name in enumerate(_COUNT_ORDER)}
    known = sorted(review.counts.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))
    return tuple((name, count) for name, count in known if count)


def plural(count: int, one: str, many: str = "") -> str:
    """``1 change``, ``2 changes``, ``10,000 changes``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def real(review: Review) -> list[ChangeView]:
    """The changes of existing or new resources, the most severe first, else in the plan's order."""
    return heaviest_first(each for each in review.changes if each.action not in _STATE_ONLY and not each.reordered)


def reordered(review: Review) -> list[ChangeView]:
    """The updates that change only an order without meaning."""
    return [change for change in review.changes if change.reordered]


def state_only(review: Review) -> list[ChangeView]:
    """The changes of Terraform's state only: moved, imported, forgotten."""
    return [change for change in review.changes if change.action in _STATE_ONLY]


def heaviest_first(changes: Iterable[ChangeView]) -> list[ChangeView]:
    """Destroyed resources before created ones, else in the given order."""
    return sorted(changes, key=lambda change: _WEIGHT[change.action])


def by_module(changes: Iterable[ChangeView]) -> list[tuple[str, list[ChangeView]]]:
    """The changes of each module, in the order of the modules' first change."""
    modules: dict[str, list[ChangeView]] = {}
    for change in changes:
        modules.setdefault(change.module, []).append(change)
    return list(modules.items())


def open_findings(review: Review) -> list[Finding]:
    """The findings that remain after the apply."""
    return [finding for finding in review.findings if finding.status is not Status.FIXED]


def serious(review: Review) -> list[Finding]:
    """The critical and high findings that remain after the apply."""
    return [finding for finding in open_findings(review) if finding.severity >= Severity.HIGH]


def by_rule(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings of each rule with the same severity, in the order of the first ones."""
    groups: dict[tuple[str, Severity, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.rule, finding.severity, finding.why, finding.fix), []).append(finding)
    return list(groups.values())


def statuses(findings: Sequence[Finding]) -> str:
    """``new``, or ``3 new, 2 already there``."""
    tally = {status: sum(each.status is status for each in findings) for status in Status}
    present = [(status, count) for status, count in tally.items() if count]
    return present[0][0] if len(present) == 1 else ", ".join(f"{count:,} {status}" for status, count in present)


def severities(findings: Sequence[Finding]) -> str:
    """``1 critical, 2 high``, the most severe first; empty if there are none."""
    tally = dict.fromkeys(reversed(Severity), 0)
    for finding in findings:
        tally[finding.severity] += 1
    return ", ".join(f"{count:,} {severity.name.lower()}" for severity, count in tally.items() if count)


def warnings(review: Review) -> list[str]:
    """The problems of the plan itself."""
    notes_found = []
    if review.errored:
        notes_found.append(
            "Planning ended in an error: this review shows only part of the change. Do not apply the plan."
        )
    if not review.complete and not review.errored:
        notes_found.append("The plan is incomplete: some changes are deferred to a later plan.")
    if review.changes and not review.applyable and not review.errored:
        notes_found.append("Terraform would not apply this plan.")
    return notes_found


def shortened(text: str, length: int) -> str:
    """The text, or its first ``length`` characters with a note about the full length.

    The cut is between two words if one ends nearby.
    """
    if len(text) <= length:
        return text
    start = text[: length + 1].rpartition(" ")[0]
    if not start or length - len(start) > _MAX_WORD:
        start = text[:length]
    return f"{start}… ({len(text):,} characters)"


def approval(review: Review) -> tuple[str, str]:
    """How to approve a plan: a label, and what to type. The digest alone if the plan needs no approval."""
    needed = any(each.status is Status.NEW for each in serious(review))
    return ("Approve with", f"APPROVE={review.digest}") if needed else ("Digest of the change", review.digest)


def existing(review: Review) -> list[PrincipalChange]:
    """What changes for principals and resources that exist before the plan."""
    return [change for change in review.permissions if not change.is_new]


def new(review: Review) -> list[PrincipalChange]:
    """What belongs to the principals and resources that the plan creates."""
    return [change for change in review.permissions if change.is_new]


def permissions(review: Review) -> str:
    """``existing principals +2 -1; new principals +17``. The second are part of the new stack."""
    parts = [
        f"{who} {counted}"
        for who, changes in (("existing principals", existing(review)), ("new principals", new(review)))
        if (counted := _added_and_removed(changes))
    ]
    return "; ".join(parts) or "none changed"


def _added_and_removed(changes: Iterable[PrincipalChange]) -> str:
    listed = list(changes)
    added, removed = sum(len(each.added) for each in listed), sum(len(each.removed) for each in listed)
    unknown = sum(bool(each.unknown) for each in listed)
    parts = ((f"+{added:,}", added), (f"-{removed:,}", removed), (f"({unknown:,} unknown until apply)", unknown))
    return " ".join(text for text, count in parts if count)


def marked_first(listed: Iterable[Permission]) -> list[Permission]:
    """Permissions with risks first, else in the given order. Those that are parts of one growth become one."""
    rows: dict[tuple[str, ...], Permission] = {}
    for number, each in enumerate(listed):
        key = (each.before, each.after) if each.before else (str(number),)
        marks = tuple(dict.fromkeys((*rows[key].marks, *each.marks))) if key in rows else each.marks
        rows[key] = replace(each, marks=marks)
    return sorted(rows.values(), key=lambda permission: not permission.marks)


def permission(permission: Permission) -> str:
    """A permission in one line: ``Allow s3:GetObject on * if … [public]``, ``s3:* on * [now denied]``.

    One that grows is shown before and after: ``s3:GetObject on arn:… → s3:* on * [on everything]``.
    """
    effect = f"{permission.effect} " if shows_effect(permission) else ""
    conditions = f" {condition(permission)}" if permission.condition else ""
    marks = f" [{', '.join(permission.marks)}]" if permission.marks else ""
    if permission.before:
        return f"{permission.before} → {permission.after}{marks}"
    return f"{effect}{permission.action} on {permission.resource}{conditions}{marks}"


def shows_effect(permission: Permission) -> bool:
    """Whether to show ``Allow`` or ``Deny``. A Deny that is added or removed has a mark that says so."""
    return permission.effect == "Allow" or not permission.marks


def condition(permission: Permission) -> str:
    """When a permission applies: ``if …``, or how that changes: ``previously only if …``."""
    return permission.condition if _CHANGED.match(permission.condition) else f"if {permission.condition}"


def notes(change: ChangeView) -> list[str]:
    """Notes about a change beside its action and its attributes."""
    notes_found = [
        change.why,
        change.previous_address and f"moved from {change.previous_address}",
        change.import_id and f"imported by {change.import_id}",
        "only reverts a change made outside of Terraform" if change.reverts_drift else "",
    ]
    return [note for note in notes_found if note]


def folded(change: ChangeView) -> str:
    """How many differences are noise and not shown."""
    what = "computed by AWS, null instead of empty, in another order, or a copy of another resource's setting"
    return f"{plural(change.folded, 'attribute')} not shown: {what}"
