"""A second process does half of a large review, with the same result."""

import json
import multiprocessing
import os
from pathlib import Path

import pytest

from scripts.review import pages, reading, second_process
from scripts.review import review as review_module
from scripts.review.settings import NONE

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["permissions", "destroy", "sensitive"])
def test_a_review_in_two_processes_gives_the_same_result(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = reading.read((GOLDEN / name / "plan.json").read_text(encoding="utf-8"), name)
    alone = review_module.review(plan, NONE)
    monkeypatch.setattr(second_process, "SPLIT_FROM", 0)
    assert review_module.review(plan, NONE) == alone


def test_pages_from_two_processes_are_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = reading.read((GOLDEN / "permissions" / "plan.json").read_text(encoding="utf-8"), "permissions")
    reviews = [review_module.review(plan, NONE)]
    alone = [each.read_bytes() for each in pages.write(tmp_path / "alone", reviews, {"more": 1}, with_sarif=True)]
    monkeypatch.setattr(second_process, "SPLIT_FROM", 0)
    both = pages.write(tmp_path / "both", reviews, {"more": 1}, with_sarif=True)
    assert [each.name for each in both] == ["review.md", "review.html", "review.json", "review.sarif"]
    assert [each.read_bytes() for each in both] == alone


def test_the_second_process_has_the_data_of_the_first() -> None:
    here = {"numbers": list(range(1000))}
    result = second_process.start(lambda: (os.getpid(), json.dumps(here)))
    process, numbers = result()
    assert process != os.getpid()
    assert json.loads(numbers) == here


def test_a_failure_in_the_second_process_is_raised(capfd: pytest.CaptureFixture[str]) -> None:
    result = second_process.start(lambda: 1 // len([]))
    with pytest.raises(RuntimeError, match="A part of the review failed"):
        result()
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_system_that_cannot_fork_does_all_the_work_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(multiprocessing, "get_all_start_methods", lambda: ["spawn"])
    assert second_process.start(os.getpid)() == os.getpid()
