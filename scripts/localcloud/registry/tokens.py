"""Random tokens that callers send as a password. Each is valid for one subject and a limited time."""

import secrets
import threading
from datetime import UTC, datetime, timedelta
from enum import Enum

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
        self._expiry: dict[tuple[str, str], datetime] = {}

    def new(self, subject: str) -> tuple[str, datetime]:
        """Return a new token for ``subject`` and the time when it expires."""
        token, end = secrets.token_urlsafe(32), datetime.now(UTC) + self._lifetime
        with self._lock:
            self._expiry[subject, token] = end
        return token, end

    def status(self, subject: str, token: str) -> TokenStatus:
        """Return whether ``token`` is valid for ``subject``."""
        with self._lock:
            end = self._expiry.get((subject, token))
        if end is None:
            return TokenStatus.UNKNOWN
        return TokenStatus.VALID if datetime.now(UTC) < end else TokenStatus.EXPIRED
