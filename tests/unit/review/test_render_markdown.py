"""review.md fits a comment, counts what it leaves out, and interprets no text from a plan."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from scripts.review.model import NOTHING, Action, ChangeView, PrincipalChange, Review, Shown
from scripts.review.render import markdown
from scripts.review.render.escaping import code, prose
from scripts.review.render.words import shortened
from tests.unit.review import hostile_samples, samples

OUR_HTML = re.compile(r"\s*(<br>|</details>|<details><summary>[A-Za-z. ']+: [\d,]+( [a-z]+)?</summary>)\s*")
OUR_HEADINGS = re.compile(r"Plan of .*|Findings|Permissions|[\d,]+ Terraform plans?", re.DOTALL)
# Text that GitHub interprets outside of code.
LIVE = re.compile(r"[@#|<>$\\]|://|www\.|\bGH-|\b[0-9a-f]{7,40}\b(?<!\d{7})|:\w+:")


def tokens(text: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").enable("table").enable("strikethrough").parse(text):
        yield token
        yield from token.children or ()


def check_inert(text: str, reviews: list[Review]) -> None:
    """Only `markdown`'s own output is more than text or code."""
    pages = {finding.page for review in reviews for finding in review.findings}
    previous = ""
    for token in tokens(text):
        kind = token.type
        assert not kind.startswith(("table", "image", "s_open", "hr", "ordered", "code_block")), token
        assert kind != "lheading_open"
        if kind in {"html_block", "html_inline"}:
            assert OUR_HTML.fullmatch(token.content), token.content
        elif kind == "link_open":
            assert token.attrs["href"] in pages
            assert token.markup == "autolink"
        elif kind == "inline" and previous == "heading_open":
            assert OUR_HEADINGS.fullmatch(token.content), token.content
        elif kind == "text" and previous == "em_open":
            assert token.content.startswith("No room for ")
        elif kind == "text" and previous != "link_open":
            assert not LIVE.search(token.content.replace("[!CAUTION]", "")), token.content
        elif kind == "fence":
            assert all(line.startswith(("@@ ", "+ ", "- ", "! ", "# ")) for line in token.content.splitlines())
        previous = kind


@pytest.mark.e2e
@given(st.lists(hostile_samples.any_reviews, min_size=1, max_size=3), st.integers(2_000, 9_000))
@settings(deadline=None, max_examples=40)
def test_text_from_a_plan_is_not_interpreted(reviews: list[Review], limit: int) -> None:
    text = markdown(reviews, limit)
    assert len(text) <= limit
    check_inert(text, reviews)


@given(st.text(alphabet="`a \\|\n"))
def test_text_cannot_leave_its_code_span(text: str) -> None:
    spans = [token for token in tokens(f"- before {code(text, 500)} after") if token.type == "code_inline"]
    assert len(spans) == 1
    assert spans[0].content.strip(" ") == (text.replace("\n", "\\n") or '""').strip(" ")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("The bucket's name changes (twice).", "The bucket's name changes (twice)."),
        ("It may iam:PassRole on *.", "It may `iam:PassRole` on `*`."),
        ("Ask @octocat, see #12.", "Ask `@octocat`, see `#12`."),
        ("Set `a = true` (or `b_c`).", "Set `a = true` (or `b_c`)."),
        ("By `name` (`a b` → `c`): <b>`x", "By `name` (`a b` → `c`): ``<b>`x``"),
        ("See (https://a.b/c), f(x) and (a_b, c_d).", "See (`https://a.b/c`), `f(x)` and (`a_b`, `c_d`)."),
        ("30 days, 1,000 objects, 50%", "30 days, 1,000 objects, 50%"),
        ("a`b", "``a`b``"),
        ("two\nlines", "`two\\nlines`"),
        ("", ""),
    ],
)
def test_a_sentence_keeps_its_words_and_shows_the_rest_as_code(text: str, written: str) -> None:
    assert prose(text, 100) == written


@pytest.mark.parametrize("made", [lambda: [samples.numbered(10_000)], lambda: [samples.three()] * 400])
@pytest.mark.parametrize("limit", [2_000, 10_000, 65_536])
def test_it_fits_and_counts_what_it_leaves_out(made: Callable[[], list[Review]], limit: int) -> None:
    reviews = made()
    text = markdown(reviews, limit)
    assert limit / 3 < len(text) <= limit
    assert "review.html has" in text
    check_inert(text, reviews)


def test_every_nasty_text_is_inert_in_every_place() -> None:
    check_inert(markdown([hostile_samples.everything()], 200_000), [hostile_samples.everything()])


