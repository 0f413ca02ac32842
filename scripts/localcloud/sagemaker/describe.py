"""Makes the responses of DescribeTrainingJob and ListTrainingJobs from jobs."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from scripts.localcloud.sagemaker import pools, spot
from scripts.localcloud.sagemaker.jobs import Job
from scripts.localcloud.sagemaker.lists import cut_page, select

# CreateTrainingJob's members that DescribeTrainingJobResponse does not have (botocore's service model).
NOT_DESCRIBED = {"Tags", "SessionChainingConfig"}
DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "OutputDataConfig": {"KmsKeyId": "", "CompressionType": "GZIP"},
    "StoppingCondition": {"MaxRuntimeInSeconds": spot.DEFAULT_MAX_RUNTIME},
}
CHANNEL_DEFAULTS: Mapping[str, Any] = {"CompressionType": "None", "RecordWrapperType": "None"}
SWITCHES = ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining")


def description(job: Job, discount: Decimal = spot.DISCOUNT) -> dict[str, Any]:
    """Return DescribeTrainingJob's response: the members of the request, and those that AWS adds.

    Args:
        job: the job.
        discount: what spot saves of the price on demand, from 0 to 1.
    """
    sent = {name: value for name, value in job.request.items() if name not in NOT_DESCRIBED}
    described = with_defaults(sent) | {
        "TrainingJobArn": job.arn,
        "TuningJobArn": job.tuning,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.transitions[-1].status,
        "SecondaryStatusTransitions": [_transition(job, index) for index in range(len(job.transitions))],
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "WarmPoolStatus": pools.status(job),
        "ModelArtifacts": {"S3ModelArtifacts": job.model} if job.model else None,
        "FailureReason": job.failure,
        "ProfilingStatus": "Disabled",  # no profiler runs
        "TrainingStartTime": job.started,
        "TrainingEndTime": job.ended,
        "FinalMetricDataList": [
            {"MetricName": metric.name, "Value": metric.value, "Timestamp": metric.at} for metric in job.metrics
        ]
        or None,
    }
    return without_none(described | spot.bill(job, discount))


def with_defaults(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request with the members that AWS answers also if the request does not have them.

    SageMaker's SDK 2 reads KmsKeyId (``_prepare_init_params_from_job_description`` in ``sagemaker/estimator.py``), and
    its tests have AWS's answer: KmsKeyId is empty. The other defaults:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_OutputDataConfig.html, API_StoppingCondition.html,
    API_Channel.html and API_AlgorithmSpecification.html.
    """
    completed: dict[str, Any] = {**dict.fromkeys(SWITCHES, False), **request}
    for name, defaults in DEFAULTS.items():
        completed[name] = {**defaults, **request.get(name, {})}
    algorithm = request.get("AlgorithmSpecification", {})
    time_series = {"EnableSageMakerMetricsTimeSeries": bool(algorithm.get("MetricDefinitions"))}
    completed["AlgorithmSpecification"] = time_series | algorithm
    if "InputDataConfig" in request:
        completed["InputDataConfig"] = [{**CHANNEL_DEFAULTS, **channel} for channel in request["InputDataConfig"]]
    return completed


def _transition(job: Job, index: int) -> dict[str, Any]:
    step = job.transitions[index]
    described = {"Status": step.status, "StartTime": step.start, "StatusMessage": step.message}
    return described | ({"EndTime": step.end} if step.end else {})


def page(jobs: Sequence[Job], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return one page of ListTrainingJobs.

    As on AWS, StatusEquals filters a page after it is cut. So a page can be short or even empty without being the last.
    WarmPoolStatusEquals does the same here.

    Raises:
        ServiceError: a NextToken that no response gave.
    """
    cut, token = cut_page(select(jobs, wanted, by="CreationTime", order="Descending"), wanted)
    status, pool = wanted.get("StatusEquals"), wanted.get("WarmPoolStatusEquals")
    found = [job for job in cut if status in (None, job.status) and pool in (None, job.pool and job.pool.status)]
    return {"TrainingJobSummaries": [summary(job) for job in found]} | token


def summary(job: Job) -> dict[str, Any]:
    """Return a job's entry in the list."""
    described = {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.transitions[-1].status,
        "TrainingEndTime": job.ended,
        "WarmPoolStatus": pools.status(job),
    }
    return without_none(described)


def without_none(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of a response that have a value."""
    return {name: value for name, value in members.items() if value is not None}
