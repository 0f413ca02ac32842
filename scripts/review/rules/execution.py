"""Rules for what an apply executes besides its changes: provisioners, actions, programs, invocations."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..differences import labels
from ..model import Action, ActionInvocation, Change, Plan, Program, Severity
from ..reading.programs import RUNS_PROVISIONERS, executed_programs
from ..reading.references import without_keys
from ..secrets.mask import MASKED, UNKNOWN, Mask, without_marked
from .registry import Family
from .resources import PlanIndex

_EXECUTION = Family("What the apply executes")
_BLOCK = "https://developer.hashicorp.com/terraform/language/block/resource"
_REGISTRY = "https://registry.terraform.io/providers"
_MAX_CHARACTERS = 1_000
_MAX_ARGUMENTS = 12


@_EXECUTION.plan(
    "local-program",
    Severity.HIGH,
    "A provisioner runs a command on the machine that runs Terraform",
    why="The command has that machine's files and Terraform's credentials, and Terraform undoes nothing of what it "
    "does.",
    fix="Read the command. Where a resource, a data source or a step of the pipeline can do the same, use that.",
    page=f"{_BLOCK}#local-exec",
)
def local_program(plan: Plan, index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports each `local-exec` of a resource that is created or destroyed."""
    yield from _provisioners(
        plan, index.mask, lambda kind: kind == "local-exec", "Runs on the machine that runs Terraform"
    )


