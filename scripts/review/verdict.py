"""Writes the verdict, the summary that a reviewer reads first: lost data, findings, permissions and the rest."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from .data_loss import DATA_RESOURCES, data_loss
from .model import (
    Action,
    Change,
    ChangeView,
    Finding,
    Plan,
    PrincipalChange,
    Severity,
    Status,
)
from .secrets.mask import Mask

_MAX_NAMED = 2
_VERBS = {
    Action.CREATE: ("Creates", "created"),
    Action.UPDATE: ("Updates", "updated"),
    Action.REPLACE: ("Replaces", "replaced"),
    Action.DESTROY: ("Destroys", "destroyed"),
}
_KEY = re.compile(r'\["([\w.-]+)"\]$')
_SAYS_NOTHING = {"this", "main", "default", "self"}
_SERIOUS = (Severity.CRITICAL, Severity.HIGH)


def verdict(
    plan: Plan,
    mask: Mask,
    changes: Sequence[ChangeView],
    drift: Sequence[ChangeView],
    findings: Iterable[Finding],
    permissions: Iterable[PrincipalChange],
) -> str:
    """Summarise a plan in a few short sentences, the most severe first.

    Args:
        plan: the plan.
        mask: masks its values.
        changes: its changes, masked, without no-ops.
        drift: the changes made outside of Terraform, masked.
        findings: the findings of the rules, the most severe first.
        permissions: the permission changes.
    """
    findings = tuple(findings)
    severities = {each.address: each.severity for each in reversed(findings) if each.status is Status.NEW}
    losses = [change for change in plan.changes if data_loss(change)]
    losses.sort(key=lambda change: -severities.get(mask.address(change.address), Severity.INFO))
    sentences = [
        *_state_of_the_plan(plan),
        *_losses(losses, mask),
        *_serious(findings),
        *_permissions(permissions),
    ]
    reverting = [each for each in changes if each.reverts_drift]
    named = {mask.address(each.address) for each in losses}
    rest = [each for each in changes if not each.reverts_drift and each.address not in named]
    sentences += _drift_reverts(reverting)
    sentences += _remaining_changes(rest, bool(losses or reverting))
    sentences += _outputs(plan, bool(changes))
    sentences += _actions(plan)
    if not (changes or plan.invocations or any(output.action is not Action.NO_OP for output in plan.outputs)):
        sentences.append("Nothing was planned." if plan.errored else "Nothing changes.")
    sentences += _drift(drift, reverting)
    return " ".join(sentences)


def _state_of_the_plan(plan: Plan) -> Iterator[str]:
    if plan.errored:
        yield "Planning ended in an error: this plan is incomplete. Do not apply it."
        return
    count = len(plan.deferred) + sum(bool(each.deferred) for each in plan.invocations)
    if not plan.complete or count:
        deferred = _count(count, "change") if count else "some changes"
        yield f"This plan is incomplete: {deferred} {'is' if count == 1 else 'are'} deferred to a later plan."


def _actions(plan: Plan) -> Iterator[str]:
    count = sum(not each.deferred for each in plan.invocations)
    if count:
        yield f"Invokes {_count(count, 'action')}."


def _losses(losses: Sequence[Change], mask: Mask) -> Iterator[str]:
    names = Counter(_name(each, mask) for each in losses)
    for change in losses[:_MAX_NAMED]:
        name = _name(change, mask)
        name = name if names[name] == 1 else mask.address(change.address)
        yield f"{_VERBS[change.action][0]} {name}: {data_loss(change)}."
    left = len(losses) - _MAX_NAMED
    if left > 0:
        noun = "resource that holds" if left == 1 else "resources that hold"
        yield f"Destroys or replaces {left} more {noun} data."


def _name(change: Change, mask: Mask) -> str:
    """A resource's short name: `the models bucket`, by its key or its name; its address if neither says much."""
    key = _KEY.search(change.address)
    name = mask.text(key[1]) if key else change.name
    if name in _SAYS_NOTHING or "(" in name or (not key and change.address.endswith("]")):
        return mask.address(change.address)
    return f"the {name} {DATA_RESOURCES[change.type].noun}"


