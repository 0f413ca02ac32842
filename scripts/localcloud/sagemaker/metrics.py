"""FinalMetricDataList: the last value that each metric's regex finds in the log."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from scripts.localcloud.sagemaker.jobs import Metric


class Metrics:
    """Reads lines and remembers each metric's last value.

    Args:
        definitions: AlgorithmSpecification's MetricDefinitions; the first group of a Regex is the number.
    """

    def __init__(self, definitions: Sequence[Mapping[str, str]]) -> None:
        self._regexes = [(definition["Name"], re.compile(definition["Regex"])) for definition in definitions]
        self._last: dict[str, Metric] = {}

    def read(self, line: str, at: datetime) -> None:
        """Take in one line of the log."""
        for name, regex in self._regexes:
            for found in regex.finditer(line):
                value = _number(found)
                if value is not None:
                    self._last[name] = Metric(name, value, at)

    def last(self) -> tuple[Metric, ...]:
        """Each metric that was found, in the order of the definitions."""
        return tuple(self._last[name] for name, _ in self._regexes if name in self._last)


def _number(found: re.Match[str]) -> float | None:
    try:
        value = float(found.group(1))
    except (TypeError, ValueError):
        return None  # A group that took no part, or no number.
    return value if math.isfinite(value) else None  # JSON has neither nan nor inf.
