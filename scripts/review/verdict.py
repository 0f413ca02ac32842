"""The sentence that a reviewer wants before anything else: what is lost, what opens, and what the rest is."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from scripts.review.data_loss import HOLDINGS, lost
from scripts.review.masking import Mask
from scripts.review.model import (
    Action,
    Change,
    Finding,
    Plan,
    PrincipalChange,
    Severity,
    ShownChange,
    Status,
)

_NAMED = 2
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
    changes: Sequence[ShownChange],
    drift: Sequence[ShownChange],
    findings: Iterable[Finding],
    permissions: Iterable[PrincipalChange],
) -> str:
    """What a plan does, in a few short sentences, the gravest first.

    Args:
        plan: the plan.
        mask: writes its values as they may be shown.
        changes: its changes as they are shown, without what does nothing.
        drift: what was changed outside of Terraform, as it is shown.
        findings: what the rules say.
        permissions: how permissions change.
    """
    losses = [change for change in plan.changes if lost(change)]
    sentences = [
        *_state_of_the_plan(plan),
        *_losses(losses, mask),
        *_serious(findings),
        *_permissions(permissions),
    ]
    reverting = [each for each in changes if each.reverts_drift]
    told = {mask.address(each.address) for each in losses}
    rest = [each for each in changes if not each.reverts_drift and each.address not in told]
    sentences += _reverting(reverting)
    sentences += _rest(rest, bool(losses or reverting))
    sentences += _outputs(plan, bool(changes))
    if not changes and not any(output.action is not Action.NO_OP for output in plan.outputs):
        sentences.append("Nothing was planned." if plan.errored else "Nothing changes.")
    sentences += _drift(drift, reverting)
    return " ".join(sentences)


def _state_of_the_plan(plan: Plan) -> Iterator[str]:
    if plan.errored:
        yield "Planning ended in an error: this plan is not whole and must not be applied."
    elif not plan.complete or plan.deferred:
        count = len(plan.deferred)
        left = _count(count, "change") if count else "something"
        yield f"This plan is not complete: {left} {'are' if count > 1 else 'is'} left to a later one."


def _losses(losses: Sequence[Change], mask: Mask) -> Iterator[str]:
    names = Counter(_called(each, mask) for each in losses)
    for change in losses[:_NAMED]:
        name = _called(change, mask)
        name = name if names[name] == 1 else mask.address(change.address)
        yield f"{_VERBS[change.action][0]} {name}: {lost(change)}."
    left = len(losses) - _NAMED
    if left > 0:
        yield f"{left} more that {'holds data is' if left == 1 else 'hold data are'} destroyed or replaced."


def _called(change: Change, mask: Mask) -> str:
    """What people call a resource: `the models bucket`, by its key or its name; its address where neither says much."""
    key = _KEY.search(change.address)
    name = mask.text(key[1]) if key else change.name
    if name in _SAYS_NOTHING or "(" in name or (not key and change.address.endswith("]")):
        return mask.address(change.address)
    return f"the {name} {HOLDINGS[change.type].noun}"


def _serious(findings: Iterable[Finding]) -> Iterator[str]:
    found = Counter(each.severity for each in findings if each.status is Status.NEW)
    counts = {severity: found[severity] for severity in _SERIOUS if found[severity]}
    if counts:
        *_, last = counts.values()
        parts = [f"{count} {severity.name.lower()}" for severity, count in counts.items()]
        yield f"{' and '.join(parts)} {'finding' if last == 1 else 'findings'}."


def _permissions(changes: Iterable[PrincipalChange]) -> Iterator[str]:
    wider = narrower = unknown = 0
    for change in changes:
        wider += len(change.added)  # a Deny that goes is among what can be done now, one that comes among the rest
        narrower += len(change.removed)
        unknown += bool(change.unknown)
    if wider:
        also = f", {narrower} {'narrows' if narrower == 1 else 'narrow'}" if narrower else ""
        yield f"{_count(wider, 'permission')} {'widens' if wider == 1 else 'widen'}{also}."
    elif narrower:
        yield f"{_count(narrower, 'permission')} {'narrows' if narrower == 1 else 'narrow'}."
    if unknown:
        yield f"The permissions of {_count(unknown, 'principal')} cannot be reviewed until the apply."


def _reverting(changes: Sequence[ShownChange]) -> Iterator[str]:
    if changes:
        verb = "takes" if len(changes) == 1 else "take"
        yield f"{_count(len(changes), 'change')} {verb} back what was changed outside of Terraform."


def _rest(rest: Sequence[ShownChange], is_rest: bool) -> Iterator[str]:
    real = [each for each in rest if each.action in _VERBS]
    if real and all(_only_tags(each) for each in real):
        yield "Everything else is tags." if is_rest else "Only tags change."
    elif real:
        yield _counted(real, is_rest)
    yield from _state_only([each for each in rest if each.action not in _VERBS], bool(real) or is_rest)


def _counted(changes: Sequence[ShownChange], is_rest: bool) -> str:
    counts = Counter(each.action for each in changes)
    there = [action for action in _VERBS if counts[action]]
    if is_rest:
        return "Everything else: " + ", ".join(f"{counts[each]} {_VERBS[each][1]}" for each in there) + "."
    first, *others = there
    parts = [f"{_VERBS[first][0]} {_count(counts[first], 'resource')}"]
    parts += [f"{_VERBS[each][0].lower()} {counts[each]}" for each in others]
    return _listed(parts) + "."


def _state_only(changes: Sequence[ShownChange], is_rest: bool) -> Iterator[str]:
    """Moves, imports and resources that are forgotten change the state and nothing else; reads change nothing."""
    kinds = (
        ("moved", sum(bool(each.previous_address) for each in changes)),
        ("imported", sum(bool(each.import_id) for each in changes)),
        ("forgotten", sum(each.action is Action.FORGET for each in changes)),
    )
    parts = [f"{count} {word}" for word, count in kinds if count]
    if parts:
        yield f"{'In the state alone' if is_rest else 'Only the state changes'}: {', '.join(parts)}."
    elif changes and not is_rest:
        yield f"Only reads {_count(len(changes), 'data source')} during the apply."


def _only_tags(change: ShownChange) -> bool:
    tags = all(each.path.startswith(("tags.", "tags[", "tags_all")) for each in change.differences)
    return change.action is Action.UPDATE and bool(change.differences) and tags and not change.import_id


def _outputs(plan: Plan, is_rest: bool) -> Iterator[str]:
    count = sum(output.action is not Action.NO_OP for output in plan.outputs)
    if count and not is_rest:
        yield f"Only {_count(count, 'output')} {'changes' if count == 1 else 'change'}."


def _drift(drift: Sequence[ShownChange], reverting: Sequence[ShownChange]) -> Iterator[str]:
    """What was changed outside of Terraform, but for what is taken back."""
    taken_back = {each.address for each in reverting}
    count = sum(each.address not in taken_back for each in drift)
    if count:
        noun = "more resource" if taken_back else "resource"
        yield f"{_count(count, noun)} {'was' if count == 1 else 'were'} changed outside of Terraform."


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _listed(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
