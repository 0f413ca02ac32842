"""Removes one leftover."""

from typing import TYPE_CHECKING, Any

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.leftovers.model import Kind, Leftover
from scripts.runs.stopping import stop

if TYPE_CHECKING:
    from scripts.stack import Stack


def remove(leftover: Leftover, stack: "Stack") -> None:
    """Remove a leftover. One that is gone meanwhile is no error.

    Raises:
        UserError: AWS keeps it for a reason of its own.
    """
    match leftover.kind:
        case Kind.JOB:
            stop(aws.client("sagemaker"), leftover.name)
        case Kind.POOL:
            _end_pool(leftover.name)
        case Kind.IMAGE:
            _delete_image(leftover, stack)
        case Kind.UPLOAD:
            _abort(leftover)
        case Kind.CHECKPOINTS:
            _delete_objects(aws.client("s3"), leftover.place, leftover.name)


def _end_pool(job: str) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/train-warm-pools.html: a period of 0 ends it."""
    sagemaker = aws.client("sagemaker")
    try:
        sagemaker.update_training_job(TrainingJobName=job, ResourceConfig={"KeepAlivePeriodInSeconds": 0})
    except Exception as error:
        status = sagemaker.describe_training_job(TrainingJobName=job).get("WarmPoolStatus", {}).get("Status")
        if aws.error_code(error) != "ValidationException" or status == "Available":
            raise


def _delete_image(leftover: Leftover, stack: "Stack") -> None:
    answer = aws.client("ecr").batch_delete_image(
        registryId=stack.repository_account,
        repositoryName=leftover.place,
        imageIds=[{"imageDigest": leftover.name}],
    )
    for failure in answer.get("failures", []):
        if failure.get("failureCode") != "ImageNotFound":
            raise UserError(
                f"ECR keeps the image {leftover.name}: {failure.get('failureReason', failure.get('failureCode'))}.",
                "An image of several platforms may need it; ECR's console shows which. All else can be swept.",
            )


def _abort(leftover: Leftover) -> None:
    try:
        aws.client("s3").abort_multipart_upload(Bucket=leftover.place, Key=leftover.name, UploadId=leftover.upload)
    except Exception as error:
        if aws.error_code(error) != "NoSuchUpload":
            raise


def _delete_objects(s3: Any, bucket: str, prefix: str) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        keys = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
        failed = s3.delete_objects(Bucket=bucket, Delete={"Objects": keys}).get("Errors", []) if keys else []
        if failed:
            raise UserError(
                f"S3 keeps s3://{bucket}/{failed[0]['Key']}: {failed[0].get('Message') or failed[0].get('Code')}.",
                "Allow s3:DeleteObject in that bucket, then run the same command again.",
            )
