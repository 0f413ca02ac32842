"""Formats the result of a comparison as the permissions that a review shows."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from ...policies import conditions
from ...policies.documents import ANYONE, Scope, Statement
from ..model import Permission, Shown
from ..secrets.mask import Mask
from . import risks
from .comparison import Grant
from .growth import growths

LOST = "previously only if "
"""Stands before a condition that a permission loses."""

_GAINED = "now only if "
_THIS_ROLE = "this role"


@dataclass(frozen=True, slots=True)
class PermissionFormatter:
    """Formats grants as permissions.

    Attributes:
        mask: masks texts for display.
        accounts: the plan's own account numbers.
    """

    mask: Mask
    accounts: Collection[str]

    def masked(self, text: str) -> Shown:
        """A text, masked for display."""
        return self.mask.sentence(self.mask.text(text))

    def added(self, grants: Iterable[Grant], kind: str, before: Iterable[Statement] = ()) -> tuple[Permission, ...]:
        """The permissions that are granted. A Deny among them no longer applies.

        Args:
            grants: what the plan adds.
            kind: `identity`, `trust`, `resource` or `endpoint`.
            before: every statement before the plan.
        """
        found = self._grouped(
            (
                grant,
                risks.risk_marks(grant, kind, self.accounts) if grant.effect == "Allow" else (risks.NO_LONGER_DENIED,),
                LOST if grant.effect == "Allow" else _GAINED,
            )
            for grant in grants
        )
        grown = growths(list(found.values()), before, _THIS_ROLE if kind == "trust" else "")
        return tuple(
            replace(
                self._permission(shared, each, kind),
                before=self.masked(growth.before),
                after=self.masked(growth.after),
            )
            for (shared, each), growth in zip(found.items(), grown, strict=True)
        )

    def removed(self, grants: Iterable[Grant], kind: str) -> tuple[Permission, ...]:
        """The permissions that are revoked. A Deny among them is new."""
        found = self._grouped(
            (
                grant,
                () if grant.effect == "Allow" else (risks.NOW_DENIED,),
                _GAINED if grant.effect == "Allow" else LOST,
            )
            for grant in grants
        )
        return tuple(self._permission(shared, each, kind) for shared, each in found.items())

    def _grouped(self, rows: Iterable[tuple[Grant, tuple[str, ...], str]]) -> dict["_Shared", list[Grant]]:
        """The grants of each permission: those that differ only in their resources."""
        found: dict[_Shared, list[Grant]] = {}
        for grant, marks, change_words in rows:
            shared = _Shared(grant.effect, grant.action, _condition(grant, change_words), marks)
            found.setdefault(shared, []).append(grant)
        return found

    def _permission(self, shared: "_Shared", grants: Iterable[Grant], kind: str) -> Permission:
        listed = dict.fromkeys(self.masked(_resource(grant, kind)) for grant in grants)
        resource = self.mask.sentence(", ".join(listed))  # a secret may span several
        return Permission(
            shared.effect, self.masked(shared.action), resource, self.masked(shared.condition), shared.marks
        )

    def principals_text(self, principals: Scope) -> Shown:
        """Principals as text."""
        named = ", ".join(principals.patterns)
        return self.masked(f"everybody except {named}" if principals.negated else named)


class _Shared(NamedTuple):
    """What the grants of one permission have in common."""

    effect: str
    action: str
    condition: str
    marks: tuple[str, ...]


def _resource(grant: Grant, kind: str) -> str:
    if kind == "trust" and grant.resources.patterns == (ANYONE,):
        return _THIS_ROLE
    if grant.resources.negated:
        return f"everything except {', '.join((*grant.resources.patterns, *grant.excepted))}"
    named = ", ".join(grant.resources.patterns)
    return f"{named} except {', '.join(grant.excepted)}" if grant.excepted else named


def _condition(grant: Grant, change_words: str) -> str:
    text = conditions.describe(grant.conditions)
    if not grant.narrowed:
        return text
    other = f"{change_words}{conditions.describe(grant.narrowed)}"
    return f"{text}; {other}" if text else other
