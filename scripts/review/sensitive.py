"""Collects every text of a plan's JSON that is marked sensitive."""
from collections.abc import Mapping
from typing import Any


def any_marked(marks: Any) -> bool:
    """Whether a structure of marks marks anything."""
    if isinstance(marks, dict):
        return any(any_marked(each) for each in marks.values())
    if isinstance(marks, list):
        return any(any_marked(each) for each in marks)
    return marks is True


def texts(raw: Mapping[str, Any]) -> frozenset[str]:
    """Every text that is marked sensitive."""
    return frozenset()
