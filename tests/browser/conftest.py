"""Headless Chromium for tests that read, use and print pages."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

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

MOST_MILLISECONDS = 60_000
"""How long a page is waited for: on a busy machine, anything may take any time."""

expect.set_options(timeout=MOST_MILLISECONDS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The Chromium of this machine."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        missing("no Chromium is on PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS, timeout=MOST_MILLISECONDS)
        yield browser
        browser.close()


WIDE, PHONE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}, {"width": 360, "height": 740}
EVERY_RULE = """axe.run({
    rules: Object.fromEntries(axe.getRules().map(({ruleId}) => [ruleId, {enabled: true}])),
    resultTypes: ["violations"],
}).then(({violations}) => violations)"""


def violations(page: Page) -> list[dict[str, Any]]:
    """What axe finds by all its rules, those that are off by default too."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(Axe().axe_script)
    found: list[dict[str, Any]] = page.evaluate(EVERY_RULE)
    return found


def open_folds(page: Page, most: int, selector: str = "details") -> None:
    """Open the first folds of a page, without clicks: each takes as long as a small page."""
    page.evaluate(f"[...document.querySelectorAll('{selector}')].slice(0, {most}).forEach(fold => fold.open = true)")


class LoadedPage:
    """A page with its errors and its network requests."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.errors: list[str] = []
        self.requests: list[str] = []
        self._events: dict[str, Callable[[Any], None]] = {
            "console": lambda message: self.errors.append(message.text),
            "pageerror": lambda error: self.errors.append(str(error)),
            "request": lambda request: self.requests.append(request.url),
        }
        for name, listener in self._events.items():
            page.on(name, listener)  # type: ignore[call-overload]

    def look(self, viewport: dict[str, int], color_scheme: str = "light") -> Page:
        """The page in a window of this size."""
        self.page.set_viewport_size(viewport)  # type: ignore[arg-type]
        self.page.emulate_media(media="screen", color_scheme=color_scheme)  # type: ignore[arg-type]
        return self.page

    def leave(self) -> None:
        """Take no more events."""
        for name, listener in self._events.items():
            self.page.remove_listener(name, listener)


Show = Callable[..., LoadedPage]


@pytest.fixture(scope="session")
def context(browser: Browser) -> BrowserContext:
    """The profile of most pages: a new one would start a new process for each page."""
    return browser.new_context()


@pytest.fixture(scope="session")
def tab(context: BrowserContext) -> Page:
    """The tab of most pages."""
    return context.new_page()


@pytest.fixture
def show_page(tab: Page, browser: Browser, tmp_path: Path) -> Iterator[Show]:
    """Open a page of which the text is given, in a wide window; ``scripts``: whether it may run them."""
    shown: list[LoadedPage] = []

    def opened(text: str, scripts: bool = True) -> LoadedPage:
        page = tab if scripts else browser.new_page(java_script_enabled=False)
        page.set_default_timeout(MOST_MILLISECONDS)
        shown.append(LoadedPage(page))
        shown[-1].look(WIDE)
        path = tmp_path / "page.html"
        path.write_text(text)
        page.goto(path.as_uri())
        return shown[-1]

    yield opened
    for one in shown:
        one.leave()
        if one.page is not tab:
            one.page.close()


@pytest.fixture
def show(show_page: Show) -> Show:
    """Open the page of reviews, likewise."""

    def opened(reviews: Sequence[Review], scripts: bool = True) -> LoadedPage:
        return show_page(html(reviews), scripts)

    return opened
