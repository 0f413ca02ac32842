"""Removes one leftover."""

from typing import TYPE_CHECKING, Any

from scripts.core import aws
from scripts.leftovers.model import Kind, Leftover
from scripts.runs.stopping import stop

if TYPE_CHECKING:
    from scripts.stack import Stack


def remove(leftover: Leftover, stack: "Stack") -> str | None:
    """Remove a leftover. One that is gone meanwhile is no error.

    Returns:
        Why AWS keeps it, if it does; None if it is gone.
    """
    match leftover.kind:
        case Kind.TUNING:
            _stop_tuning(leftover.name)
        case Kind.JOB:
            stop(aws.client("sagemaker"), leftover.name)
        case Kind.POOL:
            _end_pool(leftover.name)
        case Kind.IMAGE:
            return _delete_image(leftover, stack)
        case Kind.UPLOAD:
            _abort(leftover)
        case Kind.CHECKPOINTS:
            return _delete_objects(aws.client("s3"), leftover.place, leftover.name)
    return None


def _stop_tuning(name: str) -> None:
    """SageMaker stops its training jobs too."""
    from scripts.tuning.stopping import stop as stop_tuning  # the package takes long to import

    stop_tuning(aws.client("sagemaker"), name)


def _end_pool(job: str) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html: a period of 0 ends it."""
    sagemaker = aws.client("sagemaker")
    try:
        sagemaker.update_training_job(TrainingJobName=job, ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    except Exception as error:
        status = sagemaker.describe_training_job(TrainingJobName=job).get("WarmPoolStatus", {}).get("Status")
        if aws.error_code(error) != "ValidationException" or status == "Available":
            raise


def _delete_image(leftover: Leftover, stack: "Stack") -> str | None:
    """ECR keeps an image that an image of several platforms needs: API_ImageFailure.html."""
    answer = aws.client("ecr").batch_delete_image(
        registryId=stack.repository_account,
        repositoryName=leftover.place,
        imageIds=[{"imageDigest": leftover.name}],
    )
    for failure in answer.get("failures", []):
        if failure.get("failureCode") != "ImageNotFound":
            return str(failure.get("failureReason", failure.get("failureCode")))
    return None


def _abort(leftover: Leftover) -> None:
    try:
        aws.client("s3").abort_multipart_upload(Bucket=leftover.place, Key=leftover.name, UploadId=leftover.upload)
    except Exception as error:
        if aws.error_code(error) != "NoSuchUpload":
            raise


def _delete_objects(s3: Any, bucket: str, prefix: str) -> str | None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        keys = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
        failed = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys}).get("Errors", []) if keys else []
        if failed:
            return f"{failed[0]['Key']}: {failed[0].get('Message') or failed[0].get('Code')}"
    return None
