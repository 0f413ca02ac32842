"""review.json: a Review for other programs. docs/review.md describes its fields."""

from collections.abc import Sequence
from typing import Any

from ..model import ChangeView, Difference, Finding, Permission, PrincipalChange, Review
from . import words

SCHEMA_VERSION = 1
"""Increased when a field is removed or changes its meaning, not when a field is added."""


def data(reviews: Sequence[Review]) -> dict[str, Any]:
    """The data that `json.dumps` writes as review.json.

    Args:
        reviews: one for each plan, in the order of the file.

    Returns:
        Strings, numbers, booleans, lists and dicts, in the same order for the same reviews.
    """
    return {"schema_version": SCHEMA_VERSION, "reviews": [_review(review) for review in reviews]}


def _review(review: Review) -> dict[str, Any]:
    return {
        "source": review.source,
        "terraform_version": review.terraform_version,
        "verdict": review.verdict,
        "summary": list(review.summary),
        "digest": review.digest,
        "errored": review.errored,
        "complete": review.complete,
        "applyable": review.applyable,
        "counts": dict(words.counts(review)),
        "findings": [_finding(finding) for finding in review.findings],
        "suppressed": [{**_finding(each.finding), "reason": each.reason} for each in review.suppressed],
        "permissions": [_principal(change) for change in review.permissions],
        "changes": [_change(change) for change in review.changes],
        "drift": [_change(change) for change in review.drift],
        "deferred": [_change(change) for change in review.deferred],
        "outputs": [_difference(output) for output in review.outputs],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.name.lower(),
        "status": finding.status.value,
        "address": finding.address,
        "title": finding.title,
        "what": finding.what,
        "why": finding.why,
        "fix": finding.fix,
        "page": finding.page,
    }


def _principal(change: PrincipalChange) -> dict[str, Any]:
    return {
        "principal": change.principal,
        "kind": change.kind,
        "place": change.place,
        "added": [_permission(permission) for permission in change.added],
        "removed": [_permission(permission) for permission in change.removed],
        "unknown": change.unknown,
        "known": [_permission(permission) for permission in change.known],
        "policies": list(change.policies),
        "is_new": change.is_new,
    }


def _permission(permission: Permission) -> dict[str, Any]:
    return {
        "effect": permission.effect,
        "action": permission.action,
        "resource": permission.resource,
        "condition": permission.condition,
        "marks": list(permission.marks),
        "before": permission.before,
        "after": permission.after,
    }


def _change(change: ChangeView) -> dict[str, Any]:
    return {
        "address": change.address,
        "module": change.module,
        "type": change.type,
        "action": change.action.value,
        "label": change.label,
        "why": change.why,
        "previous_address": change.previous_address,
        "import_id": change.import_id,
        "reverts_drift": change.reverts_drift,
        "reordered": change.reordered,
        "folded": change.folded,
        "differences": [_difference(difference) for difference in change.differences],
    }


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "path": difference.path,
        "before": difference.before,
        "after": difference.after,
        "forces_replacement": difference.forces_replacement,
    }
