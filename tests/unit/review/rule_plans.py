"""Small plans for tests of rules, with one resource created, changed or destroyed."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from scripts.review import permissions, rules
from scripts.review.model import Action, Change, Finding, Plan
from scripts.review.secrets.mask import Mask


class Case(NamedTuple):
    """A plan that triggers a rule, and a similar one that does not."""

    hit: Plan
    miss: Plan


def change(
    address: str, action: Action, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, **more: Any
) -> Change:
    """A change of `type.name`, in a module or not, with or without a key."""
    module, _, local = address.rpartition("module.")
    path = ""
    if module or address.startswith("module."):
        name, _, local = local.partition(".")
        path = f"{module}module.{name}"
    mode = "data" if local.startswith("data.") else "managed"
    kind, _, name = local.removeprefix("data.").partition("[")[0].partition(".")
    provider = "registry.terraform.io/hashicorp/aws"
    return Change(address, path, mode, kind, name, provider, action, before, after, **more)


def created(address: str, unknown: Any = False, /, **values: Any) -> Change:
    """A resource that is created; an address without a dot gets a name."""
    return change(_named(address), Action.CREATE, None, values, unknown=unknown)


def updated(address: str, before: Mapping[str, Any], after: Mapping[str, Any], **more: Any) -> Change:
    """A resource that is changed in place."""
    return change(_named(address), Action.UPDATE, before, after, **more)


def replaced(address: str, before: Mapping[str, Any], after: Mapping[str, Any], **more: Any) -> Change:
    """A resource that is replaced."""
    return change(_named(address), Action.REPLACE, before, after, **more)


def destroyed(address: str, **before: Any) -> Change:
    """A resource that is destroyed."""
    return change(_named(address), Action.DESTROY, before, None)


def untouched(address: str, **values: Any) -> Change:
    """A resource that the plan does not change."""
    return change(_named(address), Action.NO_OP, values, values)


def _named(address: str) -> str:
    return address if "." in address else f"{address}.x"


def plan(*changes: Change, **members: Any) -> Plan:
    """A plan of these changes."""
    return Plan("test", "1.2", "1.11.4", changes=changes, **members)


def create_case(kind: str, hit: Mapping[str, Any], miss: Mapping[str, Any]) -> Case:
    """Two plans that create one resource each."""
    return Case(plan(created(kind, **hit)), plan(created(kind, **miss)))


def update_case(kind: str, before: Mapping[str, Any], hit: Mapping[str, Any], miss: Mapping[str, Any]) -> Case:
    """Two plans that change the same resource."""
    return Case(plan(updated(kind, before, hit)), plan(updated(kind, before, miss)))


def policy(*statements: Mapping[str, Any]) -> str:
    """A policy document. Missing members of a statement are Allow, s3:GetObject and all resources."""
    filled = [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **each} for each in statements]
    return json.dumps({"Version": "2012-10-17", "Statement": filled})


def findings_of(given: Plan) -> tuple[Finding, ...]:
    """The findings of the rules for a plan."""
    mask = Mask(given)
    return rules.findings(given, mask, permissions.changes(given, mask))


def ids(given: Plan) -> set[str]:
    """The ids of the rules with findings for a plan."""
    return {finding.rule for finding in findings_of(given)}