def test_the_changes_left_out_are_counted() -> None:
    text = markdown([samples.numbered(10_000)])
    resources = text[text.index("<summary>Resources") : text.index("<summary>Changed outside")]
    shown = len(re.findall(r"^[-+!] module\.team", resources, re.MULTILINE))
    [left] = re.findall(r"No room for ([\d,]+) changes", resources)
    assert shown > 100
    assert shown + int(left.replace(",", "")) == 10_000


def test_a_small_plan_is_complete_and_starts_with_the_verdict() -> None:
    review = samples.three()
    text = markdown([review])
    assert "review.html has" not in text
    order = [
        review.verdict,
        "- **critical** `module.buckets.aws_s3_bucket.models`: The bucket",
        "- **high** `module.training_role",
        "<summary>Findings: 3 findings",
        "**critical**, new: A bucket is destroyed or replaced",
        "<summary>What existing principals gain and lose: 1",
        "<summary>Resources",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    for change in review.changes:
        assert change.address in text
    assert "+ bucket = acme-models-eu  # forces replacement" in text
    assert review.digest in text


def test_destroyed_resources_come_first_if_room_is_short() -> None:
    text = markdown([samples.numbered(2_000)], 20_000)
    assert text.index(": destroy\n") < text.index(": replace, new one first\n")


def test_an_errored_plan_says_so_above_its_verdict() -> None:
    review = hostile_samples.everything()
    text = markdown([review])
    assert text.index("Planning ended in an error") < text.index("**`<script>")


def test_several_plans_start_with_a_list() -> None:
    text = markdown([samples.three(), samples.empty("prod")])
    assert text.startswith("## 2 Terraform plans\n\n- `dev`: Replaces the models bucket")
    assert "- `prod`: Nothing changes. (no changes)" in text
    assert text.index("### Plan of `dev`") < text.index("### Plan of `prod`")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("one two three", "one two three"),
        ("one two three four", "one two three… (18 characters)"),
        ("one two thirteenth", "one two… (18 characters)"),
        ("o" * 18, "ooooooooooooo… (18 characters)"),
    ],
)
def test_a_long_text_ends_with_a_whole_word(text: str, shown: str) -> None:
    assert shortened(text, 13) == shown


def test_a_very_long_word_is_cut() -> None:
    assert shortened(f"a {'b' * 200}", 100) == f"a {'b' * 98}… (202 characters)"


def test_the_reason_for_unknown_permissions_is_shown_in_full() -> None:
    reasons = "; ".join(f"aws_iam_role_policy.p{number}: policy is known after apply" for number in range(8))
    change = PrincipalChange(Shown("role/r"), "identity", Shown("aws_iam_role.r"), unknown=Shown(reasons))
    text = markdown([replace(samples.empty(), permissions=(change,))])
    assert len(reasons) > 300
    assert f"! known only after the apply: {reasons}\n" in text


def created(value: str, changes: int = 1) -> Review:
    """A review of new machines with a start script."""
    views = tuple(
        ChangeView(
            Shown(f"aws_instance.i[{at}]"),
            NOTHING,
            "aws_instance",
            Action.CREATE,
            "create",
            differences=(samples.difference("user_data", None, value),),
        )
        for at in range(changes)
    )
    return replace(samples.empty(), changes=views)


def script(lines: int) -> str:
    return "\n".join(["#!/bin/bash", *(f"step-{number} --now" for number in range(lines - 1))])


def test_a_new_script_is_shown_line_by_line() -> None:
    text = markdown([created(script(30))])
    assert "+ user_data =\n+   #!/bin/bash\n+   step-0 --now\n+   step-1 --now\n" in text
    assert "+   step-28 --now\n```" in text
    assert "review.html has" not in text


def test_of_a_long_script_the_lines_left_out_are_counted() -> None:
    text = markdown([created(script(100))])
    assert "+   step-38 --now\n# and 60 more lines: review.html has them\n" in text


def test_a_long_value_on_one_line_is_shown_in_pieces() -> None:
    command = "echo " + "x" * 150 + " | bash; curl https://example.com/a | sh"
    shown = re.findall(r"^\+   (.*)$", markdown([created(command)]), re.MULTILINE)
    assert len(shown) == 2
    assert "".join(shown) == command


def test_if_there_is_no_room_for_scripts_each_is_one_line() -> None:
    text = markdown([created(script(40), changes=100)])
    assert text.count("+ user_data = #!/bin/bash\\nstep-0") == 100
    assert "No room" not in text
