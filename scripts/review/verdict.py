"""Writes the verdict, the summary that a reviewer reads first: lost data, findings, permissions and the rest."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .data_loss import DATA_RESOURCES, data_loss, gravity, loses_data, must_be_empty
from .model import NOTHING, Action, Change, ChangeView, Finding, Plan, PrincipalChange, Severity, Shown, Status
from .refusals import PROTECTIONS, refused_by
from .secrets.mask import Mask
from .secrets.shown import ending, joined, said

_ROOM = 100
"""The most characters of a verdict of several sentences: three lines on a phone."""

_LONGEST_NAME, _LONGEST_ADDRESS = 30, 40


class _Verb(NamedTuple):
    """A verb at the start of a sentence, within it, and for what was done."""

    first: Shown
    inner: Shown
    done: Shown


_VERBS = {
    Action.CREATE: _Verb(said("Creates"), said("creates"), said("created")),
    Action.UPDATE: _Verb(said("Updates"), said("updates"), said("updated")),
    Action.REPLACE: _Verb(said("Replaces"), said("replaces"), said("replaced")),
    Action.DESTROY: _Verb(said("Destroys"), said("destroys"), said("destroyed")),
}
_KEY = re.compile(r'\["([\w.-]+)"\]$')
_SAYS_NOTHING = {"this", "main", "default", "self"}
_SERIOUS = {Severity.CRITICAL: said("critical"), Severity.HIGH: said("high")}


class _Fact(NamedTuple):
    """A sentence, and whether the review tells it elsewhere too: in the counts, the findings, the permissions."""

    text: Shown
    told: bool = False


def verdict(
    plan: Plan,
    mask: Mask,
    changes: Sequence[ChangeView],
    drift: Sequence[ChangeView],
    findings: Iterable[Finding],
    permissions: Iterable[PrincipalChange],
) -> tuple[Shown, tuple[Shown, ...]]:
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
    return joined(" ", (fact.text for fact in headline)), tuple(fact.text for fact in left if not fact.told)


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
        yield _Fact(said("Nothing was planned.") if plan.errored else said("Nothing changes."))
    yield from map(_Fact, _drift(drift, reverting))


def _gravest_first(changes: Iterable[Change], findings: Sequence[Finding], mask: Mask) -> list[Change]:
    """Changes by the severity of their findings, then by what is lost, else in the plan's order."""
    severities = {each.address: each.severity for each in reversed(findings) if each.status is Status.NEW}

    def weight(change: Change) -> tuple[int, tuple[int, int]]:
        return -severities.get(mask.address(change.address), Severity.INFO), gravity(change)

    return sorted(changes, key=weight)


def _state_of_the_plan(plan: Plan) -> Iterator[Shown]:
    if plan.errored:
        yield said("Planning ended in an error: this plan is incomplete. Do not apply it.")
        return
    count = len(plan.deferred) + sum(bool(each.deferred) for each in plan.invocations)
    if not plan.complete or count:
        deferred = _count(count, said("change is"), said("changes are")) if count else said("some changes are")
        yield said("This plan is incomplete: {} deferred to a later plan.", deferred)


def _actions(plan: Plan) -> Iterator[Shown]:
    count = sum(not each.deferred for each in plan.invocations)
    if count:
        yield said("Invokes {}.", _count(count, said("action"), said("actions")))


def _losses(losses: Sequence[Change], mask: Mask) -> Iterator[Shown]:
    """The gravest loss with what is lost, the next by name, the others by number."""
    if not losses:
        return
    first, *others = losses
    names = _names(losses[:2], mask)
    start = said("{} {}: {}.", _VERBS[first.action].first, names[0], data_loss(first))
    yield start
    if others:
        verbs = joined(" or ", sorted({_VERBS[each.action].inner for each in others}))
        left = len(others) - 1
        more = _count(left, said("more that holds data"), said("more that hold data"))
        text = said("Also {} {} and {}.", verbs, names[1], more) if left else said("Also {} {}.", verbs, names[1])
        room = _ROOM - len(start) - 1
        yield text if len(text) <= room or not left else said("Also {} {} more that hold data.", verbs, left + 1)


def _refusals(refused: Sequence[Change], mask: Mask) -> Iterator[Shown]:
    if refused:
        verbs = {said("destroy") if each.action is Action.DESTROY else said("replace") for each in refused}
        start = said("AWS refuses to {} {}", joined(" or ", sorted(verbs)), _names(refused[:1], mask)[0])
        left = len(refused) - 1
        yield (
            said("{} and {} more: they are protected.", start, left)
            if left
            else said("{}: {} is on.", start, mask.path((refused_by(refused[0]),)))
        )


def _names(changes: Sequence[Change], mask: Mask) -> list[Shown]:
    """Short names of resources; addresses for those whose short name would be the same."""
    short = [_name(each, mask) for each in changes]
    return [
        name if short.count(name) == 1 else ending(mask.address(change.address), _LONGEST_ADDRESS)
        for name, change in zip(short, changes, strict=True)
    ]


def _name(change: Change, mask: Mask) -> Shown:
    """A resource's short name: `the models bucket`, by its key or its name; its address if neither says much."""
    key = _KEY.search(change.address)
    name = mask.text(key[1]) if key else mask.address(change.name)
    if name in _SAYS_NOTHING or "(" in name or (not key and change.address.endswith("]")):
        return ending(mask.address(change.address), _LONGEST_ADDRESS)
    noun = (DATA_RESOURCES.get(change.type) or PROTECTIONS[change.type]).noun
    return said("the {} {}", ending(name, _LONGEST_NAME), noun)


