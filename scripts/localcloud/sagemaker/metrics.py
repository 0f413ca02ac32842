"""Finds metrics in the log by their regexes: the last value for FinalMetricDataList, all values for CloudWatch."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from scripts.localcloud.sagemaker.jobs import Metric

# SageMaker's namespace for metrics of algorithms; the job's name is the only dimension:
# https://docs.aws.amazon.com/sagemaker/latest/dg/training-metrics.html
NAMESPACE = "/aws/sagemaker/TrainingJobs"
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
MAX_DATA = 1000


class Metrics:
    """Reads lines and collects the metrics in them.

    Args:
        definitions: AlgorithmSpecification's MetricDefinitions; the first group of a Regex is the value.
    """

    def __init__(self, definitions: Sequence[Mapping[str, str]]) -> None:
        self._regexes = [(definition["Name"], re.compile(definition["Regex"])) for definition in definitions]
        self._last: dict[str, Metric] = {}
        self._found: list[Metric] = []
        self._values: dict[str, list[float]] = {}

    def read(self, line: str, at: datetime) -> None:
        """Look for metrics in a line of the log."""
        for name, regex in self._regexes:
            for found in regex.finditer(line):
                value = _number(found)
                if value is not None:
                    self._last[name] = Metric(name, value, at)
                    self._found.append(self._last[name])
                    self._values.setdefault(name, []).append(value)

    def last(self) -> tuple[Metric, ...]:
        """Return the last value of each metric that was found, in the order of the definitions."""
        return tuple(self._last[name] for name, _ in self._regexes if name in self._last)

    def values(self, name: str) -> tuple[float, ...]:
        """Return all values of a metric that were found, in their order."""
        return tuple(self._values.get(name, ()))

    def publish(self, cloudwatch: Any, job: str) -> None:
        """Send the values that were found since the last call to CloudWatch.

        Args:
            cloudwatch: a client of CloudWatch.
            job: the training job's name.
        """
        dimensions = [{"Name": "TrainingJobName", "Value": job}]
        data = [
            {"MetricName": metric.name, "Dimensions": dimensions, "Timestamp": metric.at, "Value": metric.value}
            for metric in self._found
        ]
        self._found = []
        for start in range(0, len(data), MAX_DATA):
            cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data[start : start + MAX_DATA])


def _number(found: re.Match[str]) -> float | None:
    try:
        value = float(found.group(1))
    except (TypeError, ValueError):
        return None  # The group matched nothing, or text that is not a number.
    return value if math.isfinite(value) else None  # JSON has neither NaN nor infinity.
