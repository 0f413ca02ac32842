"""Each rule has a plan that triggers it, a similar plan that does not, and a row on the page."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.review.canonical import parsed
from scripts.review.model import Plan, Severity
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


TOKEN = "ghp_4kV9sQ2mXw7Lr1Tz8Bn3Yc6Hd5Jf0GpRaUe"  # made up
LONG = 8  # a shorter secret may be a part of an ordinary word


def leaves(value: Any) -> Iterator[str]:
    """The long texts of a value, also those in the JSON of a text."""
    if isinstance(value, str):
        document = parsed(value)
        yield from (value,) if document is None and len(value) >= LONG else leaves(document)
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from leaves(each)


def with_token(given: Plan, leaf: str) -> Plan:
    """The plan with an unmarked token in place of a text."""

    def replaced(value: Any) -> Any:
        return None if value is None else json.loads(json.dumps(value).replace(json.dumps(leaf)[1:-1], TOKEN))

    changes = (
        dataclasses.replace(each, before=replaced(each.before), after=replaced(each.after)) for each in given.changes
    )
    return dataclasses.replace(given, changes=tuple(changes))


@pytest.mark.parametrize("rule", sorted(CASES))
def test_no_sentence_of_a_rule_shows_a_secret(rule: str) -> None:
    given = CASES[rule].hit
    for leaf in {leaf for each in given.changes for side in (each.before, each.after) for leaf in leaves(side)}:
        marked = dataclasses.replace(given, secrets=given.secrets | {leaf})
        assert not [each.what for each in findings_of(marked) if leaf in each.what or leaf in each.address]
        assert not [each.what for each in findings_of(with_token(given, leaf)) if TOKEN in each.what]


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
