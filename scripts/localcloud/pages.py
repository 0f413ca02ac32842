"""Pages of a list, for AWS's JSON services."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from scripts.localcloud.awsjson import ServiceError

T = TypeVar("T")
MOST = 100


def cut(items: Sequence[T], parameters: Mapping[str, Any], code: str) -> tuple[Sequence[T], dict[str, str]]:
    """Return the page that NextToken and MaxResults ask for, and the token of the next page if there is one.

    Args:
        items: the whole list.
        parameters: those of the call.
        code: the code of the service's error for a token that no page gave.
    """
    token, most = parameters.get("NextToken", "0"), parameters.get("MaxResults", MOST)
    if not isinstance(token, str) or not token.isdecimal():
        raise ServiceError(code, "The NextToken is invalid.")
    end = int(token) + max(1, min(int(most), MOST))
    return items[int(token) : end], {"NextToken": str(end)} if end < len(items) else {}
