"""Headless Chromium for tests that read, use and print pages."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.review.model import Review
from scripts.review.render import html
from tests.conftest import missing

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        missing("no Chromium is on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
EVERY_RULE = """axe.run({rules: Object.fromEntries(axe.getRules().map(({ruleId}) => [ruleId, {enabled: true}]))})"""


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds by all its rules, those that are off by default too."""
    page.evaluate(Axe().axe_script)
    found: list[dict[str, Any]] = page.evaluate(EVERY_RULE)["violations"]
    return found


class LoadedPage:
    """A page with its errors and its network requests."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.errors.append(message.text))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))


Show = Callable[..., LoadedPage]


@pytest.fixture
def show_page(browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Open a page of which the text is given; the options go to the browser's context."""
    contexts = []

    def opened(text: str, **options: Any) -> LoadedPage:
        contexts.append(browser.new_context(**options))
        shown = LoadedPage(contexts[-1].new_page())
        path = tmp_path / "page.html"
        path.write_text(text)
        shown.page.goto(path.as_uri())
        return shown

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def show(show_page: Show) -> Show:
    """Open the page of reviews, likewise."""

    def opened(reviews: Sequence[Review], **options: Any) -> LoadedPage:
        return show_page(html(reviews), **options)

    return opened
