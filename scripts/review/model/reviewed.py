"""The review of a plan. Every text of the plan in it is masked."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import NewType

from .plan import Action

Shown = NewType("Shown", str)
"""A text as a review may show it. Only the mask and `secrets/shown.py` make one, so mypy finds each text of a plan that
would reach a page without the mask."""

NOTHING = Shown("")


class Severity(IntEnum):
    """The severity of a finding. A plan with a new finding of HIGH or above applies only with an approval."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Status(StrEnum):
    """Whether the plan causes a finding, does not change it, or fixes it."""

    NEW = "new"
    THERE = "already there"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem that a rule reports for one resource. Every text is masked.

    Attributes:
        rule: the rule's id.
        severity: its severity.
        status: whether the plan causes it.
        address: the resource's address.
        title: what the rule reports, the same for all of its findings.
        what: what changes, in a sentence.
        why: why it matters.
        fix: what to do.
        page: the AWS or Terraform page that explains it.
    """

    rule: str
    severity: Severity
    status: Status
    address: Shown
    title: str
    what: Shown
    why: str
    fix: str
    page: str


@dataclass(frozen=True, slots=True)
class Permission:
    """One permission that a principal gains or loses.

    Attributes:
        effect: `Allow` or `Deny`.
        action: such as `s3:GetObject`; a wildcard if all of its actions change.
        resource: the resources it applies to; `*` for all.
        condition: as text; empty if there is none.
        marks: its risks: `escalates`, `on everything`, `lost condition`, `outside account`, `public` ….
        before: for a permission that grows: what is allowed before, as text; else empty.
        after: for a permission that grows: what is allowed after, `before` included; else empty.
    """

    effect: str
    action: Shown
    resource: Shown
    condition: Shown = NOTHING
    marks: tuple[str, ...] = ()
    before: Shown = NOTHING
    after: Shown = NOTHING


@dataclass(frozen=True, slots=True)
class PrincipalChange:
    """The permission change of one principal, or on one resource.

    Attributes:
        principal: the role, user or group with the policies; for a policy on a resource, the principal with access.
        kind: `identity`, `resource` or `trust`.
        place: the address of the role, bucket, key … with the policies.
        added: what it may do only after the plan; a Deny here is removed by the plan.
        removed: what it may do only before the plan; a Deny here is added by the plan.
        unknown: why its permissions are known only after the apply; empty if they are known.
        known: the known part of unknown permissions, from the policy document.
        policies: the addresses of its policies after the plan, if `place` is not the only one.
        is_new: the permissions belong to what the plan creates: a new role, or access to a new resource for an AWS
            service, the plan's own account or a new principal.
    """

    principal: Shown
    kind: str
    place: Shown
    added: tuple[Permission, ...] = ()
    removed: tuple[Permission, ...] = ()
    unknown: Shown = NOTHING
    known: tuple[Permission, ...] = ()
    policies: tuple[Shown, ...] = ()
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute's value before and after, masked for display.

    Attributes:
        path: such as `rule[0].apply_server_side_encryption_by_default.sse_algorithm`.
        before: its text; None if there was no value.
        after: its text, or `(known after apply)` or `(sensitive)`; None if no value is left.
        forces_replacement: whether it is in `replace_paths`.
    """

    path: Shown
    before: Shown | None
    after: Shown | None
    forces_replacement: bool = False


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change, masked for display.

    Attributes:
        address: the resource's address.
        module: its module; empty for the root module.
        type: the resource's type.
        action: what happens.
        label: the action as text, such as `replace, new one first`.
        why: why Terraform does so; empty if it gives no reason.
        previous_address: the address it moves from.
        import_id: the id it is imported with.
        differences: the attributes that change.
        folded: how many differences are noise and not shown.
        reverts_drift: the change only reverts a change made outside of Terraform.
        reordered: an update that changes only an order without meaning: of a policy's statements, of an object's keys.
    """

    address: Shown
    module: Shown
    type: str
    action: Action
    label: str
    why: Shown = NOTHING
    previous_address: Shown = NOTHING
    import_id: Shown = NOTHING
    differences: tuple[Difference, ...] = ()
    folded: int = 0
    reverts_drift: bool = False
    reordered: bool = False


@dataclass(frozen=True, slots=True)
class SuppressedFinding:
    """A finding that review.toml switches off, with the reason from that file."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Review:
    """The review of one plan. Every text is masked.

    Attributes:
        source: the plan's name.
        terraform_version: the Terraform that created it.
        verdict: the most important facts, short enough for a headline.
        summary: further facts, for which the verdict has no room and which no other field tells.
        counts: the number of changes by action, with `reordered`, `import` and `move`; without zeros.
        findings: the most severe first, new ones before those that were already there.
        suppressed: findings that review.toml switches off.
        permissions: the permission changes.
        changes: the changes in the plan's order, without no-ops unless they move or import.
        drift: changes made outside of Terraform.
        outputs: outputs that change.
        deferred: changes for a later plan.
        digest: identifies the change; an approval names it.
        errored: planning ended in an error.
        complete: nothing was deferred.
        applyable: Terraform would apply it.
    """

    source: str
    terraform_version: str
    verdict: Shown
    summary: tuple[Shown, ...]
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    suppressed: tuple[SuppressedFinding, ...]
    permissions: tuple[PrincipalChange, ...]
    changes: tuple[ChangeView, ...]
    drift: tuple[ChangeView, ...]
    outputs: tuple[Difference, ...]
    deferred: tuple[ChangeView, ...]
    digest: str
    errored: bool
    complete: bool
    applyable: bool
