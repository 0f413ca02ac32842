"""Turns what a comparison found into the permissions that a review shows."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from scripts.policies import conditions
from scripts.policies.documents import ANYONE, Scope
from scripts.review.model import Permission
from scripts.review.permissions import risks
from scripts.review.permissions.comparison import Grant


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes permissions down.

    Attributes:
        masked: writes a text as it may be shown.
        place: writes an address as it may be shown.
        accounts: the account numbers that are the plan's own.
    """

    masked: Callable[[str], str]
    place: Callable[[str], str]
    accounts: Collection[str]

    def added(self, grants: Iterable[Grant], kind: str) -> tuple[Permission, ...]:
        """What can be done from now on; a Deny among it forbids no more."""
        return self._permissions(
            (
                grant,
                risks.of(grant, kind, self.accounts) if grant.effect == "Allow" else (risks.NO_LONGER_DENIED,),
                "so far only if" if grant.effect == "Allow" else "now only if",
                kind,
            )
            for grant in grants
        )

    def removed(self, grants: Iterable[Grant], kind: str) -> tuple[Permission, ...]:
        """What can be done no more; a Deny among it forbids from now on."""
        return self._permissions(
            (
                grant,
                () if grant.effect == "Allow" else (risks.NOW_DENIED,),
                "now only if" if grant.effect == "Allow" else "so far only if",
                kind,
            )
            for grant in grants
        )

    def _permissions(self, told: Iterable[tuple[Grant, tuple[str, ...], str, str]]) -> tuple[Permission, ...]:
        """One permission for each action; the resources of those that are otherwise alike together."""
        found: dict[tuple[str, str, str, tuple[str, ...]], list[str]] = {}
        for grant, notable, otherwise, kind in told:
            resource = self.masked(_resource(grant, kind))
            listed = found.setdefault((grant.effect, grant.action, _condition(grant, otherwise), notable), [])
            if resource not in listed:
                listed.append(resource)
        return tuple(
            Permission(effect, self.masked(action), ", ".join(listed), self.masked(condition), notable)
            for (effect, action, condition, notable), listed in found.items()
        )

    def who(self, principals: Scope) -> str:
        """Principals in words."""
        named = ", ".join(principals.patterns)
        return self.masked(f"everybody except {named}" if principals.negated else named)


def _resource(grant: Grant, kind: str) -> str:
    if kind == "trust" and grant.resources.patterns == (ANYONE,):
        return "this role"
    if grant.resources.negated:
        return f"everything except {', '.join((*grant.resources.patterns, *grant.excepted))}"
    named = ", ".join(grant.resources.patterns)
    return f"{named} except {', '.join(grant.excepted)}" if grant.excepted else named


def _condition(grant: Grant, otherwise: str) -> str:
    told = conditions.words(grant.conditions)
    if not grant.narrowed:
        return told
    other = f"{otherwise} {conditions.words(grant.narrowed)}"
    return f"{told}; {other}" if told else other
