"""review.html in Chromium: filter, keyboard, accessibility, printing, no scripts, no network requests."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from scripts.review.review import review
from scripts.review.settings import NONE
from tests.browser.conftest import NARROW, PHONE, WIDE, Show, open_folds, violations
from tests.unit.review import hostile_samples, samples
from tests.unit.review.golden.make import golden_review, names
from tests.unit.review.plans import plan, resource

pytestmark = pytest.mark.e2e


def found(page: Page) -> str:
    return page.locator(".found output").first.inner_text()


def visible_changes(page: Page) -> int:
    return page.locator(".resources .change:visible").count()


def processor_seconds(page: Page) -> Callable[[], float]:
    """Return a function of the processor's time that the page has used since its last call, in seconds.

    It does not count what other programs use: https://chromedevtools.github.io/devtools-protocol/tot/Performance/.
    """
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    counted = 0.0

    def spent() -> float:
        nonlocal counted
        before = counted
        metrics = session.send("Performance.getMetrics")["metrics"]
        counted = float(next(each["value"] for each in metrics if each["name"] == "TaskDuration"))
        return counted - before

    return spent


@pytest.mark.parametrize("name", ["three", "one of each", "several", "nothing"])
def test_axe_finds_nothing_at_any_level(show: Show, name: str) -> None:
    reviews = {
        "three": [samples.three()],
        "one of each": [hostile_samples.one_of_each()],
        "several": [samples.three(), samples.numbered(12)],
        "nothing": [samples.empty()],
    }[name]
    shown = show(reviews)
    open_folds(shown.page, 20, "details:not([open], .long)")
    for viewport, scheme in ((WIDE, "light"), (NARROW, "dark")):
        problems = violations(shown.look(viewport, scheme))
        assert not problems, f"{scheme}, {viewport}: {json.dumps(problems, indent=1)[:4000]}"


def test_text_from_a_plan_is_shown_and_not_run(show: Show) -> None:
    shown = show([hostile_samples.everything(), samples.three()])
    page = shown.page
    page.wait_for_timeout(300)
    assert page.title().startswith("Plan review: <script>")
    assert page.evaluate("document.querySelectorAll('main script, main img').length") == 0
    assert "<img src=x onerror=" in page.locator(".resources").first.inner_text()
    for viewport in (WIDE, NARROW):
        assert shown.look(viewport).evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert shown.errors == []
    assert shown.requests == [page.url]


def test_the_security_policy_stops_injected_content(show: Show) -> None:
    page = show([samples.three()]).page
    page.evaluate(
        """() => {
            const script = document.createElement('script');
            script.textContent = 'document.title = "run"';
            document.body.append(script);
            document.body.insertAdjacentHTML('beforeend', '<img src="https://example.invalid/x.png">');
        }"""
    )
    page.wait_for_timeout(200)
    assert page.title() == "Plan review: dev"


def test_the_filter_narrows_by_action_type_and_text(show: Show) -> None:
    page = show([samples.numbered(300)]).page
    assert found(page) == "300 of 300 shown"
    page.get_by_label("destroy 42").check()
    assert found(page) == "42 of 300 shown"
    assert visible_changes(page) == 42
    page.get_by_label("Type").select_option("aws_s3_bucket")
    assert found(page) == "8 of 300 shown"
    page.get_by_role("searchbox").first.fill('Team["2"] value-55-of')
    assert found(page) == "1 of 300 shown"
    assert page.locator(".resources .module:visible").count() == 1
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".found output").first).to_have_text("300 of 300 shown")  # a form resets asynchronously


def test_the_filter_finds_escaped_text(show: Show) -> None:
    page = show([hostile_samples.everything()]).page
    page.get_by_role("searchbox").first.fill("<IMG src=x")
    assert found(page).startswith("1 of ")
    page.get_by_role("searchbox").first.fill("onerror=\"document.title='run'\">")
    assert found(page).startswith("1 of ")
    page.get_by_role("searchbox").first.fill("class=")
    assert found(page).startswith("0 of ")


def test_it_works_by_keyboard(show: Show) -> None:
    page = show([samples.numbered(300)]).page
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.type("this[6]")
    assert found(page) == "1 of 300 shown"
    change = page.locator(".change:visible > summary").first
    change.focus()
    page.keyboard.press("Enter")
    assert "value-6-of-name-before" in page.locator(".change:visible").first.inner_text()
    page.keyboard.press("Space")
    assert not page.locator(".change:visible[open]").count()
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator(".found output").first).to_have_text("300 of 300 shown")


def test_tab_goes_through_findings_permissions_filter_and_changes_in_this_order(show: Show) -> None:
    page = show([samples.three()]).page
    visited = []
    for _ in range(17):
        page.keyboard.press("Tab")
        visited.append(
            page.evaluate(
                "document.activeElement.closest('section, form, .head').className"
                " + ' ' + document.activeElement.tagName"
            )
        )
    order = ["head A", " A", " SUMMARY", "filter INPUT", "filter SELECT", "filter BUTTON", "module SUMMARY"]
    places = [visited.index(place) for place in order]
    assert places == sorted(places)


def test_a_finding_links_to_its_change_even_if_the_filter_hides_it(show: Show) -> None:
    page = show([samples.numbered(2_000)]).page
    page.get_by_role("searchbox").first.fill("nothing has this")
    page.get_by_role("link", name='module.team["0"].aws_s3_bucket.this[0]', exact=True).first.click()
    change = page.locator(".change[open]")
    expect(change).to_have_count(1)
    assert "value-0-of-bucket-before" in change.inner_text()
    page.wait_for_function("document.activeElement.parentElement.open === true")
    expect(change.locator("> summary")).to_be_in_viewport()


def test_a_line_at_the_top_leads_to_its_finding_even_if_both_are_folded(show: Show) -> None:
    page = show([samples.numbered(4_000)]).page
    for fold in page.locator(".serious details > summary").all():
        fold.click()
    line = page.locator(".serious a").last
    target = page.locator(line.get_attribute("href") or "none")
    assert not target.is_visible()
    line.click()
    expect(target).to_be_in_viewport()


def test_the_headline_of_every_plan_has_at_most_three_lines(show: Show) -> None:
    losses = [
        resource(address, ("delete",), {"skip_final_snapshot": True}, None)
        for address in (
            "aws_db_instance.production",
            "aws_kms_key.production_data",
            "aws_s3_object.a",
            "aws_s3_object.b",
        )
    ]
    long = resource(f'module.m["{"long" * 30}"].aws_sagemaker_feature_group.b["{"key" * 30}"]', ("delete",), {}, None)
    reviews = [golden_review(name) for name in names()]
    reviews += [review(plan(*changes), NONE) for changes in (losses, [long], [long, *losses])]
    shown = show(reviews)
    for viewport in (WIDE, PHONE):
        lines = shown.look(viewport).evaluate(
            """[...document.querySelectorAll('.verdict')].map((each) => [
                each.textContent,
                Math.round(each.getBoundingClientRect().height / parseFloat(getComputedStyle(each).lineHeight))])"""
        )
        assert len(lines) == len(reviews) > 15
        assert not [(text, count) for text, count in lines if count > 3]


def test_open_all_opens_the_visible_changes(show: Show) -> None:
    page = show([samples.numbered(300)]).page
    page.get_by_label("destroy 42").check()
    page.get_by_role("button", name="Open all").click()
    assert page.locator(".change[open]").count() == 42
    page.get_by_role("button", name="Close all").click()
    assert page.locator(".change[open]").count() == 0


def test_a_long_value_is_behind_a_click(show: Show) -> None:
    page = show([hostile_samples.everything()]).page
    change = page.locator(".change").first
    change.locator("> summary").click()
    long = change.locator(".long").last
    assert not long.locator("pre").is_visible()
    long.locator("> summary").click()
    assert len(long.locator("pre").inner_text()) > 1_000


def test_without_scripts_everything_works_except_the_filter(show: Show) -> None:
    page = show([samples.numbered(300)], scripts=False).page
    assert page.locator(".change").count() == 303
    assert not page.locator(".filter").is_visible()
    change = page.locator(".change").first
    change.locator("> summary").click()
    assert change.locator("dl").is_visible()


def test_a_printed_small_plan_is_open_and_has_no_filter(show: Show) -> None:
    page = show([samples.three()]).page
    for summary in page.locator(".change > summary, .principal > summary").all():
        summary.click()
    assert not page.locator("details[open]").count()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    assert page.locator(".change dl:visible").count() == 3
    assert page.locator(".principal table").is_visible()
    assert not page.locator(".filter").is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not page.locator("details[open]").count()
    assert page.pdf().startswith(b"%PDF")


def test_ten_thousand_changes_open_and_filter_within_a_second(show: Show) -> None:
    page = show([samples.numbered(10_000)]).page
    spent = processor_seconds(page)
    page.reload()
    assert spent() < 1
    for text, expected in (("value-777-of", "1 of"), ("lambda", "2,000 of"), ("", "10,000 of")):
        page.get_by_role("searchbox").first.fill(text)
        assert found(page).startswith(expected)
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        assert spent() < 1
    page.evaluate("scrollTo(0, document.body.scrollHeight / 2)")
    page.wait_for_function("document.elementFromPoint(600, 450)?.closest('.change, .module')")
