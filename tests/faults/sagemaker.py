"""A small SageMaker: jobs that train for some answers of DescribeTrainingJob and then are Completed.

So do tunings, each with one training job.
"""

import json
from typing import Any

from tests.unit.faulty_aws import NOW, error

READS = 2
ARN = "arn:aws:sagemaker:us-east-1:123456789012:hyper-parameter-tuning-job/"
TRIAL = "-001-0123abcd"
"""What a tuning's one training job has in its name after the tuning's."""
AVAILABLE = {"Status": "Available"}
"""The status of a warm pool that waits for a job."""
QUOTA = "ml.g4dn.4xlarge for training job usage"
PRODUCT = {
    "product": {"attributes": {"usagetype": "USE1-Train:ml.g4dn.4xlarge"}},
    "terms": {"OnDemand": {"a": {"priceDimensions": {"b": {"unit": "Hrs", "pricePerUnit": {"USD": "1.5"}}}}}},
}
LINES = ("first line", "second line")


class SmallSageMaker:
    """Answers SageMaker and CloudWatch Logs.

    Attributes:
        jobs: the training jobs by name.
        tunings: the tunings by name.
        created: how many of both were ordered.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.tunings: dict[str, dict[str, Any]] = {}
        self.created = 0
        self._reads: dict[str, int] = {}

    def add(self, name: str, status: str, **more: Any) -> None:
        """Add a job that exists already."""
        self.jobs[name] = {
            "TrainingJobName": name,
            "TrainingJobArn": f"arn:aws:sagemaker:us-east-1:123456789012:training-job/{name}",
            "TrainingJobStatus": status,
            "SecondaryStatus": "Training" if status == "InProgress" else status,
            "CreationTime": NOW,
            "LastModifiedTime": NOW,
            **more,
        }

    def add_tuning(self, sent: dict[str, Any], reads: int = READS) -> None:
        """Add a tuning, as it was sent. It is Completed after so many answers about it."""
        name = sent["HyperParameterTuningJobName"]
        self._reads[name] = reads
        self.tunings[name] = sent
        self.add(f"{name}{TRIAL}", "Completed", **sent["TrainingJobDefinition"])

    def tuning_status(self, name: str) -> str:
        """The status of a tuning. One that was stopped is Completed here too."""
        return "Completed" if self._reads[name] < 0 else "InProgress"

    def answer(self, operation: str, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer an operation with a status and a content."""
        of_tuning = "HyperParameterTuningJob" in operation
        return self._answer_tuning(operation, sent) if of_tuning else self._answer(operation, sent)

    def _answer(self, operation: str, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        name = sent.get("TrainingJobName", "")
        match operation:
            case "CreateTrainingJob":
                return self._create(name, sent)
            case "ListTrainingJobs":
                return 200, {"TrainingJobSummaries": list(self.jobs.values())}
            case "ListServiceQuotas" | "ListAWSDefaultServiceQuotas":
                return 200, {"Quotas": [{"QuotaName": QUOTA, "QuotaCode": "L-1", "Value": 9.0}]}
            case "GetProducts":
                return 200, {"PriceList": [json.dumps(PRODUCT)]}
            case "Search":
                return 200, {"Results": self._search(sent["Resource"])}
            case "ListTags":
                return 200, {"Tags": [{"Key": "Project", "Value": "trainyard"}]}
            case "DescribeLogStreams":
                return 200, {"logStreams": [{"logStreamName": f"{sent['logStreamNamePrefix']}algo-1-1"}]}
            case "GetLogEvents":
                start = int(sent.get("nextToken", "0"))
                events = [{"timestamp": int(NOW * 1000), "message": line} for line in LINES[start : start + 1]]
                return 200, {"events": events, "nextForwardToken": str(start + len(events))}
        if name not in self.jobs:
            return error("ValidationException", "Requested resource not found.")
        changes = {"StopTrainingJob": self._stop, "UpdateTrainingJob": self._end_pool}
        return changes[operation](name) if operation in changes else (200, self._describe(name))

    def _search(self, resource: str) -> list[dict[str, Any]]:
        of_tunings = resource == "HyperParameterTuningJob"
        found = [*map(self._describe_tuning, self.tunings)] if of_tunings else [*self.jobs.values()]
        return [{resource: one} for one in found]

    def _end_pool(self, name: str) -> tuple[int, dict[str, Any]]:
        if self.jobs[name].get("WarmPoolStatus") != AVAILABLE:
            return error("ValidationException", "The warm pool is not Available.")
        self.jobs[name]["WarmPoolStatus"] = {"Status": "Terminated"}
        return 200, {"TrainingJobArn": self.jobs[name]["TrainingJobArn"]}

    def _create(self, name: str, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if name in self.jobs:
            return error("ResourceInUse", "Training job names must be unique")
        self.created += 1
        self._reads[name] = READS
        self.add(name, "InProgress", **{key: value for key, value in sent.items() if key != "Tags"})
        return 200, {"TrainingJobArn": self.jobs[name]["TrainingJobArn"]}

    def _answer_tuning(self, operation: str, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if operation == "ListHyperParameterTuningJobs":
            return 200, {"HyperParameterTuningJobSummaries": [*map(self._describe_tuning, self.tunings)]}
        name = sent["HyperParameterTuningJobName"]
        if operation == "CreateHyperParameterTuningJob":
            if name in self.tunings:
                return error("ResourceInUse", "Tuning job names must be unique")
            self.created += 1
            self.add_tuning(sent)
            return 200, {"HyperParameterTuningJobArn": f"{ARN}{name}"}
        if name not in self.tunings:
            return error("ResourceNotFound", "No such tuning.")
        if operation == "ListTrainingJobsForHyperParameterTuningJob":
            return 200, {"TrainingJobSummaries": [self._trial(name)]}
        if operation == "StopHyperParameterTuningJob":
            if self.tuning_status(name) == "Completed":
                return error("ValidationException", "The request was rejected because the tuning job has ended.")
            self._reads[name] = -1
            return 200, {}
        self._reads[name] -= 1
        return 200, self._describe_tuning(name)

    def _describe_tuning(self, name: str) -> dict[str, Any]:
        tuning = self.tunings[name]
        return {
            **tuning,
            "HyperParameterTuningJobArn": f"{ARN}{name}",
            "HyperParameterTuningJobStatus": self.tuning_status(name),
            "Strategy": tuning["HyperParameterTuningJobConfig"]["Strategy"],
            "CreationTime": NOW,
            "TrainingJobStatusCounters": {"Completed": 1},
            "ObjectiveStatusCounters": {"Succeeded": 1},
            "BestTrainingJob": self._trial(name),
        }

    def _trial(self, name: str) -> dict[str, Any]:
        job = self.jobs[f"{name}{TRIAL}"]
        return {
            **{key: job[key] for key in ("TrainingJobName", "TrainingJobArn", "TrainingJobStatus", "CreationTime")},
            "TrainingStartTime": NOW,
            "TrainingEndTime": NOW + 1,
            "TunedHyperParameters": {"x": "1"},
            "FinalHyperParameterTuningJobObjectiveMetric": {"MetricName": "loss", "Value": 0.5},
        }

    def _stop(self, name: str) -> tuple[int, dict[str, Any]]:
        if self.jobs[name]["TrainingJobStatus"] != "InProgress":
            return error("ValidationException", "The request was rejected because the training job has ended.")
        self.jobs[name] |= {"TrainingJobStatus": "Stopped", "SecondaryStatus": "Stopped"}
        return 200, {}

    def _describe(self, name: str) -> dict[str, Any]:
        job = self.jobs[name]
        if name in self._reads:
            self._reads[name] -= 1
            if self._reads[name] < 0:
                job |= {"TrainingJobStatus": "Completed", "SecondaryStatus": "Completed"}
        if job["TrainingJobStatus"] == "Completed":
            folder = job["OutputDataConfig"]["S3OutputPath"].rstrip("/")
            archive = f"{folder}/{name}/output/model.tar.gz"
            job |= {"ModelArtifacts": {"S3ModelArtifacts": archive}}
        return job
