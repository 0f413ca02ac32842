"""Half of a large review is done in a second process, and is the same."""

import json
import os
from pathlib import Path

import pytest

from scripts.review import reading, second_process
from scripts.review import review as room
from scripts.review.settings import NONE

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["permissions", "destroy", "sensitive"])
def test_a_review_is_the_same_by_two_processes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = reading.read((GOLDEN / name / "plan.json").read_text(encoding="utf-8"), name)
    alone = room.review(plan, NONE)
    monkeypatch.setattr(room, "MANY", 0)
    assert room.review(plan, NONE) == alone


def test_what_was_begun_is_another_process_with_all_that_this_one_has() -> None:
    here = {"numbers": list(range(1000))}
    result = second_process.begin(lambda: (os.getpid(), json.dumps(here)))
    process, told = result()
    assert process != os.getpid()
    assert json.loads(told) == here


def test_what_fails_there_is_not_taken_for_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    result = second_process.begin(lambda: 1 // len([]))
    with pytest.raises(RuntimeError, match="ended early"):
        result()
    assert "ZeroDivisionError" in capfd.readouterr().err
