"""Random tokens that callers send as a password. Each is valid for one subject and a limited time, and has an owner."""

import secrets
import threading
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

LIFETIME = timedelta(
    hours=12
)  # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html


class TokenStatus(Enum):
    """Whether a token is valid."""

    VALID = "valid"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class Tokens:
    """Makes tokens and checks them.

    Args:
        lifetime: how long a token is valid.
    """

    def __init__(self, lifetime: timedelta = LIFETIME) -> None:
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._given: dict[tuple[str, str], tuple[datetime, Any]] = {}

    def new(self, subject: str, owner: Any = None) -> tuple[str, datetime]:
        """Return a new token for ``subject`` and the time when it expires.

        Args:
            subject: what the token is valid for.
            owner: who asked for it; None for the local cloud itself.
        """
        token, end = secrets.token_urlsafe(32), datetime.now(UTC) + self._lifetime
        with self._lock:
            self._given[subject, token] = end, owner
        return token, end

    def owner(self, subject: str, token: str) -> Any:
        """Return who asked for a token; None for the local cloud itself, and for a token that it did not give."""
        with self._lock:
            return self._given.get((subject, token), (None, None))[1]

    def status(self, subject: str, token: str) -> TokenStatus:
        """Return whether ``token`` is valid for ``subject``."""
        with self._lock:
            given = self._given.get((subject, token))
        if given is None:
            return TokenStatus.UNKNOWN
        return TokenStatus.VALID if datetime.now(UTC) < given[0] else TokenStatus.EXPIRED
