"""The terminal summary is short, fits the width, uses colour only on a terminal, and cannot move the cursor."""

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings

from scripts.core.printable import visible
from scripts.review.model import Review, Severity, Shown, Status
from scripts.review.render import terminal
from tests.unit.review import hostile_samples, samples


def test_it_shows_verdict_counts_findings_permissions_and_the_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    review = samples.three()
    lines = terminal(review, [Path("build/review.html")])
    assert lines[1] == review.verdict
    assert lines[2] == review.summary[0]
    text = "\n".join(lines)
    assert "2 update, 1 replace" in text
    assert "Findings: 1 critical, 1 high, 1 low" in text
    assert "CRITICAL module.buckets.aws_s3_bucket.models" in text
    assert "Fix: Keep the name" in text
    assert "+ Allow iam:PassRole on * [escalates, on everything]" in text
    assert "- Allow s3:GetObject on arn:aws:s3:::acme-datasets/digits/* if from VPC vpc-0a1b2c" in text
    assert lines[-1] == "  build/review.html"


@pytest.mark.parametrize("made", [partial(samples.numbered, 10_000), hostile_samples.everything])
def test_it_prints_every_critical_and_high_finding_and_is_else_short(made: Callable[[], Review]) -> None:
    review = made()
    serious = [each for each in review.findings if each.severity >= Severity.HIGH and each.status is not Status.FIXED]
    lines = terminal(review)
    assert sum(line.startswith(("  CRITICAL ", "  HIGH     ")) for line in lines) == len(serious) > 7
    text = "".join(line.strip() for line in lines)
    assert all(visible(each.address).replace(" ", "") in text.replace(" ", "") for each in serious)
    short = terminal(replace(review, findings=()))
    assert len(short) < 80
    assert " more" in "\n".join(short)


def test_findings_of_one_rule_are_together_with_their_fix() -> None:
    found = [
        samples.finding(Severity.HIGH, Status.NEW, f"aws_s3_bucket.{name}", rule=rule)
        for name, rule in (("a", "one"), ("b", "two"), ("c", "one"))
    ]
    found[1] = replace(found[1], fix="Do the other thing.")
    lines = terminal(replace(samples.empty(), findings=tuple(found)))
    names = [line.split(":")[0].split(".")[1] for line in lines if line.startswith("  HIGH")]
    assert names == ["a", "c", "b"]
    assert sum("Fix: Keep all four" in line for line in lines) == 1


def test_an_approval_names_the_digest_only_if_one_is_needed() -> None:
    assert "Approve with: APPROVE=9f86d081884c7d659a2feaa0c55ad015" in terminal(samples.three())
    there = tuple(replace(each, status=Status.THERE) for each in samples.three().findings)
    assert "Digest of the change: 9f86d081884c7d659a2feaa0c55ad015" in terminal(
        replace(samples.three(), findings=there)
    )


def test_new_principals_are_a_number_and_existing_ones_are_listed() -> None:
    [gains] = samples.three().permissions
    new = replace(gains, principal=Shown("role/brand-new"), is_new=True)
    text = "\n".join(terminal(replace(samples.three(), permissions=(gains, new))))
    assert "Permissions: existing principals +2 -1; new principals +2 -1" in text
    assert "trainyard-dev-training" in text
    assert "brand-new" not in text


def test_it_fits_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = terminal(samples.three())
    assert max(len(line) for line in lines if "aws_" not in line and "arn:" not in line) <= 60


def test_colour_is_only_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in "".join(terminal(samples.three()))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "\x1b[1;31mCRITICAL" in "".join(terminal(samples.three()))


@pytest.mark.e2e
@given(hostile_samples.any_reviews)
@settings(deadline=None, max_examples=40)
def test_no_text_from_a_plan_moves_the_cursor_or_turns_the_line(review: Review) -> None:
    text = "".join(terminal(review))
    assert text.isprintable() or all(character.isprintable() or character.isspace() for character in text)
    assert not {"\n", "\r", "\t", "\x1b", "\u202e", "\u2028"} & set(text)
    text.encode()


def test_a_plan_without_changes_is_a_few_lines() -> None:
    assert terminal(samples.empty())[:3] == ["Plan of dev, Terraform 1.11.4", "Nothing changes.", "  no changes"]
