"""The values of a resource or of a block in it, and which of them are unknown."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ..json_values import EMPTY


@dataclass(frozen=True, slots=True)
class UnknownAttribute:
    """An attribute that a rule needed and that is unknown, with what is known about it."""

    attribute: str
    known: str = ""


class UnknownValueError(Exception):
    """A rule needs an attribute that is known only after the apply."""

    def __init__(self, attribute: str) -> None:
        super().__init__(attribute)
        self.attribute = attribute


class Owner(Protocol):
    """The resource that a block belongs to."""

    def note_unknown(self, attribute: str, known: str = "") -> None:
        """Record that a rule needed an attribute that is unknown."""

    def is_configured(self, path: str) -> bool:
        """Whether the configuration gives an attribute a value."""


class Block:
    """The values of a resource or of a block in it, and which of them are unknown.

    Args:
        owner: the resource that they belong to.
        values: the known values.
        unknown: the structure of marks for unknown values; a single bool applies to all of them.
        path: the block's path, with a dot at its end; empty for the resource itself.
    """

    __slots__ = ("owner", "path", "unknown", "values")

    def __init__(self, owner: Owner | None, values: Any, unknown: Any, path: str = "") -> None:
        self.owner = owner
        self.values: Mapping[str, Any] = values if isinstance(values, dict) else {}
        self.unknown = unknown
        self.path = path

    def get(self, name: str, default: Any = None) -> Any:
        """The value of an attribute, or the default if none is set.

        Raises:
            UnknownValueError: the configuration sets it to something known only after the apply.
        """
        if self._not_known(name):
            raise UnknownValueError(self.path + name)
        value = self.values.get(name)
        return default if value is None else value

    def is_on(self, name: str) -> bool:
        """Whether an attribute is true; providers write some booleans as text."""
        value = self.get(name)
        return value is True or (isinstance(value, str) and value.lower() == "true")

    def number(self, name: str) -> float | None:
        """A number, or None if there is none."""
        value = self.get(name)
        try:
            return None if value is None or isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            return None

    def text(self, name: str) -> str:
        """A text; empty if there is none."""
        value = self.get(name)
        return value if isinstance(value, str) else ""

    def is_set(self, name: str) -> bool:
        """Whether an attribute has a value, known or unknown. The ARN of a new resource counts as one."""
        return self._not_known(name) or self.values.get(name) not in EMPTY

    def texts(self, name: str) -> list[str]:
        """The known texts of a list; unknown items are recorded."""
        value = self.get(name, [])
        unknown = self.unknown.get(name) if isinstance(self.unknown, dict) else None
        if self.owner is not None and isinstance(unknown, list) and any(item is True for item in unknown):
            self.owner.note_unknown(self.path + name)
        return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []

    def blocks(self, name: str) -> list["Block"]:
        """The blocks with a name, as a list."""
        value = self.get(name, [])
        unknown = self.unknown.get(name) if isinstance(self.unknown, dict) else None
        items = value if isinstance(value, list) else [value]
        marks = unknown if isinstance(unknown, list) else [unknown] * len(items)
        marks = marks + [None] * (len(items) - len(marks))
        places = [f"{self.path}{name}[{place}]." for place in range(len(items))]
        return [Block(self.owner, item, mark, place) for item, mark, place in zip(items, marks, places, strict=False)]

    def block(self, name: str) -> "Block":
        """The first block with a name; an empty block if there is none."""
        return next(iter(self.blocks(name)), Block(self.owner, {}, None, f"{self.path}{name}[0]."))

    def _not_known(self, name: str) -> bool:
        unknown = self.unknown
        if unknown is not True and not (isinstance(unknown, dict) and unknown.get(name) is True):
            return False
        return self.owner is None or self.owner.is_configured(self.path + name)
