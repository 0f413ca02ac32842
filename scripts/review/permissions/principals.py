"""Goes through a plan's policies and says how what they permit changes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from scripts.policies.documents import NotAPolicyError, Scope, Statement, statements
from scripts.review.masking import Mask
from scripts.review.model import Change, Permission, Plan, PrincipalChange
from scripts.review.permissions import resources, risks, unknown_policies
from scripts.review.permissions.boundary import NotTellableError, within
from scripts.review.permissions.comparison import Grant, compare
from scripts.review.permissions.formatting import Teller
from scripts.review.permissions.identities import HOLDERS, Document, Holder, holders
from scripts.review.permissions.plan_values import SIDES, UNKNOWN, Directory

_CALLED = {
    **dict.fromkeys(HOLDERS.values(), "name"),
    "aws_iam_policy": "arn",
    unknown_policies.DOCUMENT: "id",
}


def changes(plan: Plan, mask: Mask) -> tuple[PrincipalChange, ...]:
    """How the permissions of every principal change, and those on every resource with a policy.

    Args:
        plan: the plan.
        mask: writes texts as they may be shown.

    Returns:
        Those whose permissions change or cannot be known before the apply: roles, users, groups and policies first,
        then who may take on a role, then who is let in to a resource; each in the plan's order. Who was let in to
        what is destroyed is left out.
    """
    reader = _Reader(Directory(plan, _CALLED), Teller(cache(mask.text), mask.address, resources.accounts(plan)))
    found = [change for holder in holders(plan, reader.directory) for change in reader.of_holder(holder)]
    trust, attribute = resources.TRUST
    gone = resources.gone(plan.changes)
    stay = [change for change in plan.changes if not resources.goes_along(change, gone)]
    for change in stay:
        if change.type == trust:
            found += reader.of_resource(change, attribute, "trust")
    for change in stay:
        name = resources.attribute(change, reader.directory)
        if name:
            found += reader.of_resource(change, name, "endpoint" if "vpc_endpoint" in change.type else "resource")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Compared:
    """What two sides of some policies come to.

    Attributes:
        added: what the other side did not have.
        removed: what it had besides.
        unknown: why some of it is not known.
        known: what is known of that.
    """

    added: tuple[Grant, ...]
    removed: tuple[Grant, ...]
    unknown: tuple[str, ...]
    known: tuple[Statement, ...]


_Sides = Mapping[str, Mapping[str, Document]]
_Limits = Mapping[str, tuple[Statement, ...] | None]
_NO_LIMITS: _Limits = dict.fromkeys(SIDES)


class _Reader:
    """Compares policies, and says what came of it."""

    def __init__(self, directory: Directory, teller: Teller) -> None:
        self.directory = directory
        self.teller = teller

    def of_holder(self, holder: Holder) -> Iterator[PrincipalChange]:
        """How what a role, user, group or policy permits changes."""
        try:
            compared = self._compared(holder.documents, _limits(holder))
            bound, outer = "within its boundary {}", None
        except NotTellableError:
            compared = self._compared(holder.documents)
            bound, outer = "limited by {}, not subtracted", holder.boundary
        added = (
            *self.teller.added(compared.added, "identity"),
            *self._managed(holder, "after", "before"),
            *self._joined(holder, "after", "before"),
            *self._boundary(outer, "before", risks.NO_LONGER_DENIED),
        )
        removed = (
            *self.teller.removed(compared.removed, "identity"),
            *self._managed(holder, "before", "after"),
            *self._joined(holder, "before", "after"),
            *self._boundary(outer, "after", risks.NOW_DENIED),
        )
        unknown = "; ".join(dict.fromkeys((*holder.unknown, *compared.unknown)))
        if added or removed or unknown:
            yield PrincipalChange(
                principal=self.teller.masked(f"{holder.kind}/{holder.name}{_bound(holder, bound)}"),
                kind="identity",
                place=self.teller.place(holder.place),
                added=added,
                removed=removed,
                unknown=self.teller.masked(unknown),
                known=self.teller.added(compare((), compared.known)[0], "identity"),
            )

    def of_resource(self, change: Change, attribute: str, kind: str) -> Iterator[PrincipalChange]:
        """How the policy on a resource changes whom it lets in, one by one."""
        sides = {
            side: {change.address: Document(resources.text(change, side, attribute), change, attribute)}
            for side in SIDES
        }
        compared = self._compared(sides)
        added, removed = _by_principal(compared.added), _by_principal(compared.removed)
        for who in dict.fromkeys((*added, *removed)):
            yield PrincipalChange(
                principal=self.teller.who(who),
                kind="trust" if kind == "trust" else "resource",
                place=self.teller.place(change.address),
                added=self.teller.added(added.get(who, ()), kind),
                removed=self.teller.removed(removed.get(who, ()), kind),
            )
        if compared.unknown:
            known = _by_principal(compare((), compared.known)[0])
            for who, grants in (known or {Scope((UNKNOWN.value,)): []}).items():
                yield PrincipalChange(
                    principal=self.teller.who(who),
                    kind="trust" if kind == "trust" else "resource",
                    place=self.teller.place(change.address),
                    unknown=self.teller.masked("; ".join(compared.unknown)),
                    known=self.teller.added(grants, kind),
                )

    def _boundary(self, boundary: Mapping[str, Any] | None, side: str, mark: str) -> tuple[Permission, ...]:
        """A Deny of all that a permissions boundary does not allow, where it comes or goes and is not subtracted."""
        if boundary is None or boundary[side] is None or boundary["before"] == boundary["after"]:
            return ()
        denied = self.teller.masked(f"all but what {_called(boundary[side])} allows")
        return (Permission("Deny", denied, "*", "", (mark,)),)

    def _joined(self, holder: Holder, side: str, other: str) -> tuple[Permission, ...]:
        """Groups that are not in the plan: what they permit is not known, which they are is."""
        return tuple(
            Permission("Allow", self.teller.masked(f"all that group/{name} may do"), "as its policies say")
            for name in sorted(holder.joined[side] - holder.joined[other])
        )

    def _managed(self, holder: Holder, side: str, other: str) -> tuple[Permission, ...]:
        """Policies that are not in the plan: what they permit is not known, who they are is."""
        arns = sorted(holder.managed[side] - holder.managed[other])
        return tuple(
            Permission(
                "Allow",
                self.teller.masked(_called(arn)),
                "as it says itself",
                "",
                risks.MANAGED.get(arn.rpartition("/")[2], ()) if side == "after" and ":aws:policy/" in arn else (),
            )
            for arn in arns
        )

    def _compared(self, sides: _Sides, limits: _Limits = _NO_LIMITS) -> _Compared:
        """What the documents of two sides come to, each within its limit.

        Raises:
            NotTellableError: there are no words for what a limit leaves.
        """
        before, after = (sides[side] for side in SIDES)
        if _texts(before) == _texts(after) and limits["before"] == limits["after"]:
            return _Compared((), (), (), ())
        held: dict[str, list[Statement]] = {side: [] for side in SIDES}
        unknown: list[str] = []
        known: list[Statement] = []
        for place in dict.fromkeys((*before, *after)):
            try:
                texts = [_statements(sides[side].get(place)) for side in SIDES]
            except NotAPolicyError as error:
                unknown.append(f"{place}: not a policy: {error}")
                continue
            if texts[1] is None:
                document = after[place]
                unknown.append(unknown_policies.why(document.change, document.attribute, self.directory))
                known += unknown_policies.recovered(document.change, document.attribute, self.directory)
                continue
            for side, found in zip(SIDES, texts, strict=True):
                held[side] += found or ()
        was, will = (_within(held[side], limits[side]) for side in SIDES)
        return _Compared(*compare(was, will), tuple(unknown), tuple(known))


def _limits(holder: Holder) -> _Limits:
    """What a permissions boundary allows and denies, on each side.

    Raises:
        NotTellableError: the plan does not say.
    """
    found: dict[str, tuple[Statement, ...] | None] = {}
    for side, boundary in holder.boundary.items():
        try:
            limit = _statements(holder.limits.get(side)) if side in holder.limits else None
        except NotAPolicyError:
            limit = None
        if limit is None and boundary is not None:
            raise NotTellableError
        found[side] = limit
    return found


def _within(held: Sequence[Statement], limit: tuple[Statement, ...] | None) -> tuple[Statement, ...]:
    return tuple(held) if limit is None else within(held, limit)


def _bound(holder: Holder, bound: str) -> str:
    """What is to be said of a holder's boundary."""
    boundary = holder.boundary["after"]
    return "" if boundary is None else f" ({bound.format(_called(boundary))})"


def _texts(side: Mapping[str, Document]) -> list[Any]:
    return [document.text for document in side.values() if document.text is not None]


def _statements(document: Document | None) -> tuple[Statement, ...] | None:
    """What a document says; None where only the apply will tell."""
    if document is None or document.text is None:
        return ()
    if document.text is UNKNOWN:
        return None
    if not isinstance(document.text, str | Mapping):
        raise NotAPolicyError("it is neither text nor a JSON object")
    return statements(document.text)


def _by_principal(grants: Iterable[Grant]) -> dict[Scope, list[Grant]]:
    found: dict[Scope, list[Grant]] = {}
    for grant in grants:
        found.setdefault(grant.principals, []).append(grant)
    return found


def _called(arn: Any) -> str:
    """A policy by its name, as in `policy/AdministratorAccess`."""
    if not isinstance(arn, str):
        return f"a policy {UNKNOWN.value}"
    return f"policy/{arn.rpartition('/')[2]}"
