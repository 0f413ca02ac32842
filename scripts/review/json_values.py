"""Takes values out of JSON whose shape is not certain: what is not of the expected kind counts as empty."""

from collections.abc import Mapping
from typing import Any

EMPTY: tuple[Any, ...] = (None, "", [], {})
"""Values that say as little as a member that is left out; a provider writes them for "not set"."""


def object_of(value: Any) -> Mapping[str, Any]:
    """An object; anything else counts as an empty one."""
    return value if isinstance(value, dict) else {}


def objects_of(value: Any) -> list[dict[str, Any]]:
    """The objects of a list; anything but a list counts as an empty one."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text_of(value: Any) -> str:
    """A text; anything else counts as an empty one."""
    return value if isinstance(value, str) else ""
