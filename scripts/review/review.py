"""Creates a review: differences, findings, permission changes, verdict and digest."""

from collections import Counter
from collections.abc import Iterable, Mapping

from . import permissions, rules, second_process
from .differences import compare
from .digest import digest
from .model import Action, Change, Finding, Plan, PrincipalChange, Review, Status
from .secrets.mask import Mask
from .settings import Settings, split
from .verdict import verdict

_STATUS = {Status.NEW: 0, Status.THERE: 1, Status.FIXED: 2}


def review(plan: Plan, settings: Settings) -> Review:
    """Review a plan.

    Args:
        plan: the plan.
        settings: which rules are switched off.

    Returns:
        The review. Every text in it is masked.
    """
    mask = Mask(plan)
    result = second_process.start_if_large(len(plan.changes), lambda: _findings_and_permissions(plan, mask))
    changes = compare.shown((each for each in plan.changes if _is_shown(each)), plan, mask)
    drift, outputs = compare.drift(plan, mask), compare.outputs(plan, mask)
    deferred, change_digest = compare.deferred(plan, mask), digest(plan)
    found, permission_changes = result()
    active, suppressed = split(found, settings, plan.source)
    headline, further = verdict(plan, mask, changes, drift, active, permission_changes)
    return Review(
        source=plan.source,
        terraform_version=plan.terraform_version,
        verdict=headline,
        summary=further,
        counts=_counts(plan.changes, sum(each.reordered for each in changes)),
        findings=active,
        suppressed=suppressed,
        permissions=permission_changes,
        changes=changes,
        drift=drift,
        outputs=outputs,
        deferred=deferred,
        digest=change_digest,
        errored=plan.errored,
        complete=plan.complete,
        applyable=plan.applyable,
    )


def _findings_and_permissions(plan: Plan, mask: Mask) -> tuple[list[Finding], tuple[PrincipalChange, ...]]:
    """Run the rules and compare the permissions: half of the work."""
    changed = permissions.changes(plan, mask)
    return sorted(rules.findings(plan, mask, changed), key=_weight), changed


def _is_shown(change: Change) -> bool:
    return change.action is not Action.NO_OP or bool(change.previous_address or change.import_id)


def _counts(changes: Iterable[Change], reordered: int) -> Mapping[str, int]:
    """The number of changes of each kind. A resource that moves and changes counts as both.

    An update that only reorders is no update for a reviewer, and counts as `reordered`.
    """
    counts: Counter[str] = Counter()
    for change in changes:
        counts[change.action.value] += 1
        counts["import"] += bool(change.import_id)
        counts["move"] += bool(change.previous_address)
    counts[Action.UPDATE.value] -= reordered
    counts["reordered"] = reordered
    names = [*(action.value for action in Action if action is not Action.NO_OP), "reordered", "import", "move"]
    return {name: counts[name] for name in names if counts[name]}


def _weight(finding: Finding) -> tuple[int, int, str]:
    return -finding.severity, _STATUS[finding.status], finding.address