def _serious(findings: Iterable[Finding]) -> Iterator[Shown]:
    found = Counter(each.severity for each in findings if each.status is Status.NEW)
    counts = {severity: found[severity] for severity in _SERIOUS if found[severity]}
    if counts:
        yield said("New findings: {}.", joined(", ", (said("{} {}", n, _SERIOUS[each]) for each, n in counts.items())))


def _permissions(changes: Iterable[PrincipalChange]) -> Iterator[Shown]:
    """What existing principals gain and lose. A Deny that is removed counts as gained, a new Deny as lost."""
    existing = [each for each in changes if not each.is_new]
    known = [each for each in existing if each.added or each.removed]
    gained, lost = sum(len(each.added) for each in known), sum(len(each.removed) for each in known)
    if known:
        who = _principals([each.principal for each in known])
        one = len({each.principal for each in known}) == 1
        first = gained or lost
        counted = _count(first, said("permission"), said("permissions"))
        verbs = (said("gains"), said("loses")) if one else (said("gain"), said("lose"))
        parts = [said("{} {}", verbs[not gained], counted)]
        parts += [said("{} {}", verbs[1], lost)] if gained and lost else []
        yield said("{} {}.", who, joined(" and ", parts))
    unknown = len({each.principal for each in existing if each.unknown})
    if unknown:
        principals = _count(unknown, said("existing principal"), said("existing principals"))
        yield said("The permissions of {} are known only after the apply.", principals)


def _principals(names: Sequence[Shown]) -> Shown:
    distinct = set(names)
    if len(distinct) > 1:
        return said("{} existing principals", len(distinct))
    name = names[0]
    if name == "*":
        return said("Everybody")
    return name if len(name) <= _LONGEST_ADDRESS else said("One existing principal")


def _drift_reverts(changes: Sequence[ChangeView]) -> Iterator[Shown]:
    if changes:
        one, more = said("change only reverts a change"), said("changes only revert changes")
        yield said("{} made outside of Terraform.", _count(len(changes), one, more))


def _remaining_changes(rest: Sequence[ChangeView], has_more: bool) -> Iterator[_Fact]:
    real = [each for each in rest if each.action in _VERBS]
    if real and all(_only_tags(each) for each in real):
        yield _Fact(said("The other changes are only tags.") if has_more else said("Only tags change."))
    elif real:
        yield _Fact(_counted(real, has_more), told=True)
    imported = sum(bool(each.import_id) for each in real)
    if imported:
        yield _Fact(said("Of these, {} imported.", _count(imported, said("is"), said("are"))), told=True)
    state_only = _state_only([each for each in rest if each.action not in _VERBS], bool(real) or has_more)
    yield from (_Fact(text, told=True) for text in state_only)


def _reordered(changes: Sequence[ChangeView]) -> Iterator[Shown]:
    count = sum(each.reordered for each in changes)
    if count:
        updates = _count(count, said("update changes"), said("updates change"))
        yield said("{} only the order of a policy or of JSON.", updates)


def _counted(changes: Sequence[ChangeView], has_more: bool) -> Shown:
    counts = Counter(each.action for each in changes)
    present = [action for action in _VERBS if counts[action]]
    if has_more:
        done = (said("{} {}", counts[each], _VERBS[each].done) for each in present)
        return said("Other changes: {}.", joined(", ", done))
    first, *others = present
    parts = [said("{} {}", _VERBS[first].first, _count(counts[first], said("resource"), said("resources")))]
    parts += [said("{} {}", _VERBS[each].inner, counts[each]) for each in others]
    return said("{}.", _listed(parts))


def _state_only(changes: Sequence[ChangeView], has_more: bool) -> Iterator[Shown]:
    """Report changes of the state only: moves, imports and forgotten resources. Reads change nothing."""
    kinds = (
        (said("moved"), sum(bool(each.previous_address) for each in changes)),
        (said("imported"), sum(bool(each.import_id) for each in changes)),
        (said("forgotten"), sum(each.action is Action.FORGET for each in changes)),
    )
    parts = [said("{} {}", count, word) for word, count in kinds if count]
    if parts:
        start = said("In the state only") if has_more else said("Only the state changes")
        yield said("{}: {}.", start, joined(", ", parts))
    elif changes and not has_more:
        sources = _count(len(changes), said("data source"), said("data sources"))
        yield said("Only reads {} during the apply.", sources)


def _only_tags(change: ChangeView) -> bool:
    tags = all(each.path.startswith(("tags.", "tags[", "tags_all")) for each in change.differences)
    return change.action is Action.UPDATE and bool(change.differences) and tags and not change.import_id


def _outputs(plan: Plan, has_more: bool) -> Iterator[Shown]:
    count = sum(output.action is not Action.NO_OP for output in plan.outputs)
    if count and not has_more:
        yield said("Only {}.", _count(count, said("output changes"), said("outputs change")))


def _drift(drift: Sequence[ChangeView], reverting: Sequence[ChangeView]) -> Iterator[Shown]:
    """Report the changes made outside of Terraform that the plan does not revert."""
    reverted = {each.address for each in reverting}
    count = sum(each.address not in reverted for each in drift)
    if count:
        kind = said("more ") if reverted else NOTHING
        one, more = said("{}resource was", kind), said("{}resources were", kind)
        yield said("{} changed outside of Terraform.", _count(count, one, more))


def _count(count: int, one: Shown, more: Shown) -> Shown:
    return said("{} {}", count, one if count == 1 else more)


def _listed(parts: Sequence[Shown]) -> Shown:
    return parts[0] if len(parts) == 1 else said("{} and {}", joined(", ", parts[:-1]), parts[-1])
