"""The decisions of `benchmarks.faults`: what it draws, what it calls wrong, how results add up, and its page."""

from pathlib import Path

import pytest

from benchmarks.fault_runs import draws, judging, page, results
from benchmarks.fault_runs.judging import Ending, Judgement
from scripts.localcloud import parse_interruptions
from scripts.localcloud.faults import parse
from tests.conftest import ROOT

TWO_LINES = "Uploading\nError: No.\n       More of AWS's text.\nFix:   Wait.\n"


def test_the_page_is_up_to_date() -> None:
    found = results.load(ROOT / results.FILE)
    assert (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8") == page.text(found) + "\n"


def test_every_verb_has_every_fault_with_every_seed_before_any_comes_again() -> None:
    every = len(draws.VERBS) * len(draws.FAULTS) * draws.FAULT_SEEDS
    drawn = [draws.fault_draw(7, number) for number in range(every)]
    assert len(set(drawn)) == every
    assert drawn[5] == draws.fault_draw(7, 5)
    assert drawn[5] != draws.fault_draw(8, 5) or drawn[6] != draws.fault_draw(8, 6)
    assert all(parse(draw.rules).rules[0].share == 0.2 for draw in drawn[:20])


def test_kills_and_interruptions_are_drawn() -> None:
    kills = [draws.kill_draw(1, number) for number in range(9)]
    assert len({(kill.verb, kill.signal) for kill in kills}) == 9
    assert all(0 <= kill.moment < 1 for kill in kills)
    soaked = [draws.soak_draw(1, number) for number in range(20)]
    assert {draw.count for draw in soaked} == set(range(draws.MOST_INTERRUPTIONS + 1))
    for draw in filter(lambda draw: draw.count, soaked):
        assert len(parse_interruptions(draw.interruptions, None)) == draw.count  # type: ignore[arg-type]  # not drawn


@pytest.mark.parametrize(
    ("ending", "wrong"),
    [
        (Ending(0, "", 1.0), []),
        (Ending(2, TWO_LINES, 1.0), []),
        (Ending(2, "Error: No.\n", 1.0), ["no two lines"]),
        (Ending(1, TWO_LINES, 1.0), ["exit code 1"]),
        (Ending(0, "Traceback (most recent call last):\n", 1.0), ["a traceback"]),
        (Ending(0, "", 181.0), ["it took 181 s"]),
    ],
)
def test_a_verb_completes_or_ends_with_two_lines(ending: Ending, wrong: list[str]) -> None:
    assert judging.errors_of(ending) == wrong


def test_one_order_is_one_job_that_somebody_can_name() -> None:
    assert judging.job_errors(Ending(0, "", 1.0), {"a"}, {"a"}) == []
    assert judging.job_errors(Ending(2, "", 1.0), set(), set()) == []
    assert judging.job_errors(Ending(0, "", 1.0), set(), set()) == ["success without a job"]
    assert judging.job_errors(Ending(0, "", 1.0), {"a", "b"}, {"a"}) == [
        "2 jobs for one order",
        "a job that nobody names",
    ]


def test_an_interrupted_verb_says_so_or_died_of_the_signal() -> None:
    assert judging.errors_after_signal(Ending(130, "", 1.0), 15) == []
    assert judging.errors_after_signal(Ending(-9, "", 1.0), 9) == []
    assert judging.errors_after_signal(Ending(1, "", 1.0), 15) == ["exit code 1"]


def test_results_add_up_and_a_draw_that_is_run_again_replaces_its_line(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    for number, code in ((10, 0), (2, 2), (10, 2)):
        results.add(results.key("verbs", 0, number), Judgement("data", "503", code, 1.0), file)
    assert list(results.load(file)) == ["verbs/0/2", "verbs/0/10"]
    assert [one.code for one in results.load(file).values()] == [2, 2]
