"""Writes the verdict, the summary that a reviewer reads first: lost data, findings, permissions and the rest."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .data_loss import DATA_RESOURCES, data_loss, gravity, loses_data, must_be_empty
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
from .refusals import PROTECTIONS, refused_by
from .secrets.mask import Mask

_ROOM = 100
"""The most characters of a verdict of several sentences: three lines on a phone."""

_LONGEST_NAME, _LONGEST_ADDRESS = 30, 40
_VERBS = {
    Action.CREATE: ("Creates", "created"),
    Action.UPDATE: ("Updates", "updated"),
    Action.REPLACE: ("Replaces", "replaced"),
    Action.DESTROY: ("Destroys", "destroyed"),
}
_KEY = re.compile(r'\["([\w.-]+)"\]$')
_SAYS_NOTHING = {"this", "main", "default", "self"}
_SERIOUS = (Severity.CRITICAL, Severity.HIGH)


class _Fact(NamedTuple):
    """A sentence, and whether the review tells it elsewhere too: in the counts, the findings, the permissions."""

    text: str
    told: bool = False


def verdict(
    plan: Plan,
    mask: Mask,
    changes: Sequence[ChangeView],
    drift: Sequence[ChangeView],
    findings: Iterable[Finding],
    permissions: Iterable[PrincipalChange],
) -> tuple[str, tuple[str, ...]]:
    """Summarise a plan in a few short sentences, the gravest fact first.

    Args:
        plan: the plan.
        mask: masks its values.
        changes: its changes, masked, without no-ops.
        drift: the changes made outside of Terraform, masked.
        findings: the findings of the rules, the most severe first.
        permissions: the permission changes.

    Returns:
        The headline, and the sentences for which it has no room and which the review tells nowhere else.
    """
    found = tuple(findings)
    facts = [*_facts(plan, mask, changes, drift, found, permissions)]
    headline, left = [facts[0]], list[_Fact]()
    for fact in facts[1:]:
        length = sum(len(each.text) + 1 for each in headline) + len(fact.text)
        (headline if length <= _ROOM else left).append(fact)
    return " ".join(fact.text for fact in headline), tuple(fact.text for fact in left if not fact.told)


def _facts(
    plan: Plan,
    mask: Mask,
    changes: Sequence[ChangeView],
    drift: Sequence[ChangeView],
    findings: Sequence[Finding],
    permissions: Iterable[PrincipalChange],
) -> Iterator[_Fact]:
    """The facts about a plan, the gravest first; at least one."""
    losses = _gravest_first(filter(loses_data, plan.changes), findings, mask)
    refused = _gravest_first(filter(refused_by, plan.changes), findings, mask)
    reverting = [each for each in changes if each.reverts_drift]
    named = {mask.address(each.address) for each in (*losses, *refused)}
    unnamed = [each for each in changes if not each.reverts_drift and each.address not in named]
    rest = [each for each in unnamed if not each.reordered]
    has_more = bool(named or reverting)
    yield from (_Fact(text, told=True) for text in _state_of_the_plan(plan))
    grave = [each for each in losses if not must_be_empty(each)]
    # What AWS deletes only if it is empty is no worse than what it refuses to delete.
    parts = (_losses(losses, mask), _refusals(refused, mask))
    for part in parts if grave else reversed(parts):
        yield from map(_Fact, part)
    yield from (_Fact(text, told=True) for text in (*_serious(findings), *_permissions(permissions)))
    yield from map(_Fact, _drift_reverts(reverting))
    yield from _remaining_changes(rest, has_more)
    yield from (_Fact(text, told=True) for text in (*_reordered(unnamed), *_outputs(plan, bool(changes))))
    yield from map(_Fact, _actions(plan))
    if not (changes or plan.invocations or any(output.action is not Action.NO_OP for output in plan.outputs)):
        yield _Fact("Nothing was planned." if plan.errored else "Nothing changes.")
    yield from map(_Fact, _drift(drift, reverting))


def _gravest_first(changes: Iterable[Change], findings: Sequence[Finding], mask: Mask) -> list[Change]:
    """Changes by the severity of their findings, then by what is lost, else in the plan's order."""
    severities = {each.address: each.severity for each in reversed(findings) if each.status is Status.NEW}

    def weight(change: Change) -> tuple[int, tuple[int, int]]:
        return -severities.get(mask.address(change.address), Severity.INFO), gravity(change)

    return sorted(changes, key=weight)


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
    """The gravest loss with what is lost, the next by name, the others by number."""
    if not losses:
        return
    first, *others = losses
    names = _names(losses[:2], mask)
    start = f"{_VERBS[first.action][0]} {names[0]}: {data_loss(first)}."
    yield start
    if others:
        verbs = " or ".join(sorted({_VERBS[each.action][0].lower() for each in others}))
        left = len(others) - 1
        more = f"{left} more that {'holds' if left == 1 else 'hold'} data"
        text = f"Also {verbs} {names[1]}{f' and {more}' * bool(left)}."
        room = _ROOM - len(start) - 1
        yield text if len(text) <= room or not left else f"Also {verbs} {left + 1} more that hold data."


