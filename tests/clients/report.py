"""What the client programs share. It has the standard library alone: each client runs in an environment of its own."""

import json
import sys
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MAX_TEXT = 200
LOSS = r"\bloss=(\S+)"


@contextmanager
def call(what: str) -> Iterator[None]:
    """Print, as a line of JSON, whether what the ``with`` block does works; an exception in it goes to stderr.

    Args:
        what: the call, in Markdown.
    """
    try:
        yield
        result = "works"
    except (Exception, SystemExit) as error:
        traceback.print_exc()
        lines = str(error).strip().splitlines() or [""]
        result = f"fails: {type(error).__name__}: {lines[0]}"[:MAX_TEXT]
    print(json.dumps({"what": what, "result": result}), flush=True)


def request() -> dict[str, Any]:
    """Return the request of a job that has run, in the file that the command line names."""
    content: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    return content


def tuning_request(asked: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the request of a tuning of two training jobs like the one of ``request``."""
    members = ("RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig", "StoppingCondition")
    algorithm = {key: asked["AlgorithmSpecification"][key] for key in ("TrainingImage", "TrainingInputMode")}
    rates = [{"Name": "learning_rate", "MinValue": "0.0001", "MaxValue": "0.01", "ScalingType": "Logarithmic"}]
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 2, "MaxParallelTrainingJobs": 1},
            "ParameterRanges": {"ContinuousParameterRanges": rates},
        },
        "TrainingJobDefinition": {
            **{member: asked[member] for member in members if member in asked},
            "AlgorithmSpecification": algorithm | {"MetricDefinitions": [{"Name": "loss", "Regex": LOSS}]},
            "StaticHyperParameters": static_hyperparameters(asked),
            "EnableManagedSpotTraining": asked.get("EnableManagedSpotTraining", False),
        },
    }


def static_hyperparameters(asked: dict[str, Any]) -> dict[str, str]:
    """Return the hyperparameters that a tuning does not search."""
    return {key: value for key, value in asked["HyperParameters"].items() if key != "learning_rate"}


def new_name(client: str) -> str:
    """Return a name for a new training job or tuning job."""
    return f"client-{client}-{uuid.uuid4().hex[:8]}"


def place(uri: str) -> tuple[str, str]:
    """Return the bucket and the key of an S3 URI."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def check(value: object, expected: object) -> None:
    """Raise an AssertionError if two values differ."""
    if value != expected:
        raise AssertionError(f"{value!r} instead of {expected!r}")
