"""What every rendering says in the same words, and the order in which it says it."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from scripts.review.model import (
    Action,
    Finding,
    Permission,
    PrincipalChange,
    Review,
    Severity,
    ShownChange,
    Status,
)

_COUNTED = ("create", "update", "replace", "destroy", "import", "move", "forget", "read")
_HEAVIEST_FIRST = (
    Action.DESTROY,
    Action.REPLACE,
    Action.UPDATE,
    Action.CREATE,
    Action.FORGET,
    Action.READ,
    Action.NO_OP,
)
_WEIGHT = {action: place for place, action in enumerate(_HEAVIEST_FIRST)}
_CHANGED = re.compile("(so far|now) only if ")
_LONGEST_WORD = 60  # so many characters at most are left out to end with a whole one
_STATE_ONLY = {Action.NO_OP, Action.FORGET}


def counts(review: Review) -> tuple[tuple[str, int], ...]:
    """The counts in the order that people read them; noughts left out."""
    order = {name: place for place, name in enumerate(_COUNTED)}
    known = sorted(review.counts.items(), key=lambda item: (order.get(item[0], len(order)), item[0]))
    return tuple((name, count) for name, count in known if count)


def plural(count: int, one: str, many: str = "") -> str:
    """``1 change``, ``2 changes``, ``10,000 changes``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def real(review: Review) -> list[ShownChange]:
    """The changes that do something to what exists, the heaviest first, else in the plan's order."""
    return heaviest_first(change for change in review.changes if change.action not in _STATE_ONLY)


def state_only(review: Review) -> list[ShownChange]:
    """The changes of Terraform's state alone: moved, imported, forgotten."""
    return [change for change in review.changes if change.action in _STATE_ONLY]


def heaviest_first(changes: Iterable[ShownChange]) -> list[ShownChange]:
    """What is destroyed before what is created, else in the order given."""
    return sorted(changes, key=lambda change: _WEIGHT[change.action])


def by_module(changes: Iterable[ShownChange]) -> list[tuple[str, list[ShownChange]]]:
    """The changes of each module, in the order in which modules come first."""
    modules: dict[str, list[ShownChange]] = {}
    for change in changes:
        modules.setdefault(change.module, []).append(change)
    return list(modules.items())


def open_findings(review: Review) -> list[Finding]:
    """The findings that hold after the apply."""
    return [finding for finding in review.findings if finding.status is not Status.FIXED]


def severities(findings: Sequence[Finding]) -> str:
    """``1 critical, 2 high``, the heaviest first; empty for none."""
    tally = dict.fromkeys(reversed(Severity), 0)
    for finding in findings:
        tally[finding.severity] += 1
    return ", ".join(f"{count:,} {severity.name.lower()}" for severity, count in tally.items() if count)


def warnings(review: Review) -> list[str]:
    """What is wrong with the plan itself."""
    said = []
    if review.errored:
        said.append("Planning ended in an error: what is shown is a part of the change, and nothing may be applied.")
    if not review.complete and not review.errored:
        said.append("The plan is incomplete: some changes are deferred to a later plan.")
    if review.changes and not review.applyable and not review.errored:
        said.append("There is nothing that Terraform would apply.")
    return said


# Control characters move a terminal's cursor, and those for the direction of writing make a text look like another.
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SUSPECT = re.compile(r"[^ -~]")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str, keep: str = "") -> str:
    r"""Write what cannot be seen as ``\n``, ``\u202e``.

    Args:
        text: any.
        keep: characters to leave as they are.
    """
    if text.isascii() and text.isprintable():  # as most are
        return text
    return _SUSPECT.sub(lambda found: _seen(found[0], keep), text)


def _seen(character: str, keep: str) -> str:
    if character in keep or unicodedata.category(character) not in _UNSEEN:
        return character
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def shortened(text: str, length: int) -> str:
    """The text, or its start with how long the whole is; never over ``length`` by more than that.

    It ends with a whole word where one ends near.
    """
    if len(text) <= length:
        return text
    start = text[: length + 1].rpartition(" ")[0]
    if not start or length - len(start) > _LONGEST_WORD:
        start = text[:length]
    return f"{start}… ({len(text):,} characters)"


def permission_counts(changes: Iterable[PrincipalChange]) -> tuple[int, int]:
    """How many permissions are added, and how many removed."""
    added = removed = 0
    for change in changes:
        added += len(change.added)
        removed += len(change.removed)
    return added, removed


def marked_first(permissions: Iterable[Permission]) -> list[Permission]:
    """What is notable first, else in the order given."""
    return sorted(permissions, key=lambda permission: not permission.marks)


def permission(permission: Permission) -> str:
    """A permission in one line: ``Allow s3:GetObject on * if … [public]``, ``s3:* on * [now denied]``."""
    effect = f"{permission.effect} " if says_effect(permission) else ""
    conditions = f" {condition(permission)}" if permission.condition else ""
    marks = f" [{', '.join(permission.marks)}]" if permission.marks else ""
    return f"{effect}{permission.action} on {permission.resource}{conditions}{marks}"


def says_effect(permission: Permission) -> bool:
    """Whether to write ``Allow`` or ``Deny``. What is denied now, or no longer, has a mark that says so."""
    return permission.effect == "Allow" or not permission.marks


def condition(permission: Permission) -> str:
    """When a permission holds: ``if …``, or how that changes: ``so far only if …``."""
    return permission.condition if _CHANGED.match(permission.condition) else f"if {permission.condition}"


def notes(change: ShownChange) -> list[str]:
    """What is said of a change beside its action and its attributes."""
    said = [
        change.why,
        change.previous_address and f"moved from {change.previous_address}",
        change.import_id and f"imported by {change.import_id}",
        "only takes back what was changed outside of Terraform" if change.reverts_drift else "",
    ]
    return [note for note in said if note]


def folded(change: ShownChange) -> str:
    """How many differences are left out as noise, in words."""
    what = "computed by AWS, null against empty, or a mirror of what is shown elsewhere"
    return f"{plural(change.folded, 'attribute')} not shown: {what}"
