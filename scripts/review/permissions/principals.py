"""Finds out how a plan changes the permissions of each principal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...policies.documents import InvalidPolicyError, Scope, Statement, statements
from ..model import NOTHING, Change, Permission, Plan, PrincipalChange
from ..secrets.mask import Mask
from ..secrets.shown import said
from . import resources, risks, unknown_policies
from .boundary import NotExpressibleError, within
from .comparison import Grant, compare
from .formatting import PermissionFormatter
from .identities import HOLDERS, Document, Holder, holders
from .new_principals import NewPrincipals
from .plan_values import SIDES, UNKNOWN, Directory

_ON_POLICY_RESOURCES = said("the resources in that policy")
_ON_GROUP_RESOURCES = said("the resources in its policies")
_NAME_ATTRIBUTES = {
    **dict.fromkeys(HOLDERS.values(), "name"),
    "aws_iam_policy": "arn",
    unknown_policies.DOCUMENT: "id",
}


def changes(plan: Plan, mask: Mask) -> tuple[PrincipalChange, ...]:
    """Compare the permissions of every principal, and those on every resource with a policy.

    Args:
        plan: the plan.
        mask: masks texts for display.

    Returns:
        The principals whose permissions change or are unknown before the apply: first roles, users, groups and
        policies, then those who may assume a role, then those with access to a resource; each in the plan's order.
        Access to a resource that is destroyed is left out.
    """
    formatter = PermissionFormatter(mask, resources.accounts(plan))
    gone = resources.gone_arns(plan.changes)
    reader = _Reader(Directory(plan, _NAME_ATTRIBUTES), formatter, NewPrincipals(plan, formatter.accounts), gone)
    found = [change for holder in holders(plan, reader.directory) for change in reader.of_holder(holder)]
    trust, attribute = resources.TRUST
    destroyed = resources.destroyed_names(plan.changes)
    staying = [change for change in plan.changes if not resources.removes_resource(change, destroyed)]
    for change in staying:
        if change.type == trust:
            found += reader.of_resource(change, attribute, "trust")
    for change in staying:
        name = resources.attribute(change, reader.directory)
        if name:
            found += reader.of_resource(change, name, "endpoint" if "vpc_endpoint" in change.type else "resource")
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """The result of comparing policies before and after the plan.

    Attributes:
        added: what is allowed only after the plan.
        removed: what was allowed only before it.
        unknown: why some policies are unknown.
        known: the known statements of those policies.
        before: every statement before the plan.
    """

    added: tuple[Grant, ...]
    removed: tuple[Grant, ...]
    unknown: tuple[str, ...]
    known: tuple[Statement, ...]
    before: tuple[Statement, ...] = ()


_Sides = Mapping[str, Mapping[str, Document]]
_Limits = Mapping[str, tuple[Statement, ...] | None]
_NO_LIMITS: _Limits = dict.fromkeys(SIDES)


class _Reader:
    """Compares policies and formats the result."""

    def __init__(
        self, directory: Directory, formatter: PermissionFormatter, new: NewPrincipals, gone: frozenset[str]
    ) -> None:
        self.directory = directory
        self.formatter = formatter
        self.new = new
        self.gone = gone

    def of_holder(self, holder: Holder) -> Iterator[PrincipalChange]:
        """The permission change of a role, user, group or policy."""
        try:
            compared = self._compare(holder.documents, _limits(holder))
            bound, outer = "within the permissions boundary {}", None
        except NotExpressibleError:
            compared = self._compare(holder.documents)
            bound, outer = "permissions boundary {} not subtracted", holder.boundary
        added = (
            *self.formatter.added(compared.added, "identity", compared.before),
            *self._managed(holder, "after", "before"),
            *self._joined(holder, "after", "before"),
            *self._boundary(outer, "before", risks.NO_LONGER_DENIED),
        )
        removed = (
            *self.formatter.removed(compared.removed, "identity"),
            *self._managed(holder, "before", "after"),
            *self._joined(holder, "before", "after"),
            *self._boundary(outer, "after", risks.NOW_DENIED),
        )
        unknown = "; ".join(dict.fromkeys((*holder.unknown, *compared.unknown)))
        if added or removed or unknown:
            yield PrincipalChange(
                principal=self.formatter.masked(f"{holder.kind}/{holder.name}{_boundary_note(holder, bound)}"),
                kind="identity",
                place=self.formatter.mask.address(holder.place),
                added=added,
                removed=removed,
                unknown=self.formatter.masked(unknown),
                known=self.formatter.added(compare((), compared.known)[0], "identity"),
                policies=tuple(self.formatter.mask.address(each) for each in holder.policies()),
                is_new=(holder.resource or holder.kind == "policy") and self.new.holds(holder.place),
            )

    def of_resource(self, change: Change, attribute: str, kind: str) -> Iterator[PrincipalChange]:
        """The permission changes of a resource's policy, one for each principal."""
        sides = {
            side: {change.address: Document(resources.text(change, side, attribute), change, attribute)}
            for side in SIDES
        }
        compared = self._compare(sides)
        # A Deny that ends together with what it protects leaves nothing open.
        ended = [each for each in compared.added if each.effect == "Deny" and self._is_gone(each)]
        added = _by_principal(each for each in compared.added if each not in ended)
        removed = _by_principal(compared.removed)
        for who in dict.fromkeys((*added, *removed)):
            yield PrincipalChange(
                principal=self.formatter.principals_text(who),
                kind="trust" if kind == "trust" else "resource",
                place=self.formatter.mask.address(change.address),
                added=self.formatter.added(added.get(who, ()), kind, compared.before),
                removed=self.formatter.removed(removed.get(who, ()), kind),
                is_new=self._is_new(change, kind, who, bool(added.get(who))),
            )
        if compared.unknown:
            known = _by_principal(compare((), compared.known)[0])
            for who, grants in (known or {Scope((UNKNOWN.value,)): []}).items():
                yield PrincipalChange(
                    principal=self.formatter.principals_text(who),
                    kind="trust" if kind == "trust" else "resource",
                    place=self.formatter.mask.address(change.address),
                    unknown=self.formatter.masked("; ".join(compared.unknown)),
                    known=self.formatter.added(grants, kind),
                    is_new=self._is_new(change, kind, who, granted=True),
                )

    def _is_gone(self, grant: Grant) -> bool:
        return not grant.resources.negated and resources.is_about(grant.resources.patterns, self.gone)

    def _is_new(self, change: Change, kind: str, who: Scope, granted: bool) -> bool:
        """Whether an entry belongs to a new resource. A VPC endpoint's policy only limits, and so does a Deny."""
        limits = kind == "endpoint" or not granted
        return self.new.gets(change, Scope(()) if limits else who)

    def _boundary(self, boundary: Mapping[str, Any] | None, side: str, mark: str) -> tuple[Permission, ...]:
        """A Deny of everything that a boundary does not allow, if it is added or removed and cannot be subtracted."""
        if boundary is None or boundary[side] is None or boundary["before"] == boundary["after"]:
            return ()
        denied = self.formatter.masked(f"everything except what {_policy_name(boundary[side])} allows")
        return (Permission("Deny", denied, said("*"), NOTHING, (mark,)),)

    def _joined(self, holder: Holder, side: str, other: str) -> tuple[Permission, ...]:
        """Groups that are not in the plan: their names are known, their permissions are not."""
        return tuple(
            Permission("Allow", self.formatter.masked(f"everything that group/{name} allows"), _ON_GROUP_RESOURCES)
            for name in sorted(holder.joined[side] - holder.joined[other])
        )

    def _managed(self, holder: Holder, side: str, other: str) -> tuple[Permission, ...]:
        """Policies that are not in the plan: their names are known, their permissions are not."""
        arns = sorted(holder.managed[side] - holder.managed[other])
        return tuple(
            Permission(
                "Allow", self.formatter.masked(_policy_name(arn)), _ON_POLICY_RESOURCES, NOTHING, _risks(arn, side)
            )
            for arn in arns
        )

    def _compare(self, sides: _Sides, limits: _Limits = _NO_LIMITS) -> _Comparison:
        """Compare the documents of both sides, each limited by its permissions boundary.

        Raises:
            NotExpressibleError: the intersection with a boundary cannot be written as statements.
        """
        before, after = (sides[side] for side in SIDES)
        if _texts(before) == _texts(after) and limits["before"] == limits["after"]:
            return _Comparison((), (), (), ())
        held: dict[str, list[Statement]] = {side: [] for side in SIDES}
        unknown: list[str] = []
        known: list[Statement] = []
        for place in dict.fromkeys((*before, *after)):
            try:
                texts = [_statements(sides[side].get(place)) for side in SIDES]
            except InvalidPolicyError as error:
                unknown.append(f"{place}: invalid policy: {error}")
                continue
            if texts[1] is None:
                document = after[place]
                unknown.append(unknown_policies.reason(document.change, document.attribute, self.directory))
                known += unknown_policies.known_statements(document.change, document.attribute, self.directory)
                continue
            for side, found in zip(SIDES, texts, strict=True):
                held[side] += found or ()
        before_statements, after_statements = (_within(held[side], limits[side]) for side in SIDES)
        added, removed = compare(before_statements, after_statements)
        return _Comparison(added, removed, tuple(unknown), tuple(known), before_statements)


