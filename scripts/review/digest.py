"""The digest of what a plan does. An approval names it."""

import hashlib
from typing import Any

from .canonical import ordered, parsed
from .model import Action, ActionInvocation, Change, OutputChange, Plan, Program
from .reading.programs import executed_programs

LENGTH = 32
_NESTED = (str, dict, list)
# A fixed salt: the same change must have the same digest wherever it is planned.
_SALT = b"what a plan does"
# The N of scrypt: how slow the last step is.
SLOWNESS = 2**14


def digest(plan: Plan) -> str:
    """32 hex digits that identify the change itself, not how it is described.

    The digest covers addresses, actions, values before and after, unknown values, moves and imports of everything that
    changes, sorted and with policies in canonical form. It also covers what the apply executes (actions, provisioners
    of resources that are created or destroyed, data sources that run a program) and members of the plan that the
    review does not know. It does not cover unchanged resources or the plan's metadata, so the same change planned again
    has the same digest.

    It covers secrets too, so another secret gives another digest. A reader of the review knows nearly everything else
    that goes in, and could guess secrets until the digest matches. The last step is therefore slow on purpose (scrypt,
    about 50 ms a guess, https://www.rfc-editor.org/rfc/rfc7914). That protects a random password. It cannot protect a
    PIN of four digits.

    Args:
        plan: the plan.
    """
    return hashlib.scrypt(content_hash(plan), salt=_SALT, n=SLOWNESS, r=8, p=1, dklen=LENGTH // 2).hex()


def content_hash(plan: Plan) -> bytes:
    """The SHA-256 of everything that the digest covers. A secret could be guessed from it quickly: never show it."""
    hashed = hashlib.sha256()
    parts = [_change(each) for each in plan.changes if _does_something(each)]
    parts += [_output(each) for each in plan.outputs if each.action is not Action.NO_OP]
    parts += [_invocation(each) for each in plan.invocations]
    parts += [_program(each) for each in executed_programs(plan)]
    parts += [["member", each.name, each.place, _canonical(each.value)] for each in plan.unknown_members]
    for part in sorted(ordered(each) for each in parts):
        hashed.update(part.encode() + b"\n")
    return hashed.digest()


def _does_something(change: Change) -> bool:
    return change.action is not Action.NO_OP or bool(change.previous_address or change.import_id)


def _change(change: Change) -> list[Any]:
    # Values of a resource that is only moved or imported do not change, so they are not part of what the plan does.
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


def _invocation(action: ActionInvocation) -> list[Any]:
    values = (action.config, action.unknown, action.trigger)
    return ["action", action.address, action.type, action.provider, action.deferred, *map(_canonical, values)]


def _program(program: Program) -> list[Any]:
    return ["program", program.address, program.kind, _canonical(program.expressions)]


def _output(output: OutputChange) -> list[Any]:
    values = (output.before, output.after, output.unknown)
    return ["output", output.name, output.action.value, *(_canonical(each) for each in values)]


def _canonical(value: Any) -> Any:
    """A value with the JSON in its strings in canonical form."""
    if isinstance(value, str):
        document = parsed(value) if value[:1] in "{[ \n" else None
        return value if document is None else {"json": document}
    if isinstance(value, dict):
        return {name: _canonical(each) if isinstance(each, _NESTED) else each for name, each in value.items()}
    if isinstance(value, list):
        return [_canonical(each) if isinstance(each, _NESTED) else each for each in value]
    return value
