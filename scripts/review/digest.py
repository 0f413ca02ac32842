"""The digest of what a plan does, which an approval names."""

import hashlib
from typing import Any

from scripts.review.canonical import ordered, parsed
from scripts.review.model import Action, Change, OutputChange, Plan

LENGTH = 32
_LOOKED_INTO = (str, dict, list)
# The same for all: the digest of the same change must be the same wherever it is planned.
_SALT = b"what a plan does"


def digest(plan: Plan) -> str:
    """32 hex digits that stand for the change itself, not for how it is described.

    Addresses, actions, values before and after, unknowns, moves and imports of all that changes take part, in an order
    of their own and with policies in canonical form. What stays as it is takes no part, nor does what a plan says of
    itself: the same change planned again has the same digest.

    Secrets take part, so that another secret is another change. Who reads the review knows nearly all the rest of what
    is digested, and could try secrets until the digest fits: so the last step is slow on purpose (scrypt, about 50 ms a
    try, https://www.rfc-editor.org/rfc/rfc7914). A password that chance made is safe behind it; a PIN of four digits is
    not, as nothing could make it.

    Args:
        plan: the plan.
    """
    hashed = hashlib.sha256()
    parts = [_change(each) for each in plan.changes if _does_something(each)]
    parts += [_output(each) for each in plan.outputs if each.action is not Action.NO_OP]
    for part in sorted(ordered(each) for each in parts):
        hashed.update(part.encode() + b"\n")
    return hashlib.scrypt(hashed.digest(), salt=_SALT, n=2**14, r=8, p=1, dklen=LENGTH // 2).hex()


def _does_something(change: Change) -> bool:
    return change.action is not Action.NO_OP or bool(change.previous_address or change.import_id)


def _change(change: Change) -> list[Any]:
    # Of a resource that only moves or is only imported no value changes: those it has by now are not the plan's doing.
    values = [] if change.action is Action.NO_OP else [change.before, change.after, change.unknown]
    return [
        "resource",
        change.address,
        change.deposed,
        change.action.value,
        change.create_first,
        change.leaves_old,
        change.previous_address,
        change.import_id,
        *(_canonical(each) for each in values),
    ]


def _output(output: OutputChange) -> list[Any]:
    values = (output.before, output.after, output.unknown)
    return ["output", output.name, output.action.value, *(_canonical(each) for each in values)]


def _canonical(value: Any) -> Any:
    """A value with the JSON in its strings in canonical form."""
    if isinstance(value, str):
        document = parsed(value) if value[:1] in "{[ \n" else None
        return value if document is None else {"json": document}
    if isinstance(value, dict):
        return {name: _canonical(each) if isinstance(each, _LOOKED_INTO) else each for name, each in value.items()}
    if isinstance(value, list):
        return [_canonical(each) if isinstance(each, _LOOKED_INTO) else each for each in value]
    return value
