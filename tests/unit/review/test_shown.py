"""A text of a plan reaches a page only through the mask: mypy checks the type `Shown`, these tests who makes one."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.review.secrets.shown import joined, said
from tests.conftest import ROOT

REVIEW = ROOT / "scripts" / "review"
FILES = sorted(REVIEW.rglob("*.py"))
MODEL = REVIEW / "model" / "reviewed.py"
MAKERS = {MODEL, REVIEW / "secrets" / "mask.py", REVIEW / "secrets" / "shown.py"}


def calls(file: Path, name: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == name:
            yield node


def test_only_the_mask_makes_shown_texts() -> None:
    assert {file for file in FILES if any(calls(file, "Shown"))} == MAKERS
    assert not [file for file in FILES for call in calls(file, "cast") if "Shown" in ast.unparse(call)]


def test_the_model_makes_only_the_empty_text() -> None:
    assert [ast.unparse(call) for call in calls(MODEL, "Shown")] == ["Shown('')"]


def test_the_reviews_own_words_are_literals() -> None:
    found = [call for file in FILES for call in calls(file, "said")]
    assert len(found) > 20
    assert all(isinstance(each.args[0], ast.Constant) for each in found)


@pytest.mark.parametrize(("words", "values", "text"), [("{}", (), "{}"), ("line {}", (7,), "line 7")])
def test_own_words_have_shown_values_in_place_of_braces(words: str, values: tuple[int, ...], text: str) -> None:
    assert said(words, *values) == text


def test_a_value_with_braces_is_no_template() -> None:
    assert said("{} is {}", said("{0}"), joined(", ", [said("{a}"), said("b")])) == "{0} is {a}, b"
