"""Keeps training jobs and tuning jobs by their ARN. Each is a value that is replaced as a whole."""

import threading
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar


class Stored(Protocol):
    """Something with an ARN, in a region."""

    @property
    def arn(self) -> str:
        """Its ARN."""
        ...

    @property
    def region(self) -> str:
        """Its region."""
        ...


T = TypeVar("T", bound=Stored)


class Store(Generic[T]):
    """Keeps values by their ARN."""

    def __init__(self) -> None:
        self._values: dict[str, T] = {}
        self._lock = threading.Lock()

    def add(self, value: T) -> bool:
        """Add a new value; returns False if one with this ARN exists already."""
        with self._lock:
            if value.arn in self._values:
                return False
            self._values[value.arn] = value
            return True

    def get(self, arn: str) -> T | None:
        """Return the value with this ARN; None if there is no such value."""
        with self._lock:
            return self._values.get(arn)

    def delete(self, arn: str) -> None:
        """Delete a value, if it exists."""
        with self._lock:
            self._values.pop(arn, None)

    def change(self, arn: str, change: Callable[[T], T]) -> T:
        """Replace a value with ``change(value)``; if that raises, the value does not change.

        Raises:
            KeyError: there is no such value.
        """
        with self._lock:
            self._values[arn] = change(self._values[arn])
            return self._values[arn]

    def all(self, region: str) -> list[T]:
        """Return the values of a region, oldest first."""
        with self._lock:
            return [value for value in self._values.values() if value.region == region]
