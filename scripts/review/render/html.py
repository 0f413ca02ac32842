"""review.html: Reviews as one page that needs no network and runs only its own script.

The template and the fragments escape every text from a plan. If a text still got through, the page's security policy
would run only the script whose hash it names, and would send nothing anywhere (document.py).

The changes are in <noscript> elements, a hundred in each. Without scripts, a browser shows them. With scripts, they are
plain text, which costs almost nothing, until page.js turns those near the screen into elements. So a page with 10,000
changes opens at once.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model import ChangeView, Review, Severity, Status
from . import document, fragments, words

if TYPE_CHECKING:
    from jinja2 import Template

_HERE = Path(__file__).parent
_OPEN_CHANGES = 12  # up to this many changes, all of them are open at first

_LARGE = 500  # above this many changes, the browser lays out only what is on the screen


def html(reviews: Sequence[Review]) -> str:
    """Write the reviews as one page.

    Args:
        reviews: one for each plan; for several plans the page starts with a list.

    Returns:
        A whole HTML document, readable without scripts too.
    """
    pages = [_Page(place, review) for place, review in enumerate(reviews, start=1)]
    return _template().render(
        pages=pages,
        large=sum(len(review.changes) for review in reviews) > _LARGE,
        css=document.styles(_HERE / "page.css"),
        script=(_HERE / "page.js").read_text(encoding="utf-8"),
    )


@cache
def _template() -> "Template":
    environment = document.environment()
    for each in (fragments.changes, fragments.differences, fragments.lines, fragments.cards):
        environment.filters[each.__name__] = each
    environment.globals.update(words=words, plural=words.plural)
    return environment.get_template("page.html.j2")


@dataclass(frozen=True)
class _Page:
    """One review with everything that the template needs."""

    place: int
    review: Review

    @cached_property
    def real(self) -> list[ChangeView]:
        return words.real(self.review)

    @property
    def others(self) -> list[tuple[str, str, Sequence[ChangeView]]]:
        """The other sections of changes: title, prefix of their ids, changes."""
        sections = [
            ("Only reordered: the same policy or JSON in another order", "o", words.reordered(self.review)),
            ("In Terraform's state only", "s", words.state_only(self.review)),
            ("Changed outside of Terraform", "d", self.review.drift),
            ("Deferred to a later plan", "l", self.review.deferred),
        ]
        return [section for section in sections if section[2]]

    @cached_property
    def anchors(self) -> dict[str, str]:
        """The id of the change of each address, for links from findings."""
        return {change.address: f"c{self.place}-{place}" for place, change in enumerate(self.real)}

    @staticmethod
    def grouped(changes: Sequence[ChangeView]) -> list[tuple[str, list[tuple[int, ChangeView]]]]:
        """The changes of each module, each with its index among all changes."""
        modules: dict[str, list[tuple[int, ChangeView]]] = {}
        for place, change in enumerate(changes):
            modules.setdefault(change.module, []).append((place, change))
        return list(modules.items())

    @property
    def open(self) -> bool:
        return len(self.review.changes) <= _OPEN_CHANGES

    @cached_property
    def _groups(self) -> list[fragments.Group]:
        """The findings that remain after the apply, by rule."""
        return list(enumerate(words.by_rule(words.open_findings(self.review))))

    @property
    def serious(self) -> list[fragments.Group]:
        return [group for group in self._groups if group[1][0].severity >= Severity.HIGH]

    @property
    def findings(self) -> list[tuple[Severity, list[fragments.Group]]]:
        """The findings that remain after the apply, by severity and rule."""
        grouped = [
            (each, [group for group in self._groups if group[1][0].severity is each]) for each in reversed(Severity)
        ]
        return [(severity, groups) for severity, groups in grouped if groups]

    @cached_property
    def fixed(self) -> list[fragments.Group]:
        """The findings that the change fixes, by rule."""
        fixed = (finding for finding in self.review.findings if finding.status is Status.FIXED)
        return list(enumerate(words.by_rule(fixed), start=len(self._groups)))

    @property
    def fixed_count(self) -> int:
        return sum(len(listed) for _, listed in self.fixed)

    @property
    def actions(self) -> list[tuple[Any, int]]:
        """The actions in the filter, each with its number of changes, the most severe first."""
        return list(Counter(change.action for change in self.real).items())

    @property
    def types(self) -> list[tuple[str, int]]:
        return sorted(Counter(change.type for change in self.real).items())
