"""report.html of a tuning job in Chromium: accessibility, a phone's width, printing, no network requests."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser

from scripts.tuning.report.page import html
from scripts.tuning.report.words import Defaults
from scripts.tuning.results import Tuning
from tests.browser.conftest import LoadedPage
from tests.browser.test_review_page import EVERY_RULE, PHONE, WIDE
from tests.unit.tuning.report_samples import MARKUP, RATE, tuning

pytestmark = pytest.mark.e2e

SAMPLES = {
    "eight": tuning(8),
    "failed": tuning(5, failed=range(5)),
    "markup": tuning(8, [RATE, MARKUP], failed=[1], objective="<i>loss</i>", reason="<img src=x onerror=alert(1)>"),
}
Show = Callable[..., LoadedPage]


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Write a tuning's report and open it; the options go to the browser's context."""
    contexts = []

    def opened(found: Tuning, **options: Any) -> LoadedPage:
        contexts.append(browser.new_context(**options))
        shown = LoadedPage(contexts[-1].new_page())
        path = tmp_path / "report.html"
        path.write_text(html(found, Defaults("digits-20261101-115500-abcd", 0.6), "jobs/digits.best.toml"))
        shown.page.goto(path.as_uri())
        return shown

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("viewport", "scheme"), [(WIDE, "light"), (PHONE, "dark")], ids=["wide-light", "phone-dark"])
@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_is_readable_for_everybody_and_asks_no_network(
    show: Show, scheme: str, viewport: dict[str, int], name: str
) -> None:
    shown = show(SAMPLES[name], color_scheme=scheme, viewport=viewport)
    page = shown.page
    for more in page.locator("details > summary").all()[:6]:
        more.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert (shown.errors, shown.requests) == ([], [page.url])
    page.evaluate(Axe().axe_script)
    violations: list[dict[str, Any]] = page.evaluate(EVERY_RULE)["violations"]
    assert not violations, json.dumps(violations, indent=1)[:4000]


def test_paper_shows_the_charts_and_every_job(show: Show) -> None:
    page = show(SAMPLES["eight"]).page
    page.emulate_media(media="print")
    assert page.locator("svg.over-time:visible").count() == 1
    assert page.locator("svg.parallel:visible, svg.importance:visible").count() == 2
    assert page.locator(".jobs tbody tr:visible").count() == 8
    assert len(page.pdf(format="A4")) > 1000
