"""Describes what Terraform does to a resource, and why."""

from collections.abc import Mapping

from ..model import NOTHING, Action, Change, Shown
from ..secrets.mask import Mask
from ..secrets.shown import joined, said

# https://developer.hashicorp.com/terraform/internals/json-format#change-representation
_REASONS: Mapping[str, Shown] = {
    "replace_because_cannot_update": said("cannot be changed in place"),
    "replace_because_tainted": said("is tainted: its last apply failed, or somebody ran terraform taint"),
    "replace_by_request": said("requested with -replace"),
    "replace_by_triggers": said("something in its replace_triggered_by changes"),
    "delete_because_no_resource_config": said("is no longer in the configuration"),
    "delete_because_no_module": said("its module is no longer in the configuration"),
    "delete_because_wrong_repetition": said("its configuration gained or lost count or for_each"),
    "delete_because_count_index": said("count no longer reaches its index"),
    "delete_because_each_key": said("for_each no longer has its key"),
    "delete_because_no_move_target": said("a moved block points to an address that is not in the configuration"),
    "read_because_config_unknown": said("its configuration contains values that are not known yet"),
    "read_because_dependency_pending": said("it depends on something that changes"),
    "read_because_check_nested": said("a check block reads it at every apply"),
    # OpenTofu's own: https://github.com/opentofu/opentofu/blob/main/internal/command/jsonplan/plan.go
    "delete_because_enabled_false": said("its lifecycle has enabled = false"),
    "forgot_because_lifecycle_destroy_in_config": said("its lifecycle has destroy = false"),
    "forgot_because_lifecycle_destroy_in_state": said("its lifecycle had destroy = false at its last apply"),
}
# https://github.com/hashicorp/terraform/blob/main/internal/command/jsonplan/plan.go (DeferredReason)
_DEFERRED: Mapping[str, Shown] = {
    "instance_count_unknown": said("its count or for_each is not known yet"),
    "resource_config_unknown": said("its configuration is not known yet"),
    "provider_config_unknown": said("its provider's configuration is not known yet"),
    "absent_prereq": said("something that it needs does not exist yet"),
    "deferred_prereq": said("something that it needs is itself deferred"),
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


def why(change: Change, mask: Mask) -> Shown:
    """Why Terraform does so; empty if it gives no reason."""
    words = _REASONS.get(change.reason, NOTHING)
    paths = joined(", ", dict.fromkeys(mask.path(path) for path in change.replace_paths if path))
    if not paths:
        return words
    if not words or change.reason == "replace_because_cannot_update":
        return said("{} cannot be changed in place", paths)
    return said("{}; {} cannot be changed in place", words, paths)


def deferred_why(reason: str) -> Shown:
    """Why Terraform defers a change to a later plan."""
    return _DEFERRED.get(reason, said("Terraform does not say why"))


def _replacement(change: Change) -> str:
    if change.leaves_old:
        return "replace, the old one stays in the account"
    return "replace, new one first" if change.create_first else "replace, old one first"
