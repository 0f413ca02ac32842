"""Each rule has a plan that triggers it, a similar plan that does not, and a row on the page."""

from pathlib import Path

import pytest

from scripts.review.model import Severity
from scripts.review.rules import RULES
from scripts.review.rules.page import page
from tests.unit.review.rule_plans import findings_of, ids
from tests.unit.review.rule_table_access import ACCESS
from tests.unit.review.rule_table_execution import EXECUTION
from tests.unit.review.rule_table_marks import MARKS
from tests.unit.review.rule_table_retention import RETENTION
from tests.unit.review.rule_table_settings import SETTINGS

CASES = {**ACCESS, **EXECUTION, **MARKS, **RETENTION, **SETTINGS}


def test_every_rule_has_a_case_and_every_case_a_rule() -> None:
    assert sorted(CASES) == sorted(RULES)
    assert len(CASES) == len(ACCESS) + len(EXECUTION) + len(MARKS) + len(RETENTION) + len(SETTINGS)


def test_there_are_at_least_forty_five() -> None:
    assert len(RULES) >= 45


@pytest.mark.parametrize("rule", sorted(CASES))
def test_its_plan_triggers_the_rule(rule: str) -> None:
    [*findings] = [each for each in findings_of(CASES[rule].hit) if each.rule == rule]
    assert findings
    for each in findings:
        assert each.what.endswith(".")
        assert each.severity == RULES[rule].severity
        assert (each.why, each.fix, each.page) == (RULES[rule].why, RULES[rule].fix, RULES[rule].page)


@pytest.mark.parametrize("rule", sorted(CASES))
def test_a_similar_plan_does_not_trigger_the_rule(rule: str) -> None:
    assert rule not in ids(CASES[rule].miss)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_every_rule_has_an_id_a_page_and_sentences(rule: object) -> None:
    from scripts.review.rules import Rule

    assert isinstance(rule, Rule)
    assert rule.id == rule.id.lower().replace("_", "-")
    assert rule.severity in Severity
    assert rule.page.startswith(
        ("https://docs.aws.amazon.com/", "https://developer.hashicorp.com/", "https://registry.terraform.io/")
    )
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert rule.fix.endswith(".")


def test_the_page_is_up_to_date() -> None:
    written = Path("docs/review-rules.md").read_text(encoding="utf-8")
    assert written == page(), "write it again: python -m scripts.review.rules.page > docs/review-rules.md"
