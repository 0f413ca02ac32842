"""Plain data classes for plans and reviews. Nothing here reads, checks or renders.

    plan JSON ──reading──▶ Plan ──┬─ rules ────────▶ Finding ──────────┐
                                  ├─ permissions ──▶ PrincipalChange ──┼──review──▶ Review ──▶ render
                                  └─ differences ──▶ ChangeView ───────┘

A Plan contains the values as they are, secrets included. A Review contains only masked texts, so the renderers cannot
leak a secret: every text of the plan in it is a `Shown`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, NewType

Path = tuple[str | int, ...]
"""The path to a value: attribute names and list indices."""

Shown = NewType("Shown", str)
"""A text as a review may show it. Only the mask and `secrets/shown.py` make one, so mypy finds each text of a plan that
would reach a page without the mask."""

NOTHING = Shown("")


class Action(StrEnum):
    """What happens to a resource. Terraform writes a replacement as two actions."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    REPLACE = "replace"
    DESTROY = "destroy"
    FORGET = "forget"
    NO_OP = "no-op"


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
class Change:
    """One resource's entry in `resource_changes` or `resource_drift`.

    Attributes:
        address: the full address, `module.a["b"].aws_s3_bucket.c[0]`.
        module: the module's part of it; empty for the root module.
        mode: `managed` or `data`.
        type: such as `aws_s3_bucket`.
        name: the resource's name, without its key.
        provider: such as `registry.terraform.io/hashicorp/aws`.
        action: what happens.
        create_first: for a replacement: whether the new resource is created before the old one is destroyed.
        leaves_old: for a replacement: whether the old resource is only forgotten and stays in the account.
        before: the values before, None if the resource does not exist.
        after: the known values after, None if the resource no longer exists.
        unknown: the structure of marks for values known only after the apply; a single bool applies to all of them.
        before_sensitive: the structure of marks for sensitive values in `before`; or a single bool.
        after_sensitive: the same for `after`.
        replace_paths: the attributes that force a replacement.
        reason: `action_reason`; empty if there is none.
        previous_address: the address it moves from; empty if it does not move.
        import_id: the id it is imported with; empty if it is not imported.
        deposed: the key of a deposed object; else empty.
    """

    address: str
    module: str
    mode: str
    type: str
    name: str
    provider: str
    action: Action
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    create_first: bool = False
    leaves_old: bool = False
    unknown: Any = False
    before_sensitive: Any = False
    after_sensitive: Any = False
    replace_paths: tuple[Path, ...] = ()
    reason: str = ""
    previous_address: str = ""
    import_id: str = ""
    deposed: str = ""


@dataclass(frozen=True, slots=True)
class OutputChange:
    """One output's entry in `output_changes`."""

    name: str
    action: Action
    before: Any
    after: Any
    unknown: Any = False
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A check or a condition that failed: the address that it checks, and its messages."""

    address: str
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """Something that Terraform executes besides its changes of resources: a provisioner, or a data source that calls.

    Attributes:
        address: the resource's address, without keys.
        kind: `local-exec`, `remote-exec`, `file`, another provisioner's type, `data external` or `data http`.
        expressions: its arguments: constants and references.
    """

    address: str
    kind: str
    expressions: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ActionInvocation:
    """One entry of `action_invocations`: an action of a provider that the apply invokes (Terraform 1.14).

    Attributes:
        address: such as `action.aws_lambda_invoke.warm`.
        type: such as `aws_lambda_invoke`.
        provider: such as `registry.terraform.io/hashicorp/aws`.
        config: the known values of its configuration.
        sensitive: the structure of marks for sensitive values in `config`; or a single bool.
        unknown: the structure of marks for values known only after the apply; or a single bool.
        trigger: what invokes it: `triggering_resource_address`, `action_trigger_event` …; empty for `-invoke`.
        deferred: why it is deferred to a later plan; empty if it is not.
    """

    address: str
    type: str
    provider: str
    config: Mapping[str, Any]
    sensitive: Any
    unknown: Any
    trigger: Mapping[str, Any]
    deferred: str = ""


@dataclass(frozen=True, slots=True)
class UnknownMember:
    """A member of the plan's JSON that the review does not know: its name, what holds it, and its value."""

    name: str
    place: str
    value: Any


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan with all its values, secrets included.

    Attributes:
        source: its name for the reader: a file or an environment.
        format_version: `1.2`.
        terraform_version: `1.11.4`.
        changes: `resource_changes`.
        drift: `resource_drift`.
        deferred: `deferred_changes`: changes for a later plan, each with its reason.
        outputs: `output_changes`.
        programs: provisioners, and data sources that run a program or send a request.
        invocations: `action_invocations` and `deferred_action_invocations`.
        unknown_members: members of its JSON that the review does not know.
        errored: planning ended in an error.
        complete: nothing was deferred.
        applyable: Terraform would apply it.
        failed_checks: checks and conditions that failed.
        references: for the address (without keys) of a resource or data source and each attribute that the
            configuration sets: the full addresses that its expression refers to (`references.py`). None if the plan
            has no configuration.
        literals: for the address (without keys) of a resource: path and text of each attribute that its configuration
            writes out (`literals.py`).
        secrets: every text that is marked sensitive somewhere: values, variables, defaults.
        accounts: the numbers of the accounts that Terraform was signed in to: named by the caller, or read by the
            configuration (`aws_caller_identity`).
    """

    source: str
    format_version: str
    terraform_version: str
    changes: tuple[Change, ...] = ()
    drift: tuple[Change, ...] = ()
    deferred: tuple[tuple[str, Change], ...] = ()
    outputs: tuple[OutputChange, ...] = ()
    programs: tuple[Program, ...] = ()
    invocations: tuple[ActionInvocation, ...] = ()
    unknown_members: tuple[UnknownMember, ...] = ()
    errored: bool = False
    complete: bool = True
    applyable: bool = True
    failed_checks: tuple[FailedCheck, ...] = ()
    references: Mapping[tuple[str, str], tuple[str, ...]] | None = None
    literals: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()


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