def _refusals(refused: Sequence[Change], mask: Mask) -> Iterator[str]:
    if refused:
        verbs = {"destroy" if each.action is Action.DESTROY else "replace" for each in refused}
        start = f"AWS refuses to {' or '.join(sorted(verbs))} {_names(refused[:1], mask)[0]}"
        left = len(refused) - 1
        yield f"{start} and {left} more: they are protected." if left else f"{start}: {refused_by(refused[0])} is on."


def _names(changes: Sequence[Change], mask: Mask) -> list[str]:
    """Short names of resources; addresses for those whose short name would be the same."""
    short = [_name(each, mask) for each in changes]
    return [
        name if short.count(name) == 1 else _shortened(mask.address(change.address), _LONGEST_ADDRESS)
        for name, change in zip(short, changes, strict=True)
    ]


def _name(change: Change, mask: Mask) -> str:
    """A resource's short name: `the models bucket`, by its key or its name; its address if neither says much."""
    key = _KEY.search(change.address)
    name = mask.text(key[1]) if key else change.name
    if name in _SAYS_NOTHING or "(" in name or (not key and change.address.endswith("]")):
        return _shortened(mask.address(change.address), _LONGEST_ADDRESS)
    return f"the {_shortened(name, _LONGEST_NAME)} {(DATA_RESOURCES.get(change.type) or PROTECTIONS[change.type]).noun}"


def _shortened(text: str, length: int) -> str:
    """The end of a long name, because addresses differ there; from a dot on if there is one."""
    if len(text) <= length:
        return text
    end = text[-length + 1 :]
    return f"…{end[end.find('.') + 1 :]}"


def _serious(findings: Iterable[Finding]) -> Iterator[str]:
    found = Counter(each.severity for each in findings if each.status is Status.NEW)
    counts = {severity: found[severity] for severity in _SERIOUS if found[severity]}
    if counts:
        parts = [f"{count} {severity.name.lower()}" for severity, count in counts.items()]
        yield f"New findings: {', '.join(parts)}."


def _permissions(changes: Iterable[PrincipalChange]) -> Iterator[str]:
    """What existing principals gain and lose. A Deny that is removed counts as gained, a new Deny as lost."""
    existing = [each for each in changes if not each.is_new]
    known = [each for each in existing if each.added or each.removed]
    gained, lost = sum(len(each.added) for each in known), sum(len(each.removed) for each in known)
    if known:
        who = _principals([each.principal for each in known])
        one = len({each.principal for each in known}) == 1
        parts = [f"gain{'s' * one} {_count(gained, 'permission')}"] if gained else []
        parts += [f"lose{'s' * one} {lost if gained else _count(lost, 'permission')}"] if lost else []
        yield f"{who} {' and '.join(parts)}."
    unknown = len({each.principal for each in existing if each.unknown})
    if unknown:
        yield f"The permissions of {_count(unknown, 'existing principal')} are known only after the apply."


def _principals(names: Sequence[str]) -> str:
    distinct = set(names)
    if len(distinct) > 1:
        return f"{len(distinct)} existing principals"
    name = names[0]
    return "Everybody" if name == "*" else name if len(name) <= _LONGEST_ADDRESS else "One existing principal"


def _drift_reverts(changes: Sequence[ChangeView]) -> Iterator[str]:
    if changes:
        one = len(changes) == 1
        reverted = "only reverts a change" if one else "only revert changes"
        yield f"{_count(len(changes), 'change')} {reverted} made outside of Terraform."


def _remaining_changes(rest: Sequence[ChangeView], has_more: bool) -> Iterator[_Fact]:
    real = [each for each in rest if each.action in _VERBS]
    if real and all(_only_tags(each) for each in real):
        yield _Fact("The other changes are only tags." if has_more else "Only tags change.")
    elif real:
        yield _Fact(_counted(real, has_more), told=True)
    imported = sum(bool(each.import_id) for each in real)
    if imported:
        yield _Fact(f"Of these, {imported} {'is' if imported == 1 else 'are'} imported.", told=True)
    state_only = _state_only([each for each in rest if each.action not in _VERBS], bool(real) or has_more)
    yield from (_Fact(text, told=True) for text in state_only)


def _reordered(changes: Sequence[ChangeView]) -> Iterator[str]:
    count = sum(each.reordered for each in changes)
    if count:
        verb = "changes" if count == 1 else "change"
        yield f"{_count(count, 'update')} {verb} only the order of a policy or of JSON."


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