def _serious(findings: Iterable[Finding]) -> Iterator[str]:
    found = Counter(each.severity for each in findings if each.status is Status.NEW)
    counts = {severity: found[severity] for severity in _SERIOUS if found[severity]}
    if counts:
        parts = [f"{count} {severity.name.lower()}" for severity, count in counts.items()]
        yield f"New findings: {', '.join(parts)}."


def _permissions(changes: Iterable[PrincipalChange]) -> Iterator[str]:
    granted = revoked = unknown = 0
    for change in changes:
        granted += len(change.added)  # a Deny that is removed counts as granted, a new Deny as revoked
        revoked += len(change.removed)
        unknown += bool(change.unknown)
    if granted:
        also = f", revokes {revoked}" if revoked else ""
        yield f"Grants {_count(granted, 'permission')}{also}."
    elif revoked:
        yield f"Revokes {_count(revoked, 'permission')}."
    if unknown:
        yield f"The permissions of {_count(unknown, 'principal')} are known only after the apply."


def _drift_reverts(changes: Sequence[ChangeView]) -> Iterator[str]:
    if changes:
        one = len(changes) == 1
        reverted = "only reverts a change" if one else "only revert changes"
        yield f"{_count(len(changes), 'change')} {reverted} made outside of Terraform."


def _remaining_changes(rest: Sequence[ChangeView], has_more: bool) -> Iterator[str]:
    real = [each for each in rest if each.action in _VERBS]
    if real and all(_only_tags(each) for each in real):
        yield "The other changes are only tags." if has_more else "Only tags change."
    elif real:
        yield _counted(real, has_more)
    imported = sum(bool(each.import_id) for each in real)
    if imported:
        yield f"Of these, {imported} {'is' if imported == 1 else 'are'} imported."
    yield from _state_only([each for each in rest if each.action not in _VERBS], bool(real) or has_more)


def _counted(changes: Sequence[ChangeView], has_more: bool) -> str:
    counts = Counter(each.action for each in changes)
    present = [action for action in _VERBS if counts[action]]
    if has_more:
        return "Other changes: " + ", ".join(f"{counts[each]} {_VERBS[each][1]}" for each in present) + "."
    first, *others = present
    parts = [f"{_VERBS[first][0]} {_count(counts[first], 'resource')}"]
    parts += [f"{_VERBS[each][0].lower()} {counts[each]}" for each in others]
    return _listed(parts) + "."


def _state_only(changes: Sequence[ChangeView], has_more: bool) -> Iterator[str]:
    """Report changes of the state only: moves, imports and forgotten resources. Reads change nothing."""
    kinds = (
        ("moved", sum(bool(each.previous_address) for each in changes)),
        ("imported", sum(bool(each.import_id) for each in changes)),
        ("forgotten", sum(each.action is Action.FORGET for each in changes)),
    )
    parts = [f"{count} {word}" for word, count in kinds if count]
    if parts:
        yield f"{'In the state only' if has_more else 'Only the state changes'}: {', '.join(parts)}."
    elif changes and not has_more:
        yield f"Only reads {_count(len(changes), 'data source')} during the apply."


def _only_tags(change: ChangeView) -> bool:
    tags = all(each.path.startswith(("tags.", "tags[", "tags_all")) for each in change.differences)
    return change.action is Action.UPDATE and bool(change.differences) and tags and not change.import_id


def _outputs(plan: Plan, has_more: bool) -> Iterator[str]:
    count = sum(output.action is not Action.NO_OP for output in plan.outputs)
    if count and not has_more:
        yield f"Only {_count(count, 'output')} {'changes' if count == 1 else 'change'}."


def _drift(drift: Sequence[ChangeView], reverting: Sequence[ChangeView]) -> Iterator[str]:
    """Report the changes made outside of Terraform that the plan does not revert."""
    reverted = {each.address for each in reverting}
    count = sum(each.address not in reverted for each in drift)
    if count:
        noun = "more resource" if reverted else "resource"
        yield f"{_count(count, noun)} {'was' if count == 1 else 'were'} changed outside of Terraform."


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
