"""What a rule is, and the list of them all."""

from dataclasses import dataclass

from scripts.review.model import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule."""

    id: str
    severity: Severity
    title: str


RULES: dict[str, Rule] = {}
