"""Finds the policies of every role, user and group, before the plan and after it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..model import Change, Plan
from .plan_values import (
    SIDES,
    UNKNOWN,
    Directory,
    Unknown,
    exists,
    has_unknown_items,
    join_references,
    value,
)

HOLDERS = {"role": "aws_iam_role", "user": "aws_iam_user", "group": "aws_iam_group"}
_KINDS = {kind: holder for holder, kind in HOLDERS.items()}
_INLINE = {f"aws_iam_{kind}_policy" for kind in HOLDERS}
_NAMES = {
    **{f"aws_iam_{kind}_policy{suffix}": ((kind, kind),) for kind in HOLDERS for suffix in ("", "_attachment")},
    "aws_iam_policy_attachment": tuple((f"{kind}s", kind) for kind in HOLDERS),
}
"""The attributes in which a resource names the holders of its policy, and the holders' kind."""

_MEMBERSHIPS = {
    "aws_iam_group_membership": ("users", "group"),
    "aws_iam_user_group_membership": ("user", "groups"),
}
"""The attributes in which a resource names users and their groups."""


@dataclass(frozen=True, slots=True)
class Document:
    """A policy's text on one side.

    Attributes:
        text: the JSON; UNKNOWN, or another value that the plan has in its place.
        change: the resource that contains it.
        attribute: the attribute that contains it.
    """

    text: Any
    change: Change
    attribute: str


@dataclass(slots=True)
class Holder:
    """A role, user, group, or a policy that nobody in the plan holds.

    Attributes:
        kind: `role`, `user`, `group` or `policy`.
        name: its name; its address if the name is unknown.
        place: its address, or the address of one of its policies if it is not in the plan.
        resource: whether it is in the plan.
        documents: for each side, its policies by their address.
        managed: for each side, the ARNs of policies that are not in the plan.
        attachments: the addresses of the resources that attach those.
        groups: for each side, the groups of a user.
        joined: for each side, the groups that are not in the plan, if this user's policies or groups change.
        boundary: for each side, the ARN of the permissions boundary; UNKNOWN, or None if there is none. A holder that
            exists only on one side has the same boundary on both.
        limits: for each side, the boundary's text if it is in the plan.
        unknown: why some policies are unknown before the apply.
    """

    kind: str
    name: str
    place: str
    resource: bool = False
    documents: dict[str, dict[str, Document]] = field(default_factory=lambda: {side: {} for side in SIDES})
    managed: dict[str, set[str]] = field(default_factory=lambda: {side: set() for side in SIDES})
    attachments: list[str] = field(default_factory=list)
    groups: dict[str, list["Holder"]] = field(default_factory=lambda: {side: [] for side in SIDES})
    joined: dict[str, set[str]] = field(default_factory=lambda: {side: set() for side in SIDES})
    boundary: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(SIDES))
    limits: dict[str, Document] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def differs(self) -> bool:
        """Whether its own policies or its groups change."""
        texts = [{place: document.text for place, document in self.documents[side].items()} for side in SIDES]
        names = [(self.managed[side], {group.name for group in self.groups[side]}) for side in SIDES]
        return texts[0] != texts[1] or names[0] != names[1]

    def policies(self) -> Iterator[str]:
        """The addresses of the resources that give it policies after the plan."""
        yield from dict.fromkeys(
            (*(each.change.address for each in self.documents["after"].values()), *self.attachments)
        )

    def add_group_policies(self) -> None:
        """Add the policies of the groups. If only a group's policies change, the change is reported for the group."""
        if not any(self.groups.values()) or not self.differs():
            return
        for side in SIDES:
            for group in self.groups[side]:
                self.documents[side] |= group.documents[side]
                self.managed[side] |= group.managed[side]
                self.unknown += group.unknown
                self.joined[side] |= set() if group.resource else {group.name}


def holders(plan: Plan, directory: Directory) -> Iterable[Holder]:
    """All holders of policies in the plan, and all policies without a holder in the plan.

    Args:
        plan: the plan.
        directory: the plan's roles, users, groups and policies.
    """
    found = _Holders(directory)
    for change in plan.changes:
        found.read(change)
    for change in plan.changes:
        found.limit(change)
    for holder in found.all.values():
        holder.add_group_policies()
    held = {place for holder in found.all.values() for side in SIDES for place in holder.documents[side]}
    for change in plan.changes:
        if change.type == "aws_iam_policy" and change.address not in held:
            holder = found.of("policy", change)
            for side in SIDES:
                found.add_document(holder, side, change)
    return found.all.values()


