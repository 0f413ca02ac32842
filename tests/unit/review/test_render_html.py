"""review.html is one file, treats no text from a plan as markup, and allows only its own script and style."""

import base64
import hashlib
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.review.model import Permission, PrincipalChange, Review, Severity, Shown, Status
from scripts.review.render import html
from tests.conftest import ROOT
from tests.unit.review import hostile_samples, samples

TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "script",
        "noscript",
        "body",
        "main",
        "article",
        "section",
        "nav",
        "div",
    ),
    *(
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "p",
        "b",
        "small",
        "span",
        "code",
        "pre",
        "del",
        "ins",
        "a",
        "details",
        "summary",
        "wbr",
    ),
    *("ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody", "tr", "th", "td"),
    *("form", "label", "input", "select", "option", "fieldset", "legend", "output", "button"),
}
EVENTS = re.compile("on|style$|src")


class PageParser(HTMLParser):
    """The tags, attributes and texts that a parser finds in the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.mark.e2e
@given(st.lists(hostile_samples.any_reviews, min_size=1, max_size=3))
@settings(deadline=None, max_examples=30)
def test_no_text_from_a_plan_is_markup(reviews: list[Review]) -> None:
    page = html(reviews)
    page.encode()
    parsed = PageParser(page)
    assert set(parsed.tags) <= TAGS
    assert parsed.tags.count("script") == parsed.tags.count("style") == 1
    assert not [name for name, _ in parsed.attributes if EVENTS.match(name)]
    pages = {finding.page for review in reviews for finding in review.findings}
    for name, value in parsed.attributes:
        assert name != "href" or value in pages or re.fullmatch(r"#(c\d+-\d+|f\d+-\d+-\d+|plan-\d+)", value or "")


def test_every_text_is_shown() -> None:
    shown = "".join(PageParser(html([hostile_samples.everything()])).text)
    for text in hostile_samples.NASTY:
        if text.isprintable():
            assert shown.count(text) > 8, text
    assert "\\u202egnp.exe\\u202c" in shown
    assert "\\u001b[2J" in shown


def test_the_policy_allows_the_page_its_own_script_and_style() -> None:
    page = html([samples.three()])
    for tag in ("script", "style"):
        [content] = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page
    assert "default-src 'none'" in page


def test_long_values_are_complete() -> None:
    page = html([hostile_samples.everything()])
    assert page.count("x" * 50_000) >= len(hostile_samples.NASTY)
    assert "50,000 characters" in page


def test_ids_are_unique_over_several_plans() -> None:
    page = html([samples.three(), hostile_samples.everything(), samples.three()])
    ids = [value for name, value in PageParser(page).attributes if name == "id"]
    assert len(ids) == len(set(ids)) > 10


def test_a_small_plan_is_open_and_a_large_one_closed() -> None:
    assert html([samples.three()]).count('" open id="c1-') == 3
    assert '" open id="c1-' not in html([samples.numbered(300)])


def test_each_serious_finding_has_a_line_that_leads_to_its_card() -> None:
    review = samples.numbered(300)
    parsed = PageParser(html([review]))
    serious = [each for each in review.findings if each.severity >= Severity.HIGH and each.status is not Status.FIXED]
    lines = [value[1:] for name, value in parsed.attributes if name == "href" and value and value.startswith("#f")]
    assert len(lines) == len(set(lines)) == len(serious) > 1
    assert set(lines) <= {value for name, value in parsed.attributes if name == "id"}


def test_findings_of_one_rule_are_one_card() -> None:
    found = tuple(samples.finding(Severity.HIGH, Status.NEW, f"aws_s3_bucket.b{number}") for number in range(90))
    other = samples.finding(Severity.HIGH, Status.THERE, "aws_s3_bucket.c", rule="s3-other")
    page = html([replace(samples.empty(), findings=(*found, other))])
    assert page.count('<li class="finding high">') == 2
    assert page.count("Keep all four settings") == 2
    assert "89 more high: A bucket may become public" in page
    assert "85 more resources" in page
    for each in found:
        assert page.count(each.address + "<") == 2  # its line and its place in the card


def test_what_the_plan_creates_is_apart_from_what_exists() -> None:
    [gains] = samples.three().permissions
    new = replace(gains, principal=Shown("role/brand-new"), is_new=True)
    page = html([replace(samples.three(), permissions=(new, gains))])
    places = [page.index(text) for text in ("What existing", "trainyard-dev-training", "What new", "role/brand-new")]
    assert places == sorted(places)
    assert "existing principals +2 -1; new principals +2 -1" in page


def test_a_permission_that_grows_is_shown_before_and_after() -> None:
    grown = [
        Permission("Allow", Shown(each), Shown("*"), Shown(""), marks, Shown("s3:GetObject on a"), Shown("s3:* on *"))
        for each, marks in (("s3:GetObject", ()), ("s3:* except s3:GetObject", ("on everything",)))
    ]
    change = PrincipalChange(Shown("role/r"), "identity", Shown("aws_iam_role.r"), added=tuple(grown))
    page = html([replace(samples.empty(), permissions=(change,))])
    assert page.count("<code>s3:GetObject on a</code> <span><b>→</b> <code>s3:* on *</code>") == 1
    assert page.count('<span class="tag mark">on everything</span>') == 1


def test_a_reordered_policy_is_in_a_section_of_its_own() -> None:
    changes = samples.three().changes
    page = html([replace(samples.three(), changes=(*changes[:2], replace(changes[2], reordered=True)))])
    assert page.index("Only reordered") < page.index('id="o1-0"') < page.index("aws_sns_topic.alerts")


@pytest.mark.e2e
def test_the_file_grows_linearly_with_its_plan() -> None:
    small, large = (len(html([samples.numbered(count)])) for count in (1_000, 4_000))
    assert large < 4.2 * small


def test_jinja2_is_not_loaded_before_a_page_is_written() -> None:
    code = "import sys, scripts.review.render; sys.exit('jinja2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
