"""Single edits of a plan's JSON: those that change what an apply does, and those that do not."""

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.unit.review.plans import AWS, document, resource

Path = tuple[str | int, ...]


def executing() -> dict[str, Any]:
    """A plan with changes, outputs, provisioners, data sources that call, and actions."""
    command = {"constant_value": "echo one"}
    invoked = {
        "address": "action.aws_lambda_invoke.warm",
        "type": "aws_lambda_invoke",
        "name": "warm",
        "provider_name": AWS,
        "config_values": {"function_name": "f", "payload": {"a": [1, 2]}},
        "config_sensitive": {"payload": True},
        "config_unknown": {},
        "lifecycle_action_trigger": {
            "triggering_resource_address": "aws_instance.web",
            "action_trigger_event": "AfterCreate",
            "action_trigger_block_index": 0,
            "actions_list_index": 0,
            "on_failure": "Halt",
        },
    }
    return document(
        resource("aws_instance.web", ("create",), None, {"ami": "ami-1", "user_data": "x"}, after_unknown={"id": True}),
        resource("aws_x.y", ("update",), {"n": 1, "l": ["a", "b"]}, {"n": 2, "l": ["b", "a"]}),
        resource("aws_x.gone", ("delete",), {"n": 1}, None),
        output_changes={"o": {"actions": ["update"], "before": "a", "after": "b", "after_unknown": False}},
        action_invocations=[invoked],
        deferred_action_invocations=[
            {
                "reason": "resource_config_unknown",
                "action_invocation": {**invoked, "address": "action.aws_lambda_invoke.b"},
            }
        ],
        configuration={
            "root_module": {
                "resources": [
                    {
                        "address": "aws_instance.web",
                        "mode": "managed",
                        "type": "aws_instance",
                        "provisioners": [{"type": "local-exec", "expressions": {"command": command}}],
                    },
                    {
                        "address": "data.external.x",
                        "mode": "data",
                        "type": "external",
                        "expressions": {"program": {"constant_value": ["sh", "x.sh"]}},
                    },
                ]
            }
        },
    )


_EFFECTS = (("change", "before"), ("change", "after"))
_INVOKED = ("config_values", "lifecycle_action_trigger")


def places(raw: Any) -> list[Path]:
    """The paths of all values whose change is another change of the account."""
    return list(_places(raw))


def _places(raw: dict[str, Any]) -> Iterator[Path]:
    for at, entry in enumerate(raw.get("resource_changes") or ()):
        if entry["change"]["actions"] == ["no-op"]:
            continue
        for member, side in _EFFECTS:
            yield from _leaves(entry[member].get(side), ("resource_changes", at, member, side))
    for name, change in (raw.get("output_changes") or {}).items():
        if change["actions"] != ["no-op"]:
            yield from _leaves(change.get("after"), ("output_changes", name, "after"))
    for at, entry in enumerate(raw.get("action_invocations") or ()):
        for member in _INVOKED:
            yield from _leaves(entry.get(member), ("action_invocations", at, member))
    for at, entry in enumerate(raw.get("deferred_action_invocations") or ()):
        for member in _INVOKED:
            where = ("deferred_action_invocations", at, "action_invocation", member)
            yield from _leaves(entry["action_invocation"].get(member), where)
    yield from _programs(raw)


def _programs(raw: dict[str, Any]) -> Iterator[Path]:
    run = {
        entry["address"]
        for entry in raw.get("resource_changes") or ()
        if {"create", "delete"}.intersection(entry["change"]["actions"])
    }
    root = (raw.get("configuration") or {}).get("root_module") or {}
    for at, block in enumerate(root.get("resources") or ()):
        where = ("configuration", "root_module", "resources", at)
        if block.get("type") in ("external", "http"):
            yield from _leaves(block.get("expressions"), (*where, "expressions"))
        for number, provisioner in enumerate(block.get("provisioners") or ()):
            if block["address"] in run:
                yield from _leaves(provisioner["expressions"], (*where, "provisioners", number, "expressions"))


def _leaves(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _leaves(each, (*path, name))
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from _leaves(each, (*path, at))
    elif value is not None:
        yield path


def edited(raw: dict[str, Any], path: Path, random: Random) -> dict[str, Any]:
    """A copy with another value at a path: never one that means the same."""
    copied: dict[str, Any] = copy.deepcopy(raw)
    place: Any = copied
    for step in path[:-1]:
        place = place[step]
    old = place[path[-1]]
    if isinstance(old, bool):
        place[path[-1]] = not old
    elif isinstance(old, int | float):
        place[path[-1]] = old + random.randint(1, 9)
    else:
        place[path[-1]] = f"{old}{random.choice(('x', ' && reboot', '*', '0'))}"
    return copied


def noise(raw: dict[str, Any], random: Random) -> dict[str, Any]:
    """A copy that means the same: other order and spacing, another time, other members without effect."""
    copied: dict[str, Any] = json.loads(json.dumps(raw), object_pairs_hook=lambda pairs: _shuffled(pairs, random))
    random.shuffle(copied.get("resource_changes") or [])
    copied["timestamp"] = f"2027-01-01T00:00:{random.randint(10, 59)}Z"
    copied["relevant_attributes"] = [{"resource": "aws_x.y", "attribute": ["n"]}]
    return copied


def _shuffled(pairs: list[tuple[str, Any]], random: Random) -> dict[str, Any]:
    random.shuffle(pairs)
    return dict(pairs)
