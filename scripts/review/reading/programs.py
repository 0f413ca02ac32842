"""Reads from a plan what its apply executes besides its changes of resources: provisioners, actions, data sources.

Provisioners stand in `configuration` only, without the conditions `when` and `on_failure`. Their expressions are
constants or references, never values. https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..json_values import EMPTY, object_of, objects_of, text_of
from ..model import Action, ActionInvocation, Plan, Program
from .files import entries, malformed
from .references import without_keys

CALLING_DATA = ("external", "http")
"""Data sources that run a program or send a request, each time Terraform reads them."""

RUNS_PROVISIONERS = (Action.CREATE, Action.REPLACE, Action.DESTROY)
"""What happens to a resource whose provisioners run."""


def programs(configuration: Any) -> tuple[Program, ...]:
    """The provisioners of all resources, and the data sources that run a program or send a request.

    Args:
        configuration: that member of the plan's JSON; anything but an object counts as empty.
    """
    root = object_of(configuration).get("root_module")
    return tuple(_of_module(object_of(root), ""))


def _of_module(module: Mapping[str, Any], prefix: str) -> Iterator[Program]:
    for resource in objects_of(module.get("resources")):
        address = prefix + text_of(resource.get("address"))
        if resource.get("mode") == "data" and resource.get("type") in CALLING_DATA:
            yield Program(address, f"data {resource['type']}", object_of(resource.get("expressions")))
        for provisioner in objects_of(resource.get("provisioners")):
            yield Program(address, text_of(provisioner.get("type")), object_of(provisioner.get("expressions")))
    for name, call in object_of(module.get("module_calls")).items():
        yield from _of_module(object_of(object_of(call).get("module")), f"{prefix}module.{name}.")


def executed_programs(plan: Plan) -> tuple[Program, ...]:
    """The programs of a plan that run: provisioners only where a resource is created or destroyed.

    A plan does not say which provisioners have `when = destroy`, so both kinds count.
    """
    if not plan.programs:  # nearly always, and a plan may have 10,000 changes
        return ()
    touched = {without_keys(each.address) for each in plan.changes if each.action in RUNS_PROVISIONERS}
    return tuple(each for each in plan.programs if each.kind.startswith("data ") or each.address in touched)


def invocations(raw: Mapping[str, Any], source: str) -> tuple[ActionInvocation, ...]:
    """The actions that the apply invokes, and those that it defers.

    Args:
        raw: the plan's JSON.
        source: the plan's name, for the error.

    Raises:
        UserError: an entry is not an action's.
    """
    return tuple(_invocations(raw, source))


def _invocations(raw: Mapping[str, Any], source: str) -> Iterator[ActionInvocation]:
    for at, entry in enumerate(entries(raw, "action_invocations", source)):
        yield _invocation(entry, "", f"{source}: action_invocations[{at}]")
    for at, entry in enumerate(entries(raw, "deferred_action_invocations", source)):
        reason = text_of(object_of(entry).get("reason")) or "unknown"
        inner = object_of(entry).get("action_invocation")
        yield _invocation(inner, reason, f"{source}: deferred_action_invocations[{at}]")


def _invocation(entry: Any, reason: str, place: str) -> ActionInvocation:
    if not isinstance(entry, dict) or not text_of(entry.get("address")):
        raise malformed(place, "has no address")
    trigger = {
        **object_of(entry.get("invoke_action_trigger")),
        **object_of(entry.get("lifecycle_action_trigger")),
    }
    return ActionInvocation(
        address=entry["address"],
        type=text_of(entry.get("type")),
        provider=text_of(entry.get("provider_name")),
        config=object_of(entry.get("config_values")),
        sensitive=entry.get("config_sensitive") or False,
        unknown=entry.get("config_unknown") or False,
        trigger={name: value for name, value in trigger.items() if value not in EMPTY},
        deferred=reason,
    )
