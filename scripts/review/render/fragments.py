"""HTML fragments of the page: escaped texts, and parts that are too many for the slower template.

Every text from a plan passes through `name`, `prose` or `value`, which escape it. Everything around it is our own text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from markupsafe import Markup

from ...core.printable import visible
from ..model import ChangeView, Difference, Finding, Status
from . import words
from .escaping import is_page

_LONG = Markup('<details class="long"><summary>{}… <span>{:,} characters</span></summary><pre>{}</pre></details>')
_CODE = re.compile(r"`([^`]+)`")
_BREAK = re.compile(r"(?<=\w)([._])(?=\w)")
_SHORT = 160  # a longer value is collapsed behind a click
_MOST_LINES = 20  # of findings at the top; if there are more, each rule has one and a fold
_FOLDED = 2  # up to this many findings of a rule are never folded
_MOST_PLACES = 5  # resources of a card that are not folded

Group = tuple[int, list[Finding]]
"""The findings of one rule, with the number of their card."""


@lru_cache(maxsize=4096)  # most names occur often
def name(text: str) -> Markup:
    """A name or a sentence, escaped, with invisible characters made visible."""
    return Markup.escape(visible(text))


@lru_cache(maxsize=4096)
def prose(text: str) -> Markup:
    """A sentence, with text between backticks as code."""
    parts = [Markup.escape(part) for part in _CODE.split(visible(text))]
    parts[1::2] = [Markup("<code>{}</code>").format(part) for part in parts[1::2]]
    return Markup("").join(parts)


def headline(text: str) -> Markup:
    """A sentence whose long names may break after a dot or an underscore, so that it takes fewer lines."""
    return Markup(_BREAK.sub(r"\1<wbr>", str(prose(text))))  # noqa: S704 - escaped by prose


@lru_cache(maxsize=4096)
def value(text: str) -> Markup:
    """A value of an attribute; of a long one the start, with the whole behind a click."""
    whole = visible(text, keep="\n\t")
    if len(whole) <= _SHORT and "\n" not in whole:
        return Markup.escape(whole)
    start = " ".join(whole[: 2 * _SHORT].split())[: _SHORT - 40]
    return _LONG.format(start, len(text), whole)


def differences(listed: Sequence[Difference]) -> Markup:
    """The values of attributes before and after."""
    return Markup(f'<dl class="diff">{"".join(map(_difference, listed))}</dl>')  # noqa: S704 - escaped, part by part


@lru_cache(maxsize=16_384)
def _difference(difference: Difference) -> str:
    forces = ' <span class="tag forces">forces replacement</span>' if difference.forces_replacement else ""
    before = "" if difference.before is None else f"<dd><del>{value(difference.before)}</del></dd>"
    after = "" if difference.after is None else f"<dd><ins>{value(difference.after)}</ins></dd>"
    return f"<div><dt><code>{name(difference.path)}</code>{forces}</dt>{before}{after}</div>"


def changes(listed: Iterable[tuple[int, ChangeView]], section: str, opened: bool) -> Markup:
    """Changes of resources.

    Args:
        listed: the changes, each with its index in its section.
        section: the prefix of the ids in the section.
        opened: whether the changes are open at first.
    """
    state = " open" if opened else ""
    return Markup("".join(_change(each, f"{section}-{place}", state) for place, each in listed))  # noqa: S704 - as above


def _change(change: ChangeView, anchor: str, state: str) -> str:
    action, module = change.action.value, change.module
    address = name(change.address.removeprefix(f"{module}.") if module else change.address)
    facts = (
        ("moved", change.previous_address),
        ("imported", change.import_id),
        ("reverts drift", change.reverts_drift),
    )
    tags = "".join([f' <span class="tag">{tag}</span>' for tag, present in facts if present])
    whole = f'<p class="whole"><code>{name(change.address)}</code></p>' if module else ""
    notes = "".join([f'<p class="note">{name(note)}</p>' for note in words.notes(change)])
    listed = differences(change.differences) if change.differences else ""
    folded = f'<p class="note">{words.folded(change)}</p>' if change.folded else ""
    return (
        f'<details class="change"{state} id="{anchor}" data-action="{action}" data-type="{name(change.type)}">'
        f'<summary><b class="act {action}">{name(change.label)}</b> <code dir="auto">{address}</code>{tags}</summary>'
        f"{whole}{notes}{listed}{folded}</details>"
    )


def lines(groups: Sequence[Group], section: str) -> Markup:
    """One line for each finding, linked to its card. If there are many, those after a rule's first are folded.

    Args:
        groups: the findings of each rule, with the number of their card.
        section: the prefix of the ids of findings.
    """
    many = sum(len(listed) for _, listed in groups) > _MOST_LINES
    parts = []
    for number, listed in groups:
        texts = [_line(each, f"{section}-{number}-{place}") for place, each in enumerate(listed)]
        first = texts[:1] if many and len(texts) > _FOLDED else texts
        parts += first
        if len(first) < len(texts):
            summary = f"{len(texts) - 1:,} more {listed[0].severity.name.lower()}: {name(listed[0].title)}"
            more = "".join(texts[1:])
            parts.append(f'<li class="more"><details><summary>{summary}</summary><ul>{more}</ul></details></li>\n')
    return Markup("".join(parts))  # noqa: S704 - as above


def _line(finding: Finding, anchor: str) -> str:
    severity = finding.severity.name.lower()
    there = "" if finding.status is Status.NEW else f'<span class="status">{finding.status.value}</span> '
    address, what = (
        f'<code dir="auto">{name(finding.address)}</code>',
        f'<span class="what">{prose(finding.what)}</span>',
    )
    return (
        f'<li class="{severity}"><a href="#{anchor}"><span class="severity">{severity}</span> '
        f"<span>{address} {there}{what}</span></a></li>\n"
    )


def cards(groups: Iterable[Group], section: str, anchors: Mapping[str, str], level: int) -> Markup:
    """One card for each rule, with links to the resources that it reports.

    Args:
        groups: the findings of each rule, with the number of their card.
        section: the prefix of the ids of findings.
        anchors: the id of the change of each address.
        level: the level of their headings.
    """
    found = "".join(_card(listed, f"{section}-{number}", anchors, level) for number, listed in groups)
    return Markup(found)  # noqa: S704 - as above


def _card(listed: Sequence[Finding], prefix: str, anchors: Mapping[str, str], level: int) -> str:
    first = listed[0]
    severity = first.severity.name.lower()
    same = len({each.status for each in listed}) == 1
    places = [_place(each, f"{prefix}-{number}", anchors, same) for number, each in enumerate(listed)]
    count = f" {words.plural(len(listed), 'resource')}," if len(listed) > 1 else ""
    more = ""
    if len(places) > _MOST_PLACES + 1:
        left = len(places) - _MOST_PLACES
        more = (
            f'<details class="more"><summary>{left:,} more resources</summary>'
            f'<ul class="places">{"".join(places[_MOST_PLACES:])}</ul></details>\n'
        )
        places = places[:_MOST_PLACES]
    return (
        f'<li class="finding {severity}">\n'
        f'<p class="meta"><span class="severity">{severity}</span>'
        f'<span class="status">{count} {words.statuses(listed)}</span></p>\n'
        f"<h{level}>{prose(first.title)}</h{level}>\n"
        f'<ul class="places">{"".join(places)}</ul>\n{more}'
        f"{_rule(first.rule, first.why, first.fix, first.page)}</li>\n"
    )


def _place(finding: Finding, anchor: str, anchors: Mapping[str, str], same: bool) -> str:
    """A resource of a card: what changes there, and the finding's status if it is not the same for all of them."""
    address = f'<code dir="auto">{name(finding.address)}</code>'
    change = anchors.get(finding.address)
    linked = f'<a href="#{change}">{address}</a>' if change else address
    status = "" if same else f' <span class="status">{finding.status.value}</span>'
    return f'<li id="{anchor}">{linked}{status} <span class="what">{prose(finding.what)}</span></li>\n'


@lru_cache(maxsize=4096)
def _rule(rule: str, why: str, fix: str, page: str) -> str:
    link = f'<a href="{name(page)}" rel="noreferrer">{name(page.removeprefix("https://"))}</a>'
    return (
        f'<p class="why">{prose(why)}</p>\n'
        f'<p class="fix"><b>Fix</b> {prose(fix)}</p>\n'
        f'<p class="rule"><code>{name(rule)}</code> {link if is_page(page) else name(page)}</p>\n'
    )
