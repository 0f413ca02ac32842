"""Filters, sorts and cuts the lists of training jobs and of tuning jobs."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from scripts.localcloud.awsjson import parse_time, validation_error

T = TypeVar("T")

PAGE = 10
SORT_KEYS: Mapping[str, Callable[[Any], tuple[Any, ...]]] = {
    "Name": lambda one: (one.name, one.created),
    "Status": lambda one: (one.status, one.created),
    "CreationTime": lambda one: (one.created, one.name),
}


def select(found: Sequence[T], wanted: Mapping[str, Any], by: str, order: str) -> list[T]:
    """Return the jobs that a call lists by their names and times, in its order.

    Args:
        found: training jobs or tuning jobs: values with ``name``, ``status``, ``created`` and ``modified``.
        wanted: the parameters of the call.
        by: SortBy if the call does not have it.
        order: SortOrder if the call does not have it.
    """
    key = SORT_KEYS[wanted.get("SortBy", by)]
    selected = [one for one in found if _matches(one, wanted)]
    return sorted(selected, key=key, reverse=wanted.get("SortOrder", order) == "Descending")


def _matches(one: Any, wanted: Mapping[str, Any]) -> bool:
    if wanted.get("NameContains", "").lower() not in one.name.lower():
        return False
    for prefix, time in (("CreationTime", one.created), ("LastModifiedTime", one.modified)):
        if f"{prefix}After" in wanted and time <= parse_time(wanted[f"{prefix}After"]):
            return False
        if f"{prefix}Before" in wanted and time >= parse_time(wanted[f"{prefix}Before"]):
            return False
    return True


def cut_page(found: Sequence[T], wanted: Mapping[str, Any]) -> tuple[Sequence[T], dict[str, str]]:
    """Return the page that NextToken and MaxResults ask for, and the token of the next page if there is one.

    Raises:
        ServiceError: a NextToken that no response gave.
    """
    start = _offset(wanted.get("NextToken"))
    end = start + wanted.get("MaxResults", PAGE)
    token = {"NextToken": base64.b64encode(str(end).encode()).decode()} if end < len(found) else {}
    return found[start:end], token


def _offset(token: str | None) -> int:
    if token is None:
        return 0
    try:
        return int(base64.b64decode(token, validate=True))
    except ValueError:
        raise validation_error("Invalid NextToken.") from None
