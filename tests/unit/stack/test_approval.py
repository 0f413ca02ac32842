"""Checks of a plan before it is applied: it must be complete, and serious findings approved."""

from dataclasses import replace
from pathlib import Path

import pytest

from scripts.core.errors import UserError
from scripts.review.model import Finding, Review, Severity, Shown, Status
from scripts.stack.approval import check_approved, check_complete, findings_to_approve

DIGEST = "4a3aaab2e4adf93e0208fba01989a7cd"
PAGE = Path("build/aws-dev/plan/review.html")


def finding(severity: Severity, status: Status = Status.NEW) -> Finding:
    return Finding(
        "a-rule",
        severity,
        status,
        Shown("aws_s3_bucket.this"),
        "title",
        Shown("what"),
        "why",
        "fix",
        "https://example.com",
    )


def reviewed(*findings: Finding) -> Review:
    return Review(
        "dev",
        "1.11.4",
        Shown("Nothing changes."),
        (),
        {},
        findings,
        (),
        (),
        (),
        (),
        (),
        (),
        DIGEST,
        False,
        True,
        applyable=True,
    )


@pytest.mark.parametrize("severity", [Severity.HIGH, Severity.CRITICAL])
def test_a_new_serious_finding_needs_an_approval(severity: Severity) -> None:
    review = reviewed(finding(severity), finding(Severity.MEDIUM))
    with pytest.raises(UserError, match="has a new finding of high severity or above") as caught:
        check_approved(review, "", PAGE)
    assert f"APPROVE={DIGEST}" in caught.value.fix
    assert str(PAGE) in caught.value.fix
    check_approved(review, DIGEST, PAGE)


@pytest.mark.parametrize(
    "findings",
    [
        [],
        [finding(Severity.MEDIUM), finding(Severity.LOW)],
        [finding(Severity.CRITICAL, Status.THERE), finding(Severity.HIGH, Status.FIXED)],
    ],
)
def test_other_findings_need_no_approval(findings: list[Finding]) -> None:
    review = reviewed(*findings)
    assert not findings_to_approve(review)
    check_approved(review, "", PAGE)


@pytest.mark.parametrize("findings", [[], [finding(Severity.HIGH)]])
def test_the_approval_of_another_change_is_refused(findings: list[Finding]) -> None:
    with pytest.raises(UserError, match="APPROVE=0123 approves another change") as caught:
        check_approved(reviewed(*findings), "0123", PAGE)
    assert f"APPROVE={DIGEST}" in caught.value.fix


def test_an_incomplete_plan_is_refused() -> None:
    check_complete(reviewed())
    with pytest.raises(UserError, match="`dev` ended in an error"):
        check_complete(replace(reviewed(), errored=True, complete=False))
    with pytest.raises(UserError, match="`dev` is incomplete"):
        check_complete(replace(reviewed(), complete=False))
