"""report.html of a tuning job in Chromium: accessibility, a phone's width, printing, no network requests."""

import json

import pytest

from scripts.tuning.report.page import html
from scripts.tuning.report.words import Defaults
from scripts.tuning.results import Tuning
from tests.browser.conftest import PHONE, WIDE, LoadedPage, Show, open_folds, violations
from tests.unit.tuning.report_samples import MARKUP, RATE, tuning

pytestmark = pytest.mark.e2e

SAMPLES = {
    "eight": tuning(8),
    "failed": tuning(5, failed=range(5)),
    "markup": tuning(8, [RATE, MARKUP], failed=[1], objective="<i>loss</i>", reason="<img src=x onerror=alert(1)>"),
}


@pytest.fixture
def show(show_page: Show) -> Show:
    """Open the report of a tuning."""

    def opened(found: Tuning) -> LoadedPage:
        text = html(found, Defaults("digits-20261101-115500-abcd", 0.6), "jobs/digits-best.toml")
        return show_page(text)

    return opened


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_is_readable_for_everybody_and_asks_no_network(show: Show, name: str) -> None:
    shown = show(SAMPLES[name])
    page = shown.page
    open_folds(page, 6)
    for viewport, scheme in ((WIDE, "light"), (PHONE, "dark")):
        shown.look(viewport, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert (shown.errors, shown.requests) == ([], [page.url])
        problems = violations(page)
        assert not problems, f"{scheme}, {viewport}: {json.dumps(problems, indent=1)[:4000]}"


def test_paper_shows_the_charts_and_every_job(show: Show) -> None:
    page = show(SAMPLES["eight"]).page
    page.emulate_media(media="print")
    assert page.locator("svg.over-time:visible").count() == 1
    assert page.locator("svg.parallel:visible, svg.importance:visible").count() == 2
    assert page.locator(".jobs tbody tr:visible").count() == 8
    assert len(page.pdf(format="A4")) > 1000
