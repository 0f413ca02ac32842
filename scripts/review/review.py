"""Puts a review together: what differs, what the rules and the permissions say, the verdict and the digest."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from scripts.review import difference, permissions, rules, second_process
from scripts.review.digest import digest
from scripts.review.masking import Mask
from scripts.review.model import Action, Change, Finding, Permission, Plan, PrincipalChange, Review, Status
from scripts.review.settings import Settings, split
from scripts.review.verdict import verdict

# Of so many changes on, half of the work is done by a second processor: below, it is done before that has begun.
MANY = 2_000

_STATUS = {Status.NEW: 0, Status.THERE: 1, Status.FIXED: 2}


def review(plan: Plan, settings: Settings) -> Review:
    """Say of a plan what a reviewer must know.

    Args:
        plan: the plan.
        settings: which rules are switched off.

    Returns:
        The review. Every text in it may be shown.
    """
    mask = Mask(plan)
    judged = (
        second_process.begin(lambda: _judged(plan, mask)) if len(plan.changes) >= MANY else lambda: _judged(plan, mask)
    )
    changes = difference.shown((each for each in plan.changes if _matters(each)), plan, mask)
    drift, outputs = difference.drift(plan, mask), difference.outputs(plan, mask)
    deferred, told = difference.deferred(plan, mask), digest(plan)
    found, allowed = judged()
    stand, suppressed = split(found, settings, plan.source)
    return Review(
        source=plan.source,
        terraform_version=plan.terraform_version,
        verdict=verdict(plan, mask, changes, drift, stand, allowed),
        counts=_counts(plan.changes),
        findings=stand,
        suppressed=suppressed,
        permissions=allowed,
        changes=changes,
        drift=drift,
        outputs=outputs,
        deferred=deferred,
        digest=told,
        errored=plan.errored,
        complete=plan.complete,
        applyable=plan.applyable,
    )


def _judged(plan: Plan, mask: Mask) -> tuple[list[Finding], tuple[PrincipalChange, ...]]:
    """What the rules and the permissions say: half of the work."""
    found = sorted((_masked(each, mask) for each in rules.findings(plan, mask)), key=_weight)
    return found, tuple(_masked_permissions(each, mask) for each in permissions.changes(plan, mask))


def _matters(change: Change) -> bool:
    return change.action is not Action.NO_OP or bool(change.previous_address or change.import_id)


def _counts(changes: Iterable[Change]) -> Mapping[str, int]:
    """How many changes there are of each kind. What moves and changes besides counts as both."""
    counts: Counter[str] = Counter()
    for change in changes:
        counts[change.action.value] += 1
        counts["import"] += bool(change.import_id)
        counts["move"] += bool(change.previous_address)
    names = [action.value for action in Action if action is not Action.NO_OP] + ["import", "move"]
    return {name: counts[name] for name in names if counts[name]}


def _weight(finding: Finding) -> tuple[int, int, str]:
    return -finding.severity, _STATUS[finding.status], finding.address


# Rules and permissions write values through the mask. What they put into sentences is looked at once more here: this
# is the only door to what is shown.


def _masked(finding: Finding, mask: Mask) -> Finding:
    address, what = mask.address(finding.address), mask.sentence(finding.what)
    same = (address, what) == (finding.address, finding.what)
    return finding if same else replace(finding, address=address, what=what)


def _masked_permissions(change: PrincipalChange, mask: Mask) -> PrincipalChange:
    return replace(
        change,
        principal=mask.sentence(change.principal),
        place=mask.address(change.place),
        added=tuple(_masked_permission(each, mask) for each in change.added),
        removed=tuple(_masked_permission(each, mask) for each in change.removed),
        unknown=mask.sentence(change.unknown),
        known=tuple(_masked_permission(each, mask) for each in change.known),
    )


def _masked_permission(permission: Permission, mask: Mask) -> Permission:
    return replace(
        permission, resource=mask.sentence(permission.resource), condition=mask.sentence(permission.condition)
    )
