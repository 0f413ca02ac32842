"""What a caller shows in place of a password: random, for one subject, and good for a while."""

import secrets
import threading
from datetime import UTC, datetime, timedelta
from enum import Enum

LIFETIME = timedelta(
    hours=12
)  # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html


class Standing(Enum):
    """What a token is worth."""

    GOOD = "good"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class Tokens:
    """Gives tokens and knows them again.

    Args:
        lifetime: how long each is good for.
    """

    def __init__(self, lifetime: timedelta = LIFETIME) -> None:
        self._lifetime = lifetime
        self._lock = threading.Lock()
        self._given: dict[tuple[str, str], datetime] = {}

    def new(self, subject: str) -> tuple[str, datetime]:
        """A token for ``subject``, and the time of its end."""
        token, end = secrets.token_urlsafe(32), datetime.now(UTC) + self._lifetime
        with self._lock:
            self._given[subject, token] = end
        return token, end

    def standing(self, subject: str, token: str) -> Standing:
        """What ``token`` is worth for ``subject``."""
        with self._lock:
            end = self._given.get((subject, token))
        if end is None:
            return Standing.UNKNOWN
        return Standing.GOOD if datetime.now(UTC) < end else Standing.EXPIRED
