"""Describes what Terraform does to a resource, and why."""

from collections.abc import Mapping

from ..model import Action, Change
from ..secrets.mask import Mask

# https://developer.hashicorp.com/terraform/internals/json-format#change-representation
_REASONS: Mapping[str, str] = {
    "replace_because_cannot_update": "cannot be changed in place",
    "replace_because_tainted": "is tainted: its last apply failed, or somebody ran terraform taint",
    "replace_by_request": "requested with -replace",
    "replace_by_triggers": "something in its replace_triggered_by changes",
    "delete_because_no_resource_config": "is no longer in the configuration",
    "delete_because_no_module": "its module is no longer in the configuration",
    "delete_because_wrong_repetition": "its configuration gained or lost count or for_each",
    "delete_because_count_index": "count no longer reaches its index",
    "delete_because_each_key": "for_each no longer has its key",
    "delete_because_no_move_target": "a moved block points to an address that is not in the configuration",
    "read_because_config_unknown": "its configuration contains values that are not known yet",
    "read_because_dependency_pending": "it depends on something that changes",
    "read_because_check_nested": "a check block reads it at every apply",
    # OpenTofu's own: https://github.com/opentofu/opentofu/blob/main/internal/command/jsonplan/plan.go
    "delete_because_enabled_false": "its lifecycle has enabled = false",
    "forgot_because_lifecycle_destroy_in_config": "its lifecycle has destroy = false",
    "forgot_because_lifecycle_destroy_in_state": "its lifecycle had destroy = false at its last apply",
}
# https://github.com/hashicorp/terraform/blob/main/internal/command/jsonplan/plan.go (DeferredReason)
_DEFERRED: Mapping[str, str] = {
    "instance_count_unknown": "its count or for_each is not known yet",
    "resource_config_unknown": "its configuration is not known yet",
    "provider_config_unknown": "its provider's configuration is not known yet",
    "absent_prereq": "something that it needs does not exist yet",
    "deferred_prereq": "something that it needs is itself deferred",
}
_LABELS: Mapping[Action, str] = {
    Action.CREATE: "create",
    Action.READ: "read during the apply",
    Action.UPDATE: "update",
    Action.DESTROY: "destroy",
    Action.FORGET: "forget, stays in the account",
    Action.NO_OP: "no change",
}
_DRIFT: Mapping[Action, str] = {
    Action.UPDATE: "changed outside of Terraform",
    Action.DESTROY: "deleted outside of Terraform",
}


def label(change: Change) -> str:
    """What happens to a resource: `replace, new one first`, `import and update`."""
    words = _replacement(change) if change.action is Action.REPLACE else _LABELS[change.action]
    if change.deposed:
        words += " (a deposed object, left over from a replacement)"
    before = [word for word, value in (("import", change.import_id), ("move", change.previous_address)) if value]
    if change.action is not Action.NO_OP:
        before.append(words)
    return " and ".join(before) or words


def drift_label(change: Change) -> str:
    """What happened to a resource outside of Terraform."""
    words = _DRIFT.get(change.action)
    if words is None:
        return "moved" if change.previous_address else "differs from the last state"
    return words


def why(change: Change, mask: Mask) -> str:
    """Why Terraform does so; empty if it gives no reason."""
    words = _REASONS.get(change.reason, "")
    paths = ", ".join(dict.fromkeys(mask.path(path) for path in change.replace_paths if path))
    if not paths:
        return words
    if change.reason in ("", "replace_because_cannot_update"):
        return f"{paths} cannot be changed in place"
    return f"{words}; {paths} cannot be changed in place" if words else f"{paths} cannot be changed in place"


def deferred_why(reason: str) -> str:
    """Why Terraform defers a change to a later plan."""
    return _DEFERRED.get(reason, "Terraform does not say why")


def _replacement(change: Change) -> str:
    if change.leaves_old:
        return "replace, the old one stays in the account"
    return "replace, new one first" if change.create_first else "replace, old one first"
