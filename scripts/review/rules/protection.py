"""Rules for data protection in any service: encryption, deletion protection, retention."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ..json_values import EMPTY
from ..model import Action, Change, Severity
from ..refusals import PROTECTIONS
from ..secrets.paths import part
from .registry import EVERY, Family
from .resources import PlanIndex
from .services import service

_DATA = Family("Data and names")
_SWITCHES = (
    ("encrypted",),
    ("storage_encrypted",),
    ("at_rest_encryption_enabled",),
    ("transit_encryption_enabled",),
    ("sqs_managed_sse_enabled",),
    ("enable_inter_container_traffic_encryption",),
    ("server_side_encryption", 0, "enabled"),
    ("encrypt_at_rest", 0, "enabled"),
    ("node_to_node_encryption", 0, "enabled"),
    ("root_block_device", 0, "encrypted"),
)
_KEYS = (
    ("kms_key_id",),
    ("kms_key_arn",),
    ("kms_master_key_id",),
    ("kms_key",),
    ("encryption_configuration", 0, "kms_key"),
    ("server_side_encryption", 0, "kms_key_arn"),
)
_PROTECTION = sorted({each.attribute for each in PROTECTIONS.values()})
_ON = tuple(dict.fromkeys(value for each in PROTECTIONS.values() for value in each.on))
_RETENTION = (
    ("retention_in_days", "days"),
    ("backup_retention_period", "days"),
    ("retention_days", "days"),
    ("automatic_backup_retention_days", "days"),
    ("snapshot_retention_limit", "days"),
    ("recovery_window_in_days", "days"),
    ("deletion_window_in_days", "days"),
    ("message_retention_seconds", "seconds"),
    ("retention_period", "hours"),
)
_FOR_EVER = ("retention_in_days", "retention_days")  # where 0 means "for ever"


def _before(change: Change) -> Mapping[str, Any]:
    """The values before the change, if the resource still exists after it; else nothing."""
    stays = change.action in (Action.UPDATE, Action.REPLACE) and change.after is not None
    return change.before or {} if stays else {}


def _at(values: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        values = part(values, step)
    return values


def _known(change: Change, path: tuple[str | int, ...]) -> bool:
    """Whether the value after the change is known."""
    mark = change.unknown
    for step in path:
        if mark is True:
            return False
        mark = part(mark, step)
    return mark is not True


def _is_on(value: Any) -> bool:
    """Whether a switch is on; the provider writes `at_rest_encryption_enabled` of ElastiCache as text."""
    return value in (True, "true")


def _named(path: tuple[str | int, ...]) -> str:
    return ".".join(step for step in path if isinstance(step, str))


@_DATA.change(
    EVERY,
    "encryption-weakened",
    Severity.HIGH,
    "Encryption is switched off, or loses its key",
    why="Without encryption, AWS stores the data in clear. Without your own key, no key policy limits access to the "
    "data, and no log shows the key's use.",
    fix="Leave the encryption and its key unchanged.",
    page="https://docs.aws.amazon.com/prescriptive-guidance/latest/encryption-best-practices/general-encryption-best-practices.html",
)
def encryption_weakened(change: Change, _index: PlanIndex) -> Iterator[str]:
    """Reports an encryption switch that goes off, or a key that is removed."""
    before = _before(change)
    for path in _SWITCHES:
        if (
            path[0] in before
            and _is_on(_at(before, path))
            and _known(change, path)
            and not _is_on(_at(change.after, path))
        ):
            yield f"{service(change.type)}: `{_named(path)}` is switched off."
    for path in _KEYS:
        was_set = path[0] in before and _at(before, path) not in EMPTY
        if was_set and _known(change, path) and _at(change.after, path) in EMPTY:
            yield f"{service(change.type)}: `{_named(path)}` is removed."


@_DATA.change(
    EVERY,
    "deletion-protection-off",
    Severity.HIGH,
    "Deletion protection is switched off",
    why="After that, one wrong plan or one click destroys it. Most destructions start with this step.",
    fix="Leave it on. If you plan to destroy it, say so in the same pull request.",
    page="https://docs.aws.amazon.com/wellarchitected/latest/reliability-pillar/rel_backing_up_data_secured_backups_data.html",
)
def deletion_protection_off(change: Change, _index: PlanIndex) -> Iterator[str]:
    """Reports deletion protection that is on before the change and off after it."""
    before = _before(change)
    for name in _PROTECTION:
        if before.get(name) in _ON and _known(change, (name,)) and _at(change.after, (name,)) not in _ON:
            yield f"{service(change.type)}: `{name}` is switched off."


@_DATA.change(
    EVERY,
    "retention-shortened",
    Severity.MEDIUM,
    "A retention period becomes shorter",
    why="AWS deletes everything older soon after the apply, and you cannot recover it.",
    fix="Check that nobody needs the older data, auditors and the law included.",
    page="https://docs.aws.amazon.com/wellarchitected/latest/security-pillar/sec_data_classification_lifecycle_management.html",
)
def retention_shortened(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports a smaller number. Any number is smaller than "for ever"."""
    before = _before(change)
    for name, unit in _RETENTION:
        if name not in before:
            continue
        old, new = _length(before, name), _length(change.after, name)
        if old is not None and new is not None and new < old:
            old_text = "unlimited" if old == math.inf else f"{index.value(change, 'before', name)} {unit}"
            new_text = f"{index.value(change, 'after', name)} {unit}"
            yield f"{service(change.type)}: `{name}` changes from {old_text} to {new_text}."


def _length(values: Any, name: str) -> float | None:
    value = part(values, name)
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return math.inf if value == 0 and name in _FOR_EVER else value
