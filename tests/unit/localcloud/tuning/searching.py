"""Requests for tuning jobs of the fake trainer, and short methods that watch them."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from tests.unit.localcloud.account import Account, wait_for

# A program whose objective is (x - 3)² + 1; `h` are its hyperparameters.
PARABOLA = """
h = json.loads((base / "input/config/hyperparameters.json").read_text())
print("loss=9.5"); print("loss=%r" % ((float(h["x"]) - 3) ** 2 + 1))
(base / "model/m").write_text(h["x"])
"""
X = {"ContinuousParameterRanges": [{"Name": "x", "MinValue": "0", "MaxValue": "10", "ScalingType": "Linear"}]}


class Searches:
    """Creates and watches tuning jobs in an account."""

    def __init__(self, account: Account, names: Iterator[str]) -> None:
        self.account = account
        self.sagemaker = account.sagemaker
        self._names = names

    def request(self, code: str = PARABOLA, jobs: int = 3, **config: Any) -> dict[str, Any]:
        """Return a request; ``config`` are members of HyperParameterTuningJobConfig, or of the request itself."""
        job = self.account.request(code)
        metrics = [{"Name": "loss", "Regex": r"loss=(\S+)"}]
        members = ("WarmStartConfig", "Tags", "Autotune")
        top: dict[str, Any] = {name: config.pop(name) for name in members if name in config}
        definition = {
            "StaticHyperParameters": {"code": json.dumps(code), **config.pop("static", {})},
            "AlgorithmSpecification": job["AlgorithmSpecification"] | {"MetricDefinitions": metrics},
            **{name: job[name] for name in ("RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig")},
            "StoppingCondition": job["StoppingCondition"],
            **config.pop("definition", {}),
        }
        parallel = config.pop("parallel", 1)
        defaults = {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel},
            "ParameterRanges": X,
            "RandomSeed": 5,
        }
        asked = {name: value for name, value in (defaults | config).items() if value is not None}
        return {
            "HyperParameterTuningJobName": next(self._names),
            "HyperParameterTuningJobConfig": asked,
            "TrainingJobDefinition": {name: value for name, value in definition.items() if value is not None},
            **top,
        }

    def create(self, code: str = PARABOLA, jobs: int = 3, **config: Any) -> str:
        request = self.request(code, jobs, **config)
        self.sagemaker.create_hyper_parameter_tuning_job(**request)
        return str(request["HyperParameterTuningJobName"])

    def describe(self, name: str) -> dict[str, Any]:
        return dict(self.sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name))

    def wait_until(self, name: str, reached: Callable[[dict[str, Any]], Any], seconds: float = 180) -> dict[str, Any]:
        return wait_for(lambda: self.describe(name), reached, seconds)

    def run(self, code: str = PARABOLA, jobs: int = 3, **config: Any) -> dict[str, Any]:
        """Run a tuning to its end."""
        return self.end(self.create(code, jobs, **config))

    def end(self, name: str) -> dict[str, Any]:
        return self.wait_until(name, lambda tuning: "HyperParameterTuningEndTime" in tuning)

    def trials(self, name: str, **wanted: Any) -> list[dict[str, Any]]:
        call = self.sagemaker.list_training_jobs_for_hyper_parameter_tuning_job
        return list(call(HyperParameterTuningJobName=name, MaxResults=100, **wanted)["TrainingJobSummaries"])
