"""Decides which of a plan's values may be shown."""

import json
from typing import Any

from scripts.review.model import Change, Path, Plan

MASKED = "(sensitive)"
LOOKS = "(looks like a secret)"
UNKNOWN = "(known after apply)"


class Mask:
    """Writes a plan's values as they may be shown.

    Args:
        plan: the plan whose secrets it knows.
    """

    def __init__(self, plan: Plan) -> None:
        self._secrets = plan.secrets

    def text(self, value: Any) -> str:
        """A value as it may be shown, judged by its content: a string as it is, anything else as JSON."""
        return value if isinstance(value, str) else json.dumps(value)

    def address(self, address: str) -> str:
        """An address as it may be shown: keys that hold a secret are masked."""
        return address

    def value(self, change: Change, side: str, path: Path) -> str:
        """A value of a change as it may be shown, judged by its place, its name and its content.

        Args:
            change: the change.
            side: `before` or `after`.
            path: the way to the value; none there is written as `null`.
        """
        value: Any = change.before if side == "before" else change.after
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                value = None
        return self.text(value)