def _risks(arn: str, side: str) -> tuple[str, ...]:
    """The risks of an AWS managed policy that is attached."""
    is_added = side == "after" and ":aws:policy/" in arn
    return risks.WIDE_MANAGED_POLICIES.get(arn.rpartition("/")[2], ()) if is_added else ()


def _limits(holder: Holder) -> _Limits:
    """The statements of a permissions boundary on each side.

    Raises:
        NotExpressibleError: the plan does not contain them.
    """
    found: dict[str, tuple[Statement, ...] | None] = {}
    for side, boundary in holder.boundary.items():
        try:
            limit = _statements(holder.limits.get(side)) if side in holder.limits else None
        except InvalidPolicyError:
            limit = None
        if limit is None and boundary is not None:
            raise NotExpressibleError
        found[side] = limit
    return found


def _within(held: Sequence[Statement], limit: tuple[Statement, ...] | None) -> tuple[Statement, ...]:
    return tuple(held) if limit is None else within(held, limit)


def _boundary_note(holder: Holder, bound: str) -> str:
    """A note about a holder's permissions boundary, such as ` (within the permissions boundary policy/limit)`."""
    boundary = holder.boundary["after"]
    return "" if boundary is None else f" ({bound.format(_policy_name(boundary))})"


def _texts(side: Mapping[str, Document]) -> list[Any]:
    return [document.text for document in side.values() if document.text is not None]


def _statements(document: Document | None) -> tuple[Statement, ...] | None:
    """The statements of a document; None if they are known only after the apply."""
    if document is None or document.text is None:
        return ()
    if document.text is UNKNOWN:
        return None
    if not isinstance(document.text, str | Mapping):
        raise InvalidPolicyError("it is neither text nor a JSON object")
    return statements(document.text)


def _by_principal(grants: Iterable[Grant]) -> dict[Scope, list[Grant]]:
    found: dict[Scope, list[Grant]] = {}
    for grant in grants:
        found.setdefault(grant.principals, []).append(grant)
    return found


def _policy_name(arn: Any) -> str:
    """A policy's name, such as `policy/AdministratorAccess`."""
    if not isinstance(arn, str):
        return f"policy {UNKNOWN.value}"
    return f"policy/{arn.rpartition('/')[2]}"
