"""The members of a plan's JSON that the review knows, and those that it finds and does not know.

The lists hold every member that Terraform 1.15.9 writes (`internal/command/jsonplan`, commit 8748897). A member in no
list may change what an apply does, so it becomes a finding and a part of the digest: the review fails closed.
https://developer.hashicorp.com/terraform/internals/json-format#plan-representation
"""

from collections.abc import Iterator, Mapping
from typing import Any

from ..json_values import EMPTY, object_of, objects_of
from ..model import UnknownMember

# What the review reads, by the object that holds it.
PLAN = frozenset({
    "format_version", "terraform_version", "resource_changes", "resource_drift", "deferred_changes", "output_changes",
    "action_invocations", "deferred_action_invocations", "applyable", "complete", "errored", "checks", "configuration",
    "variables", "planned_values", "prior_state",
})  # fmt: skip
RESOURCE = frozenset({
    "address", "module_address", "mode", "type", "name", "provider_name", "previous_address", "deposed", "change",
    "action_reason",
})  # fmt: skip
CHANGE = frozenset({
    "actions", "before", "after", "after_unknown", "before_sensitive", "after_sensitive", "replace_paths", "importing",
})  # fmt: skip
IMPORTING = frozenset({"id", "identity", "unknown"})
INVOCATION = frozenset({
    "address", "type", "name", "provider_name", "config_values", "config_sensitive", "config_unknown",
    "lifecycle_action_trigger", "invoke_action_trigger",
})  # fmt: skip
LIFECYCLE_TRIGGER = frozenset({
    "triggering_resource_address", "action_trigger_event", "action_trigger_block_index", "actions_list_index",
    "on_failure",
})  # fmt: skip
INVOKE_TRIGGER = frozenset({"calling_resource_address"})
DEFERRED_CHANGE = frozenset({"reason", "resource_change"})
DEFERRED_INVOCATION = frozenset({"reason", "action_invocation"})

WITHOUT_EFFECT: Mapping[str, str] = {
    "timestamp": "the time of planning",
    "relevant_attributes": "which attributes the plan's values came from; the values themselves are reviewed",
    "index": "the key of the resource, which its address contains",
    "index_unknown": "the key is not known yet; such a change is deferred",
    "generated_config": "configuration that Terraform proposes for an import; nothing applies it",
    "before_identity": "the identity of the resource before, which its values contain",
    "after_identity": "the identity of the resource after, which its values contain",
}
"""Members that take no part in the review, and why."""


def unknown_members(raw: Mapping[str, Any]) -> tuple[UnknownMember, ...]:
    """Find the members that are not empty and in no list.

    Args:
        raw: the plan's JSON.

    Returns:
        Each with its name, the place that holds it, and its value.
    """
    return tuple(_in_plan(raw))


def _in_plan(raw: Mapping[str, Any]) -> Iterator[UnknownMember]:
    yield from _unknown(raw, PLAN, "the plan")
    for member in ("resource_changes", "resource_drift"):
        for entry in objects_of(raw.get(member)):
            yield from _in_resource(entry)
    for entry in objects_of(raw.get("deferred_changes")):
        yield from _unknown(entry, DEFERRED_CHANGE, "a deferred change")
        yield from _in_resource(object_of(entry.get("resource_change")))
    for name, change in object_of(raw.get("output_changes")).items():
        yield from _in_change(object_of(change), f"output.{name}")
    for entry in objects_of(raw.get("action_invocations")):
        yield from _in_invocation(entry)
    for entry in objects_of(raw.get("deferred_action_invocations")):
        yield from _unknown(entry, DEFERRED_INVOCATION, "a deferred action")
        yield from _in_invocation(object_of(entry.get("action_invocation")))


def _in_resource(entry: Mapping[str, Any]) -> Iterator[UnknownMember]:
    place = str(entry.get("address"))
    yield from _unknown(entry, RESOURCE, place)
    yield from _in_change(object_of(entry.get("change")), place)


def _in_change(change: Mapping[str, Any], place: str) -> Iterator[UnknownMember]:
    yield from _unknown(change, CHANGE, place)
    yield from _unknown(object_of(change.get("importing")), IMPORTING, place)


def _in_invocation(entry: Mapping[str, Any]) -> Iterator[UnknownMember]:
    place = str(entry.get("address"))
    yield from _unknown(entry, INVOCATION, place)
    yield from _unknown(object_of(entry.get("lifecycle_action_trigger")), LIFECYCLE_TRIGGER, place)
    yield from _unknown(object_of(entry.get("invoke_action_trigger")), INVOKE_TRIGGER, place)


def _unknown(found: Mapping[str, Any], known: frozenset[str], place: str) -> Iterator[UnknownMember]:
    if found.keys() <= known:  # nearly always, and a plan may have 10,000 changes
        return
    for name, value in found.items():
        if name not in known and name not in WITHOUT_EFFECT and value not in EMPTY:
            yield UnknownMember(name, place, value)