@_EXECUTION.plan(
    "remote-program",
    Severity.HIGH,
    "A provisioner runs a program on a new resource",
    why="It changes a machine in a way that no later plan shows.",
    fix="Read it. Prefer an image or user data, which plans show.",
    page=f"{_BLOCK}#remote-exec",
)
def remote_program(plan: Plan, index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports each `remote-exec`, and provisioners of other kinds, of a resource that is created or destroyed."""
    known = ("local-exec", "file")
    yield from _provisioners(plan, index.mask, lambda kind: kind not in known, "Runs on the resource")


@_EXECUTION.plan(
    "file-copied",
    Severity.MEDIUM,
    "A provisioner copies a file to a new resource",
    why="What it copies is not in the plan, so nobody can review it here.",
    fix="Look at the file. Prefer an image or user data, which plans show.",
    page=f"{_BLOCK}#file",
)
def file_copied(plan: Plan, index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports each `file` provisioner of a resource that is created or destroyed."""
    yield from _provisioners(plan, index.mask, lambda kind: kind == "file", "Copies to the resource")


@_EXECUTION.plan(
    "program-at-each-plan",
    Severity.MEDIUM,
    "A data source runs a program",
    why="The program runs at each plan and apply, with the machine's files and Terraform's credentials: a plan of a "
    "pull request runs it before anybody has reviewed it.",
    fix="Read the program. Replace it by a data source of a provider, or by a value that the pipeline passes in.",
    page=f"{_REGISTRY}/hashicorp/external/latest/docs/data-sources/external",
)
def program_at_each_plan(plan: Plan, index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports each data source `external`."""
    yield from _data_sources(plan, index.mask, "external", "Runs at each plan and apply")


@_EXECUTION.plan(
    "request-at-each-plan",
    Severity.LOW,
    "A data source sends a request",
    why="Whoever answers decides what the plan reads, and the request may carry values of this configuration away.",
    fix="Look at its address, and check the answer with `lifecycle { postcondition }`.",
    page=f"{_REGISTRY}/hashicorp/http/latest/docs/data-sources/http",
)
def request_at_each_plan(plan: Plan, index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports each data source `http`."""
    yield from _data_sources(plan, index.mask, "http", "Sends a request at each plan and apply")


@_EXECUTION.plan(
    "action-invoked",
    Severity.HIGH,
    "The apply invokes an action",
    why="An action changes real resources, but no plan shows what it changes, and Terraform cannot undo it.",
    fix="Look up in the provider's documentation what this type of action does, and check what it acts on.",
    page="https://developer.hashicorp.com/terraform/language/invoke-actions",
)
def action_invoked(plan: Plan, index: PlanIndex) -> Iterator[tuple[str, str]]:
    """Reports each action that the apply invokes, with what triggers it and its configuration."""
    for action in plan.invocations:
        later = f" It is deferred to a later plan ({labels.deferred_why(action.deferred)})." if action.deferred else ""
        yield action.address, f"{_invocation(action, index.mask)}.{later}"


@_EXECUTION.change(
    ("aws_lambda_invocation",),
    "function-invoked",
    Severity.MEDIUM,
    "The apply invokes a function",
    why="What the function does is not in the plan, and Terraform does not undo it.",
    fix="Read the function's code for this input.",
    page=f"{_REGISTRY}/hashicorp/aws/latest/docs/resources/lambda_invocation",
)
def function_invoked(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports an invocation, and its end if the function is invoked for that too."""
    values = change.after or change.before or {}
    if change.action is not Action.DESTROY or values.get("lifecycle_scope") == "CRUD":
        side = "after" if change.after else "before"
        yield f"Invokes `{index.value(change, side, 'function_name')}` with `{index.value(change, side, 'input')}`."


@_EXECUTION.change(
    ("aws_ssm_association",),
    "document-runs",
    Severity.HIGH,
    "Systems Manager runs a document on instances",
    why="A command document runs as root on every instance that it targets, now and at each scheduled time.",
    fix="Look at the document, its parameters and the targets.",
    page="https://docs.aws.amazon.com/systems-manager/latest/userguide/state-manager-about.html",
)
def document_runs(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports an association that is created or changed."""
    if change.action is not Action.DESTROY:
        name, parameters = index.value(change, "after", "name"), index.value(change, "after", "parameters")
        yield f"Runs `{name}` on `{index.value(change, 'after', 'targets')}` with `{parameters}`."


def _provisioners(plan: Plan, mask: Mask, kinds: Callable[[str], bool], verb: str) -> Iterator[tuple[str, str]]:
    found: dict[str, list[Program]] = {}
    for program in executed_programs(plan):
        if not program.kind.startswith("data ") and kinds(program.kind):
            found.setdefault(program.address, []).append(program)
    for change in plan.changes if found else ():
        for program in found.get(without_keys(change.address), ()):
            if change.action in RUNS_PROVISIONERS:
                yield change.address, f"{verb}{_when(change)}: {_arguments(program.expressions, mask)}."


def _when(change: Change) -> str:
    if change.action is Action.CREATE:
        return ""
    return ", at its creation or its destruction (the plan does not say which)"


def _data_sources(plan: Plan, mask: Mask, kind: str, verb: str) -> Iterator[tuple[str, str]]:
    for program in plan.programs:
        if program.kind == f"data {kind}":
            yield program.address, f"{verb}: {_arguments(program.expressions, mask)}."


def _arguments(expressions: Mapping[str, Any], mask: Mask) -> str:
    """Constants, masked, and what the other arguments refer to."""
    parts = [f"{name} {_expression(each, name, mask)}" for name, each in list(expressions.items())[:_MAX_ARGUMENTS]]
    left = len(expressions) - len(parts)
    return ", ".join(parts) + (f" and {left} more arguments" if left else "") or "without arguments"


def _expression(expression: Any, name: str, mask: Mask) -> str:
    if isinstance(expression, dict) and "constant_value" in expression:
        return f"`{_cut(mask.text(expression['constant_value'], name))}`"
    if isinstance(expression, dict) and isinstance(expression.get("references"), list):
        named = ", ".join(str(each) for each in expression["references"][:4])
        return f"a text that refers to {named}, and is not in the plan" if named else "a text that is not in the plan"
    if isinstance(expression, list):
        return f"[{', '.join(_expression(each, name, mask) for each in expression)}]"
    return f"{{{_arguments(expression, mask)}}}" if isinstance(expression, dict) else "a text that is not in the plan"


def _invocation(action: ActionInvocation, mask: Mask) -> str:
    config = without_marked(action.config, [action.sensitive])
    values = {MASKED: config} if not isinstance(config, dict) else config
    unknown = action.unknown if isinstance(action.unknown, dict) else {}
    shown = [f"{name} `{_cut(mask.text(value, name))}`" for name, value in values.items() if value is not None]
    shown += [f"{name} {UNKNOWN}" for name, mark in unknown.items() if mark and values.get(name) is None]
    resource, event = action.trigger.get("triggering_resource_address"), action.trigger.get("action_trigger_event")
    when = f" ({event} of {mask.address(str(resource))})" if resource else ""
    return f"Invokes {action.type}{when}: {', '.join(shown) or 'without settings'}"


def _cut(text: str) -> str:
    """A text on one line, with its end left out if it is long."""
    line = " ".join(text.split())
    left = len(line) - _MAX_CHARACTERS
    return f"{line[:_MAX_CHARACTERS]}… ({left} more characters)" if left > 0 else line
