"""The report of a tuning job: importance, axes, sentences, and the page as text."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from scripts.tuning.report import charts, scales, words
from scripts.tuning.report.importance import importances, is_order_certain
from scripts.tuning.report.page import html
from scripts.tuning.results import Range, Tuning
from tests.unit.tuning.report_samples import BATCH, DROPOUT, FOUR, MARKUP, NAME, RATE, REASON, VARIED, tuning

DEFAULTS = words.Defaults("digits-20261101-115500-abcd", 0.6)


@pytest.mark.e2e
@pytest.mark.parametrize("direction", ["Minimize", "Maximize"])
def test_the_hyperparameter_on_which_the_objective_depends_is_the_most_important(direction: str) -> None:
    found = tuning(60)
    if direction == "Maximize":
        turned = tuple(replace(one, objective=-(one.objective or 0)) for one in found.trials)
        found = replace(found, direction="Maximize", trials=turned)
    shares = importances(found, samples=20)
    assert shares[0].name == "learning_rate"
    assert is_order_certain(shares)
    assert sum(one.share for one in shares) == pytest.approx(1)
    assert all(0 <= one.low <= one.share <= one.high <= 1 for one in shares)


def test_few_jobs_have_wide_ranges_and_the_page_says_that_they_say_little() -> None:
    found = tuning(8)
    shares = importances(found, samples=20)
    assert not is_order_certain(shares)
    assert words.about_importance(found, shares).startswith("8 jobs say little about 4 hyperparameters.")


@pytest.mark.parametrize(
    "found",
    [
        tuning(3),
        tuning(8, [RATE]),
        tuning(5, failed=range(5)),
        tuning(8, [RATE, Range("one", "categorical", choices=("x",))]),
        replace(tuning(8), trials=tuple(replace(one, objective=0.5) for one in tuning(8).trials)),
        replace(tuning(8), trials=tuple(replace(one, values={}) for one in tuning(8).trials)),
    ],
    ids=["three jobs", "one hyperparameter", "all failed", "one value", "equal", "no values"],
)
def test_without_enough_to_compare_there_is_no_importance(found: Tuning) -> None:
    assert importances(found) == []


@pytest.mark.parametrize(
    ("one", "text", "place"),
    [
        (RATE, "0.0001", 0),
        (RATE, "0.03", 1),
        (RATE, "0.0017320508", 0.5),
        (BATCH, "32", 0.5),
        (DROPOUT, "0.25", 0.5),
        (VARIED, "light", 0.5),
        (VARIED, "other", None),
        (RATE, "1", None),
        (RATE, "nan", None),
        (RATE, "x", None),
        (Range("momentum", "continuous", "ReverseLogarithmic", "0.9", "0.999"), "0.99", 0.5),
        (Range("same", "integer", "Auto", "3", "3"), "3", 0.5),
        (Range("wide", "continuous", "Auto", "0.001", "10"), "0.1", 0.5),
    ],
)
def test_a_value_has_its_place_in_the_scaling_of_its_range(one: Range, text: str, place: float | None) -> None:
    assert scales.position(one, text) == (None if place is None else pytest.approx(place, abs=1e-6))


def test_an_axis_is_labelled_at_its_ends_and_in_the_middle() -> None:
    assert scales.ticks(RATE) == [(0.0, "0.0001"), (0.5, "0.0017"), (1.0, "0.03")]
    assert scales.ticks(VARIED) == [(0.0, "none"), (0.5, "light"), (1.0, "standard")]
    assert [text for _, text in scales.ticks(MARKUP)] == ["<b>bold</b>", "</svg><script>alert(1)</script>"]


def test_the_headline_says_the_best_value_the_gain_and_the_cost() -> None:
    found = tuning(8)
    assert found.best_trial
    found = replace(found, trials=tuple(replace(one, objective=0.3 + place) for place, one in enumerate(found.trials)))
    found = replace(found, best=found.trials[0].job)
    assert words.headline(found, DEFAULTS) == (
        "The best of 8 jobs has val_loss 0.3, 0.3 (50%) better than the 0.6 with the defaults, for 0.0104 USD."
    )
    assert words.headline(found, replace(DEFAULTS, objective=0.2)).startswith(
        "The best of 8 jobs has val_loss 0.3, 0.1 (50%) worse than the 0.2 with the defaults"
    )
    assert words.headline(found, None) == "The best of 8 jobs has val_loss 0.3, for 0.0104 USD."
    assert words.remarks(found, None)[0].startswith("No training job with the job file's own values")


def test_a_search_without_a_value_says_why() -> None:
    found = tuning(5, failed=range(5))
    assert words.headline(found, None) == "No job has a value of val_loss: 5 of 5 jobs failed, for 0.0065 USD."
    assert words.remarks(found, None) == ["The tuning is Failed: All training jobs failed"]
    page = html(found, None, None)
    assert page.count(REASON) == 5
    assert "<svg" not in page


def test_a_parent_s_job_may_stay_the_best() -> None:
    found = replace(tuning(3), best="digits-261031120000-zz99-001-00000000")
    expected = (
        "None of 3 jobs is better than digits-261031120000-zz99-001-00000000 of an earlier tuning, for 0.0039 USD."
    )
    assert words.headline(found, None) == expected


def test_every_job_is_in_the_table_the_best_first() -> None:
    found = tuning(8, failed=[2])
    page = html(found, DEFAULTS, "jobs/digits-best.toml")
    table = page.partition('<table class="jobs">')[2]
    rows = re.findall(r'<th scope="row" dir="auto">([^<]+)</th><td>(\w+)</td>', table)
    assert len(rows) == 8
    assert f"{NAME}-{rows[0][0]}" == found.best
    assert rows[-1][1] == "Failed"
    assert page.count(REASON) == 1


def test_the_page_holds_no_text_of_a_job_as_markup() -> None:
    found = tuning(8, [RATE, MARKUP], failed=[1], objective="<i>loss</i>", reason="\x1b[31m<script>alert(1)</script>")
    page = html(found, None, None)
    assert "<script" not in page
    assert "<img" not in page
    assert "<i>" not in page
    assert "\x1b" not in page
    assert " style=" not in page  # the security policy would refuse it
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def spread(found: Tuning) -> Tuning:
    """The same jobs with objectives from 0.01 to 10,000."""
    values = [0.01 * 10.0 ** (6 * place / (len(found.trials) - 1)) for place in range(len(found.trials))]
    trials = zip(found.trials, values, strict=True)
    return replace(found, trials=tuple(replace(one, objective=value) for one, value in trials))


@pytest.mark.parametrize(
    "found",
    [tuning(1), tuning(8), tuning(12, failed=[0, 3]), spread(tuning(8))],
    ids=["one", "eight", "failed", "logarithmic"],
)
def test_each_chart_is_an_image_for_the_eye_alone(found: Tuning) -> None:
    drawn = [
        charts.over_time(found, charts.NARROW),
        charts.parallel(found),
        *(charts.of_one(found, one) for one in FOUR),
    ]
    for chart in drawn:
        root = ElementTree.fromstring(chart)  # noqa: S314 - our own
        assert root.get("aria-hidden") == "true"
        dots = [one for one in root.iter() if one.get("class", "").startswith("dot ")]
        paths = [one for one in root.iter() if "reactive" in one.get("class", "")]
        assert dots or paths
    known = sum(trial.objective is not None for trial in found.trials)
    first = ElementTree.fromstring(charts.of_one(found, RATE))  # noqa: S314 - our own
    assert sum(one.get("class", "").startswith("dot ") for one in first.iter()) == known
