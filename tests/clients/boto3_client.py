"""boto3: a job from its creation to its model, with waiters and paginators."""

from typing import Any

import boto3

from .report import call, check, new_name, place, request

GROUP = "/aws/sagemaker/TrainingJobs"


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


if __name__ == "__main__":
    main()
