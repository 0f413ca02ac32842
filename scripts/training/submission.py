"""Sends CreateTrainingJob, and retries while a new role or policy is not known everywhere."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from scripts.core import aws
from scripts.core.errors import UserError

QUOTA = re.compile(r"service limit '(?P<quota>[^']+)'")
RETRY_SECONDS = 120.0
PAUSE_SECONDS = 5.0
# SageMaker's messages while a new role or policy has not reached all of AWS.
IAM_DELAY_MESSAGES = (
    "Could not assume role",
    "Unauthorized to List objects under S3 URL",
    "Access denied to OutputDataConfig S3 bucket",
    "no identity-based policy allows the s3:ListBucket action",
    "Access denied for repository",
)


def is_temporary(code: str, message: str) -> bool:
    """Whether a refusal may pass by itself, because a change of IAM takes time to reach all of AWS."""
    return code == "ValidationException" and any(part in message for part in IAM_DELAY_MESSAGES)


def submit(
    sagemaker: Any,
    request: Mapping[str, Any],
    retry_seconds: float = RETRY_SECONDS,
    pause_seconds: float = PAUSE_SECONDS,
    say: Callable[[str], None] = print,
) -> str:
    """Create the training job.

    Args:
        sagemaker: the boto3 client.
        request: the result of `build_request`.
        retry_seconds: how long to retry.
        pause_seconds: the pause between two attempts.
        say: prints one line when it starts to retry.

    Returns:
        The job's ARN.

    Raises:
        UserError: AWS refused the request for a reason that you can correct.
    """
    end, waiting = time.monotonic() + retry_seconds, False
    while True:
        try:
            arn: str = sagemaker.create_training_job(**request)["TrainingJobArn"]
            return arn
        except sagemaker.exceptions.ClientError as error:
            code, message = aws.error_code(error), aws.error_message(error)
            if not is_temporary(code, message) or time.monotonic() + pause_seconds > end:
                refusal = _explain(code, message)
                if refusal is None:
                    raise
                raise refusal from error
            if not waiting:
                say(f"SageMaker does not know the new permissions yet; retrying for {retry_seconds:.0f} s: {message}")
                waiting = True
        time.sleep(pause_seconds)


def _explain(code: str, message: str) -> UserError | None:
    if code == "ResourceLimitExceeded":
        return _quota(message)
    if code == "ResourceInUse":
        return UserError(f"SageMaker rejected the job: {message}", "Run the same command again for a new job name.")
    if code == "ValidationException" and "instance type" in message.lower():
        return UserError(
            f"SageMaker does not offer this instance type in {aws.region()}: {message}",
            "Name another instance_type in the job file, or run the job in another region (AWS_REGION, `make infra`).",
        )
    if code == "ValidationException":
        return UserError(
            f"SageMaker rejected the job: {message}", "Correct the job file; docs/jobs.md describes each key."
        )
    return None


def _quota(message: str) -> UserError:
    # https://docs.aws.amazon.com/general/latest/gr/sagemaker.html: the quota of a new account for most GPU types is 0.
    found = QUOTA.search(message)
    name = f"`{found['quota']}`" if found else "for this instance type"
    region = aws.region()
    return UserError(
        f"The account's quota does not allow this job: {message}",
        f"Raise the quota {name} in {region}: "
        f"https://{region}.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas (it takes AWS a day or "
        "two), or name another instance_type in the job file.",
    )
