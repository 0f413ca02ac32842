"""Formats the result of a comparison as the permissions that a review shows."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from ...policies import conditions
from ...policies.documents import ANYONE, Scope
from ..model import Permission
from . import risks
from .comparison import Grant


@dataclass(frozen=True, slots=True)
class PermissionFormatter:
    """Formats grants as permissions.

    Attributes:
        masked: masks a text for display.
        place: masks an address for display.
        accounts: the plan's own account numbers.
    """

    masked: Callable[[str], str]
    place: Callable[[str], str]
    accounts: Collection[str]

    def added(self, grants: Iterable[Grant], kind: str) -> tuple[Permission, ...]:
        """The permissions that are granted. A Deny among them no longer applies."""
        return self._permissions(
            (
                grant,
                risks.risk_marks(grant, kind, self.accounts) if grant.effect == "Allow" else (risks.NO_LONGER_DENIED,),
                "previously only if" if grant.effect == "Allow" else "now only if",
                kind,
            )
            for grant in grants
        )

    def removed(self, grants: Iterable[Grant], kind: str) -> tuple[Permission, ...]:
        """The permissions that are revoked. A Deny among them is new."""
        return self._permissions(
            (
                grant,
                () if grant.effect == "Allow" else (risks.NOW_DENIED,),
                "now only if" if grant.effect == "Allow" else "previously only if",
                kind,
            )
            for grant in grants
        )

    def _permissions(self, rows: Iterable[tuple[Grant, tuple[str, ...], str, str]]) -> tuple[Permission, ...]:
        """One permission for each action. Grants that differ only in their resources become one."""
        found: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
        for grant, marks, change_words, kind in rows:
            resource = self.masked(_resource(grant, kind))
            listed = found.setdefault((grant.effect, grant.action, _condition(grant, change_words), marks), [])
            if resource not in listed:
                listed.append(resource)
        return tuple(
            Permission(effect, self.masked(action), ", ".join(listed), self.masked(condition), marks)
            for (effect, action, condition, marks), listed in found.items()
        )

    def principals_text(self, principals: Scope) -> str:
        """Principals as text."""
        named = ", ".join(principals.patterns)
        return self.masked(f"everybody except {named}" if principals.negated else named)


def _resource(grant: Grant, kind: str) -> str:
    if kind == "trust" and grant.resources.patterns == (ANYONE,):
        return "this role"
    if grant.resources.negated:
        return f"everything except {', '.join((*grant.resources.patterns, *grant.excepted))}"
    named = ", ".join(grant.resources.patterns)
    return f"{named} except {', '.join(grant.excepted)}" if grant.excepted else named


def _condition(grant: Grant, change_words: str) -> str:
    text = conditions.describe(grant.conditions)
    if not grant.narrowed:
        return text
    other = f"{change_words} {conditions.describe(grant.narrowed)}"
    return f"{text}; {other}" if text else other
