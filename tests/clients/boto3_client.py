"""boto3: a job from its creation to its model, with waiters and paginators."""

import time
from typing import Any

import boto3

from .report import call, check, new_name, place, request, tuning_request

GROUP = "/aws/sagemaker/TrainingJobs"
SECONDS = 300


def main() -> None:
    """Make the calls."""
    session: Any = boto3.Session()
    sagemaker, s3, logs = (session.client(service) for service in ("sagemaker", "s3", "logs"))
    asked, name = request(), new_name("boto3")
    with call("create_training_job, waiter `training_job_completed_or_stopped`, describe_training_job"):
        sagemaker.create_training_job(**asked | {"TrainingJobName": name})
        waiter = sagemaker.get_waiter("training_job_completed_or_stopped")
        waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 300})
        check(sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"], "Completed")
    with call("paginator `list_training_jobs`, one job a page"):
        pages = sagemaker.get_paginator("list_training_jobs").paginate(PaginationConfig={"PageSize": 1})
        check(name in [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]], True)
    with call("paginator `search`"):
        filters = {"Filters": [{"Name": "TrainingJobName", "Operator": "Equals", "Value": name}]}
        found = sagemaker.get_paginator("search").paginate(Resource="TrainingJob", SearchExpression=filters)
        check([entry["TrainingJob"]["TrainingJobName"] for page in found for entry in page["Results"]], [name])
    with call("paginator `filter_log_events`"):
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP, logStreamNamePrefix=name)
        check(any(page["events"] for page in pages), True)
    bucket, key = place(f"{asked['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{name}/output/model.tar.gz")
    with call("waiter `object_exists` for the model, paginator `list_objects_v2`"):
        s3.get_waiter("object_exists").wait(Bucket=bucket, Key=key, WaiterConfig={"Delay": 1, "MaxAttempts": 5})
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key.rpartition("/")[0])
        check(key in [entry["Key"] for page in pages for entry in page.get("Contents", [])], True)
    with call("stop_training_job, and the waiter takes Stopped for an end"):
        name = new_name("boto3")
        sagemaker.create_training_job(**asked | {"TrainingJobName": name})
        sagemaker.stop_training_job(TrainingJobName=name)
        waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 150})
        check(sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"], "Stopped")
    search(sagemaker, asked)


def search(sagemaker: Any, asked: dict[str, Any]) -> None:
    """Run a tuning of two jobs, and stop another one."""
    name = new_name("boto3")
    with call(
        "create_hyper_parameter_tuning_job, describe_hyper_parameter_tuning_job, paginators "
        "`list_training_jobs_for_hyper_parameter_tuning_job` and `list_hyper_parameter_tuning_jobs`, one a page"
    ):
        sagemaker.create_hyper_parameter_tuning_job(**tuning_request(asked, name))
        tuning = tuning_end(sagemaker, name)
        check((tuning["HyperParameterTuningJobStatus"], tuning.get("FailureReason")), ("Completed", None))
        pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
            HyperParameterTuningJobName=name, SortBy="FinalObjectiveMetricValue", PaginationConfig={"PageSize": 1}
        )
        found = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
        check((len(found), found[0]), (2, tuning["BestTrainingJob"]["TrainingJobName"]))
        pages = sagemaker.get_paginator("list_hyper_parameter_tuning_jobs").paginate(PaginationConfig={"PageSize": 1})
        listed = [
            one["HyperParameterTuningJobName"] for page in pages for one in page["HyperParameterTuningJobSummaries"]
        ]
        check(name in listed, True)
    with call("stop_hyper_parameter_tuning_job, delete_hyper_parameter_tuning_job"):
        name = new_name("boto3")
        sagemaker.create_hyper_parameter_tuning_job(**tuning_request(asked, name))
        sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        check(tuning_end(sagemaker, name)["HyperParameterTuningJobStatus"], "Stopped")
        sagemaker.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)


def tuning_end(sagemaker: Any, name: str) -> dict[str, Any]:
    """Wait for the end of a tuning, and describe it. boto3 has no waiter for it."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        tuning: dict[str, Any] = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        if tuning["HyperParameterTuningJobStatus"] not in ("InProgress", "Stopping"):
            return tuning
        time.sleep(1)
    raise TimeoutError(name)


if __name__ == "__main__":
    main()
