"""A plan with all its values, secrets included."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Path = tuple[str | int, ...]
"""The path to a value: attribute names and list indices."""


class Action(StrEnum):
    """What happens to a resource. Terraform writes a replacement as two actions."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    REPLACE = "replace"
    DESTROY = "destroy"
    FORGET = "forget"
    NO_OP = "no-op"


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