class _Holders:
    """Collects holders and their policies."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.all: dict[str, Holder] = {}

    def read(self, change: Change) -> None:
        """Collect the holders and policies of one resource."""
        for attribute, kind in _NAMES.get(change.type, ()):
            for side in SIDES:
                for holder in self._holders_named(change, side, attribute, kind):
                    if change.type in _INLINE:
                        self.add_document(holder, side, change)
                    else:
                        self._attach(holder, side, change, value(change, side, "policy_arn"))
        if change.type in _MEMBERSHIPS:
            for side in SIDES:
                users, groups = _MEMBERSHIPS[change.type]
                joined = list(self._holders_named(change, side, groups, "group"))
                for user in self._holders_named(change, side, users, "user"):
                    user.groups[side] += joined
        if change.type in _KINDS:
            self._read_own_policies(change)

    def of(self, kind: str, change: Change) -> Holder:
        """The holder for a resource of the plan."""
        if change.address not in self.all:
            name = value(change, "after", "name") or value(change, "before", "name")
            called = name if isinstance(name, str) else change.address
            self.all[change.address] = Holder(kind, called, change.address, resource=True)
        return self.all[change.address]

    def add_document(self, holder: Holder, side: str, change: Change) -> None:
        """Add the policy in a resource to a holder."""
        if exists(change, side):
            holder.documents[side][change.address] = Document(value(change, side, "policy"), change, "policy")

    def _holders_named(self, change: Change, side: str, attribute: str, kind: str) -> Iterator[Holder]:
        """The holders that an attribute names, or refers to if their names are unknown."""
        named = value(change, side, attribute) if exists(change, side) else None
        if named is UNKNOWN or has_unknown_items(change, side, attribute):
            found = list(self.directory.referred(change, attribute, HOLDERS[kind]))
            if len(found) == 1:
                yield self.of(kind, found[0])
            else:
                expression = join_references(self.directory.references(change, attribute))
                called = f"{expression} {UNKNOWN.value}".lstrip()
                yield self.all.setdefault(f"{kind}/{called}", Holder(kind, called, change.address))
        for name in named if isinstance(named, list) else [named]:
            if isinstance(name, str):
                known = self.directory.named(HOLDERS[kind], name)
                yield (
                    self.of(kind, known)
                    if known
                    else self.all.setdefault(f"{kind}/{name}", Holder(kind, name, change.address))
                )

    def _attach(self, holder: Holder, side: str, change: Change, arn: Any) -> None:
        """Add the policy with an ARN to a holder."""
        if arn is UNKNOWN:
            policies = list(self.directory.referred(change, "policy_arn", "aws_iam_policy"))
            if len(policies) == 1:
                self.add_document(holder, side, policies[0])
            else:
                expression = join_references(self.directory.references(change, "policy_arn"))
                holder.unknown.append(
                    f"{change.address} attaches a policy that is known after apply{expression and f': {expression}'}"
                )
        elif isinstance(arn, str):
            known = self.directory.named("aws_iam_policy", arn)
            if known:
                self.add_document(holder, side, known)
            else:
                holder.managed[side].add(arn)
                holder.attachments.append(change.address)

    def _read_own_policies(self, change: Change) -> None:
        """Collect the policies in a role's own attributes.

        The provider also copies policies of other resources there. Unless the configuration sets these attributes,
        equal values on both sides are such copies and are ignored.
        """
        for attribute in ("inline_policy", "managed_policy_arns"):
            sides = [value(change, side, attribute) for side in SIDES]
            mirrored = sides[0] == sides[1] or sides[1] is UNKNOWN
            if (mirrored and not self.directory.configured(change, attribute)) or not any(sides):
                continue
            holder = self.of(_KINDS[change.type], change)
            for side, entries in zip(SIDES, sides, strict=True):
                if entries is UNKNOWN:
                    holder.unknown.append(f"{change.address}: {attribute} is known after apply")
                for entry in entries if isinstance(entries, list) else ():
                    if isinstance(entry, Mapping):
                        self._add_inline_block(holder, side, change, entry)
                    elif isinstance(entry, str):
                        self._attach(holder, side, change, entry)

    def limit(self, change: Change) -> None:
        """Collect the permissions boundary of a resource that has policies, or whose boundary changes."""
        if change.type not in _KINDS:
            return
        lives = [side for side in SIDES if exists(change, side)]
        sides = {side: value(change, side, "permissions_boundary") or None for side in lives}
        changes = len(sides) == 2 and sides["before"] != sides["after"]
        if not any(sides.values()) or not (changes or change.address in self.all):
            return
        holder = self.of(_KINDS[change.type], change)
        holder.boundary = {side: sides.get(side, next(iter(sides.values()))) for side in SIDES}
        for side, arn in holder.boundary.items():
            policy = self._boundary(change, arn)
            if policy:
                text = value(policy, side, "policy") if exists(policy, side) else None
                holder.limits[side] = Document(text, policy, "policy")

    def _boundary(self, change: Change, arn: Any) -> Change | None:
        """The plan's policy that is a resource's boundary."""
        if arn is UNKNOWN:
            return next(self.directory.referred(change, "permissions_boundary", "aws_iam_policy"), None)
        return self.directory.named("aws_iam_policy", arn) if isinstance(arn, str) else None

    def _add_inline_block(self, holder: Holder, side: str, change: Change, entry: Mapping[str, Any]) -> None:
        """Add the policy of an `inline_policy` block to a holder. Without a text, it is known only after the apply."""
        name = entry.get("name")
        text: str | Unknown | None = entry.get("policy")
        if name is not None or text is not None:
            place = f"{change.address}: inline_policy {name}"
            text = UNKNOWN if text is None and side == "after" else text
            holder.documents[side][place] = Document(text, change, "inline_policy")
