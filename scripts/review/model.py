"""What a plan says and what a review makes of it, as plain values. Nothing here reads, judges or renders.

    plan JSON ──reading──▶ Plan ──┬─ rules ────────▶ Finding ──────────┐
                                  ├─ permissions ──▶ PrincipalChange ──┼──review──▶ Review ──▶ what people read
                                  └─ difference ───▶ ShownChange ──────┘

A Plan holds values as they are, secrets among them. A Review holds texts that may be shown, and nothing else: what
renders it cannot leak what it never gets.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

Path = tuple[str | int, ...]
"""The way to a value: attribute names and list places."""


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
    """How much a finding weighs. From HIGH on, a plan applies only with an approval."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Status(StrEnum):
    """Whether a plan brings a finding, leaves it, or ends it."""

    NEW = "new"
    THERE = "already there"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Change:
    """One resource's entry in `resource_changes` or `resource_drift`.

    Attributes:
        address: the whole address, `module.a["b"].aws_s3_bucket.c[0]`.
        module: the module's part of it; empty at the root.
        mode: `managed` or `data`.
        type: such as `aws_s3_bucket`.
        name: the resource's name, without its key.
        provider: such as `registry.terraform.io/hashicorp/aws`.
        action: what happens.
        create_first: of a replacement: whether the new one is made before the old one goes.
        leaves_old: of a replacement: whether the old one is only forgotten and stays in the account.
        before: the values before, None where there is nothing.
        after: the values known to come, None where nothing is left.
        unknown: the structure of what is known only after the apply; a bare bool stands for all of it.
        before_sensitive: the structure of what is marked sensitive in `before`; or a bare bool.
        after_sensitive: the same of `after`.
        replace_paths: the attributes that force a replacement.
        reason: `action_reason`; empty where there is none.
        previous_address: where it is moved from; empty where it is not.
        import_id: what it is imported by; empty where it is not.
        deposed: the key of a deposed object; empty where it is none.
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
    """A check or a condition that failed: the address of what it is on, and what its authors say of that."""

    address: str
    messages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan, as it is: secrets included.

    Attributes:
        source: what its reader calls it: a file's name, an environment.
        format_version: `1.2`.
        terraform_version: `1.11.4`.
        changes: `resource_changes`.
        drift: `resource_drift`.
        deferred: `deferred_changes`: what a later plan will do, each with its reason.
        outputs: `output_changes`.
        errored: planning ended in an error.
        complete: nothing was deferred.
        applyable: Terraform would apply it.
        failed_checks: checks and conditions that failed.
        references: for a resource's or data source's address without keys, and an attribute of it that the
            configuration sets, the whole addresses that its expression comes down to (`references.py`); None where the
            plan holds no configuration.
        secrets: every text that is marked sensitive somewhere: values, variables, defaults.
        accounts: the numbers of the accounts that Terraform was signed in to, where the configuration asks for them
            (`aws_caller_identity`).
    """

    source: str
    format_version: str
    terraform_version: str
    changes: tuple[Change, ...] = ()
    drift: tuple[Change, ...] = ()
    deferred: tuple[tuple[str, Change], ...] = ()
    outputs: tuple[OutputChange, ...] = ()
    errored: bool = False
    complete: bool = True
    applyable: bool = True
    failed_checks: tuple[FailedCheck, ...] = ()
    references: Mapping[tuple[str, str], tuple[str, ...]] | None = None
    secrets: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says of one resource. Every text is masked.

    Attributes:
        rule: its id.
        severity: how much it weighs.
        status: whether the plan brings it.
        address: the resource's.
        what: what changes, in a sentence.
        why: why it matters.
        fix: what to do.
        page: the AWS or Terraform page it rests on.
    """

    rule: str
    severity: Severity
    status: Status
    address: str
    what: str
    why: str
    fix: str
    page: str


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing that a principal may do, or may no more.

    Attributes:
        effect: `Allow` or `Deny`.
        action: such as `s3:GetObject`; a wildcard where the whole of it came or went.
        resource: what it may be done to; `*` for everything.
        condition: in words; empty where there is none.
        marks: what is notable: `escalates`, `on everything`, `lost condition`, `outside account`, `public` ….
    """

    effect: str
    action: str
    resource: str
    condition: str = ""
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrincipalChange:
    """How the permissions of one principal, or on one resource, change.

    Attributes:
        principal: the role, user or group whose policies these are; for a policy on a resource, who is allowed in.
        kind: `identity`, `resource` or `trust`.
        place: the address of the role, bucket, key … that carries the policies.
        added: what it can do after, and could not before; a Deny in it is one that goes.
        removed: the other way round; a Deny in it is one that comes.
        unknown: why the whole of it cannot be reviewed before the apply; empty where it can.
        known: what is known of an unknown one, from its policy document.
    """

    principal: str
    kind: str
    place: str
    added: tuple[Permission, ...] = ()
    removed: tuple[Permission, ...] = ()
    unknown: str = ""
    known: tuple[Permission, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute's before and after, as it may be shown.

    Attributes:
        path: such as `rule[0].apply_server_side_encryption_by_default.sse_algorithm`.
        before: its text; None where there was nothing.
        after: its text; None where nothing is left; `(known after apply)`, `(sensitive)` where that is so.
        forces_replacement: whether it is in `replace_paths`.
    """

    path: str
    before: str | None
    after: str | None
    forces_replacement: bool = False


@dataclass(frozen=True, slots=True)
class ShownChange:
    """A change as it may be shown.

    Attributes:
        address: the resource's.
        module: its module; empty at the root.
        type: the resource's type.
        action: what happens.
        label: the action in words, such as `replace, new one first`.
        why: why Terraform does so, in words; empty where it does not say.
        previous_address: where it is moved from.
        import_id: what it is imported by.
        differences: what is worth showing.
        folded: how many differences are noise and left out.
        reverts_drift: the change only takes back what was changed outside of Terraform.
    """

    address: str
    module: str
    type: str
    action: Action
    label: str
    why: str = ""
    previous_address: str = ""
    import_id: str = ""
    differences: tuple[Difference, ...] = ()
    folded: int = 0
    reverts_drift: bool = False


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that review.toml switches off, with the reason given there."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Review:
    """What is said of one plan. Every text may be shown.

    Attributes:
        source: what the plan is called.
        terraform_version: the Terraform that made it.
        verdict: the one sentence that a reviewer wants.
        counts: how many changes by action, `import` and `move` among them; noughts left out.
        findings: the heaviest first, new ones before those that were there.
        suppressed: what review.toml switches off.
        permissions: how permissions change.
        changes: what happens, in the plan's order; no-ops without a move or an import left out.
        drift: what was changed outside of Terraform.
        outputs: outputs that change.
        deferred: what a later plan will do.
        digest: of the change itself; an approval names it.
        errored: planning ended in an error.
        complete: nothing was deferred.
        applyable: Terraform would apply it.
    """

    source: str
    terraform_version: str
    verdict: str
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]
    suppressed: tuple[Suppressed, ...]
    permissions: tuple[PrincipalChange, ...]
    changes: tuple[ShownChange, ...]
    drift: tuple[ShownChange, ...]
    outputs: tuple[Difference, ...]
    deferred: tuple[ShownChange, ...]
    digest: str
    errored: bool
    complete: bool
    applyable: bool
