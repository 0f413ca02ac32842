"""A small SageMaker: jobs that train for some answers of DescribeTrainingJob and then are Completed."""

import json
from typing import Any

from tests.unit.faulty_aws import NOW, error

READS = 2
QUOTA = "ml.g4dn.4xlarge for training job usage"
PRODUCT = {
    "product": {"attributes": {"usagetype": "USE1-Train:ml.g4dn.4xlarge"}},
    "terms": {"OnDemand": {"a": {"priceDimensions": {"b": {"unit": "Hrs", "pricePerUnit": {"USD": "1.5"}}}}}},
}
LINES = ("first line", "second line")


class SmallSageMaker:
    """Answers SageMaker and CloudWatch Logs. ``jobs`` are the jobs by name, ``created`` counts them."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
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

    def answer(self, operation: str, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer an operation with a status and a content."""
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
                return 200, {"Results": [{"TrainingJob": job} for job in self.jobs.values()]}
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
        return self._stop(name) if operation == "StopTrainingJob" else (200, self._describe(name))

    def _create(self, name: str, sent: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if name in self.jobs:
            return error("ResourceInUse", "Training job names must be unique")
        self.created += 1
        self._reads[name] = READS
        self.add(name, "InProgress", **{key: value for key, value in sent.items() if key != "Tags"})
        return 200, {"TrainingJobArn": self.jobs[name]["TrainingJobArn"]}

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
