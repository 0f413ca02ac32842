"""review.html: Reviews as one page that asks nothing of a network and runs no script but its own.

What comes from a plan is escaped everywhere, by the template and by the pieces that it is filled with; were a text to
get through nevertheless, the page's policy would run no script but the one whose hash it names, and would let nothing
be sent anywhere: https://www.w3.org/TR/CSP3/

The changes stand in <noscript>s, a hundred in each. Without scripts a browser shows them; with them they are text,
which costs next to nothing, until page.js makes elements of those that come near the screen: so 10,000 changes open at
once.
"""

import base64
import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.review.model import Finding, Review, Severity, ShownChange, Status
from scripts.review.render import fragments, words

if TYPE_CHECKING:
    from jinja2 import Template

_HERE = Path(__file__).parent
_OPEN_CHANGES = 12  # a plan of no more than these is shown with every change open

_LARGE = 500  # changes above which the browser lays out no more than what is on the screen


def html(reviews: Sequence[Review]) -> str:
    """Write the reviews as one page.

    Args:
        reviews: one for each plan; several get a list at the top.

    Returns:
        A whole HTML document, readable without scripts too.
    """
    css, script = (_HERE / "page.css").read_text(), (_HERE / "page.js").read_text()
    pages = [_Page(place, review) for place, review in enumerate(reviews, start=1)]
    return _template().render(
        pages=pages,
        large=sum(len(review.changes) for review in reviews) > _LARGE,
        css=css,
        script=script,
        css_hash=_hash(css),
        script_hash=_hash(script),
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _template() -> "Template":
    import jinja2  # not at the start of a verb: most of them write no page

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for each in (fragments.name, fragments.prose, fragments.changes, fragments.differences, fragments.findings):
        environment.filters[each.__name__] = each
    environment.globals.update(words=words, plural=words.plural)
    return environment.get_template("page.html.j2")


@dataclass(frozen=True)
class _Page:
    """One review as the template asks for it."""

    place: int
    review: Review

    @cached_property
    def real(self) -> list[ShownChange]:
        return words.real(self.review)

    @property
    def others(self) -> list[tuple[str, str, Sequence[ShownChange]]]:
        """The other sections of changes: title, the start of their ids, what is in them."""
        sections = [
            ("In Terraform's state only", "s", words.state_only(self.review)),
            ("Changed outside of Terraform", "d", self.review.drift),
            ("Deferred to a later plan", "l", self.review.deferred),
        ]
        return [section for section in sections if section[2]]

    @cached_property
    def anchors(self) -> dict[str, str]:
        """The id of each address's change, by which a finding links to it."""
        return {change.address: f"c{self.place}-{place}" for place, change in enumerate(self.real)}

    @staticmethod
    def grouped(changes: Sequence[ShownChange]) -> list[tuple[str, list[tuple[int, ShownChange]]]]:
        """The changes of each module, each with its place among all of them."""
        modules: dict[str, list[tuple[int, ShownChange]]] = {}
        for place, change in enumerate(changes):
            modules.setdefault(change.module, []).append((place, change))
        return list(modules.items())

    @property
    def open(self) -> bool:
        return len(self.review.changes) <= _OPEN_CHANGES

    @property
    def findings(self) -> list[tuple[Severity, list[Finding]]]:
        """Those that hold after the apply, by severity."""
        still = words.open_findings(self.review)
        grouped = [(each, [finding for finding in still if finding.severity is each]) for each in reversed(Severity)]
        return [(severity, findings) for severity, findings in grouped if findings]

    @property
    def fixed(self) -> list[Finding]:
        return [finding for finding in self.review.findings if finding.status is Status.FIXED]

    @property
    def actions(self) -> list[tuple[Any, int]]:
        """What the filter offers: each action with how many changes have it, the heaviest first."""
        return list(Counter(change.action for change in self.real).items())

    @property
    def types(self) -> list[tuple[str, int]]:
        return sorted(Counter(change.type for change in self.real).items())

    @property
    def permission_counts(self) -> tuple[int, int]:
        return words.permission_counts(self.review.permissions)
