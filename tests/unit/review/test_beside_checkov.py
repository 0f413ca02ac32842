"""The ten plans that the review was compared with checkov on still have the findings of that comparison."""

import json

import pytest

from benchmarks.checkov_checks import GRAVE, RULES_OF, SECRET_RULES
from scripts.review.rules import RULES
from tests.unit.review.beside import make

FINDINGS = json.loads(make.FINDINGS.read_text(encoding="utf-8"))


def test_there_are_ten() -> None:
    assert len(make.names()) == 10
    assert sorted(FINDINGS) == make.names()


@pytest.mark.parametrize("name", make.names())
def test_each_finding_is_still_there(name: str) -> None:
    today = make.found(make.reviewed(name))
    gone = {
        (rule, address)
        for rule, addresses in FINDINGS[name].items()
        for address in addresses
        if address not in today.get(rule, ())
    }
    assert gone == set(), "if that is right: python -m tests.unit.review.beside.make --accept, and compare again"


@pytest.mark.parametrize("name", make.names())
def test_what_the_provider_fills_in_does_not_count_as_unknown(name: str) -> None:
    assert "unknown-until-apply" not in make.found(make.reviewed(name))


def test_the_comparison_names_rules_that_exist() -> None:
    assert {rule for rules in (*RULES_OF.values(), SECRET_RULES) for rule in rules} <= RULES.keys()


def test_most_grave_checks_have_a_rule() -> None:
    assert len(GRAVE - RULES_OF.keys()) <= 10
