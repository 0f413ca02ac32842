"""The terminal summary is short, fits the width, uses colour only on a terminal, and cannot move the cursor."""

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

from scripts.review.model import Review
from scripts.review.render import terminal
from tests.unit.review import samples


def test_it_shows_verdict_counts_findings_permissions_and_the_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    review = samples.three()
    lines = terminal(review, [Path("build/review.html")])
    assert lines[1] == review.verdict
    text = "\n".join(lines)
    assert "2 update, 1 replace" in text
    assert "Findings: 1 critical, 1 high, 1 low" in text
    assert "CRITICAL module.buckets.aws_s3_bucket.models" in text
    assert "Fix: Keep the name" in text
    assert "+ Allow iam:PassRole on * [escalates, on everything]" in text
    assert "- Allow s3:GetObject on arn:aws:s3:::acme-datasets/digits/* if from VPC vpc-0a1b2c" in text
    assert lines[-1] == "  build/review.html"


@pytest.mark.parametrize("review", [samples.numbered(10_000), samples.everything()])
def test_it_is_short_for_any_plan(review: Review) -> None:
    lines = terminal(review)
    assert len(lines) < 80
    assert " more" in "\n".join(lines)


def test_it_fits_the_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    lines = terminal(samples.three())
    assert max(len(line) for line in lines if "aws_" not in line and "arn:" not in line) <= 60


def test_colour_is_only_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in "".join(terminal(samples.three()))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "\x1b[1;31mCRITICAL" in "".join(terminal(samples.three()))


@given(samples.any_reviews)
@settings(deadline=None, max_examples=40)
def test_no_text_from_a_plan_moves_the_cursor_or_turns_the_line(review: Review) -> None:
    text = "".join(terminal(review))
    assert text.isprintable() or all(character.isprintable() or character.isspace() for character in text)
    assert not {"\n", "\r", "\t", "\x1b", "\u202e", "\u2028"} & set(text)
    text.encode()


def test_a_plan_without_changes_is_a_few_lines() -> None:
    assert terminal(samples.empty())[:3] == ["Plan of dev, Terraform 1.11.4", "Nothing changes.", "  no changes"]
