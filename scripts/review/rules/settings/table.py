"""A table of settings: each row is a rule about the values of one attribute.

Most rows report an unsafe value wherever it is, in new resources too. Others, such as logs that are optional, report
only what was safe before the plan.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ...model import Change, Severity
from ..blocks import Block
from ..registry import Family
from ..resources import PlanIndex, Resource

SETTINGS = Family("Settings of other services")
AWS = "https://docs.aws.amazon.com"
CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW

_ACCOUNT = re.compile(r"^(?:arn:aws[\w-]*:(?!organizations)[\w-]+:[\w-]*:)?(\d{12})(?::.*)?$", re.DOTALL)
_VALUE = re.compile(r" \(`\{value\}`\)")

Unsafe = Callable[[Any, Resource], bool]

ROWS: list["Setting"] = []
"""All rows."""


class Setting(NamedTuple):
    """A setting that is unsafe at some values.

    Attributes:
        types: the resource types that have it.
        path: attribute names, through blocks; a list's items are looked at one by one.
        unsafe: whether a value is unsafe; None stands for an attribute that is not set.
        rule: the rule's id.
        severity: its severity.
        what: what such a value does, as a sentence that names its service; `{value}` stands for the value.
        why: why it matters.
        fix: what to do.
        page: the AWS page that says so.
    """

    types: tuple[str, ...]
    path: str
    unsafe: Unsafe
    rule: str
    severity: Severity
    what: str
    why: str
    fix: str
    page: str


def off(value: Any, _resource: Resource) -> bool:
    """Whether a switch is off. One that is not set is not."""
    return value in (False, "false", 0, "0", "off", "OFF")


def on(value: Any, _resource: Resource) -> bool:
    """Whether a switch is on."""
    return value in (True, "true")


def one_of(*unsafe: str | None) -> Unsafe:
    """Whether a value is one of these."""
    return lambda value, _resource: value in unsafe


def matches(pattern: str) -> Unsafe:
    """Whether a text matches a pattern from its beginning."""
    expression = re.compile(pattern)
    return lambda value, _resource: isinstance(value, str) and expression.match(value) is not None


def foreign(value: Any, resource: Resource) -> bool:
    """Whether a value is another account, or an ARN in one. Unknown if the plan does not tell its own account.

    An organization's ARN has its management account, so it is none of another account.
    """
    own = resource.side.index.accounts
    found = _ACCOUNT.match(value) if isinstance(value, str) else None
    return bool(own and found and found[1] not in own)


def register(rows: Iterable[Setting]) -> None:
    """Make each row a rule that reports its unsafe values, before the plan and after it."""
    for row in rows:
        ROWS.append(row)
        described = {"why": row.why, "fix": row.fix, "page": row.page}
        SETTINGS.state(row.types, row.rule, row.severity, _title(row), **described)(_state_check(row))


def register_weakened(rows: Iterable[Setting]) -> None:
    """Make each row a rule that reports a value that was safe before the plan and is unsafe after it."""
    for row in rows:
        ROWS.append(row)
        described = {"why": row.why, "fix": row.fix, "page": row.page}
        SETTINGS.change(row.types, row.rule, row.severity, _title(row), **described)(_change_check(row))


def _state_check(setting: Setting) -> Callable[[Resource], Iterator[str]]:
    def check(resource: Resource) -> Iterator[str]:
        for value in leaves(resource, setting.path):
            if setting.unsafe(value, resource):
                yield setting.what.format(value=value)

    return check


def _change_check(setting: Setting) -> Callable[[Change, PlanIndex], Iterator[str]]:
    def unsafe(resource: Resource) -> list[Any]:
        return [each for each in leaves(resource, setting.path) or [None] if setting.unsafe(each, resource)]

    def check(change: Change, index: PlanIndex) -> Iterator[str]:
        before, after = index.before.by_address.get(change.address), index.after.by_address.get(change.address)
        if before is not None and after is not None and len(found := unsafe(after)) > len(unsafe(before)):
            yield setting.what.format(value=found[-1])

    return check


def leaves(block: Block, path: str) -> list[Any]:
    """The values at a path: those of all blocks with its names, the items of a list one by one.

    Raises:
        UnknownValueError: a value is known only after the apply.
    """
    name, _, rest = path.partition(".")
    if rest:
        inner = block.blocks(name) if block.is_set(name) else []
        return [leaf for each in inner for leaf in leaves(each, rest)]
    value = block.get(name)
    return value if isinstance(value, list) else [value]


def _title(setting: Setting) -> str:
    return _VALUE.sub("", setting.what).removesuffix(".")
