"""HTML fragments of the page: escaped texts, and parts that are too many for the slower template.

Every text from a plan passes through `name`, `prose` or `value`, which escape it. Everything around it is our own text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from markupsafe import Markup

from ...core.printable import visible
from ..model import ChangeView, Difference, Finding
from . import words
from .escaping import is_page

_LONG = Markup('<details class="long"><summary>{}… <span>{:,} characters</span></summary><pre>{}</pre></details>')
_CODE = re.compile(r"`([^`]+)`")
_SHORT = 160  # a longer value is collapsed behind a click


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


def findings(listed: Iterable[Finding], anchors: Mapping[str, str], level: int) -> Markup:
    """Findings, each with a link to its resource.

    Args:
        listed: the findings.
        anchors: the id of the change of each address.
        level: the level of their headings.
    """
    return Markup("".join(_finding(each, anchors.get(each.address, ""), level) for each in listed))  # noqa: S704 - as above


def _finding(finding: Finding, anchor: str, level: int) -> str:
    severity = finding.severity.name.lower()
    address = f'<code dir="auto">{name(finding.address)}</code>'
    linked = f'<a href="#{anchor}">{address}</a>' if anchor else address
    return (
        f'<li class="finding {severity}">\n'
        f'<p class="meta"><span class="severity">{severity}</span> '
        f'<span class="status">{finding.status.value}</span></p>\n'
        f"<h{level}>{linked}</h{level}>\n"
        f'<p class="what">{prose(finding.what)}</p>\n'
        f"{_rule(finding.rule, finding.why, finding.fix, finding.page)}</li>\n"
    )


@lru_cache(maxsize=4096)
def _rule(rule: str, why: str, fix: str, page: str) -> str:
    link = f'<a href="{name(page)}" rel="noreferrer">{name(page.removeprefix("https://"))}</a>'
    return (
        f'<p class="why">{prose(why)}</p>\n'
        f'<p class="fix"><b>Fix</b> {prose(fix)}</p>\n'
        f'<p class="rule"><code>{name(rule)}</code> {link if is_page(page) else name(page)}</p>\n'
    )
