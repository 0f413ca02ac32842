"""Send CreateTrainingJob, and send it again while AWS's answer means "wait"."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from scripts.core import aws
from scripts.core.errors import UserError

QUOTA = re.compile(r"service limit '(?P<quota>[^']+)'")
PATIENCE = 120.0
PAUSE = 5.0
# What SageMaker says while a role or policy that was just made is not yet seen everywhere.
NOT_YET = (
    "Could not assume role",
    "Unauthorized to List objects under S3 URL",
    "Access denied to OutputDataConfig S3 bucket",
    "no identity-based policy allows the s3:ListBucket action",
    "Access denied for repository",
)


def means_wait(code: str, message: str) -> bool:
    """Whether a refusal may pass by itself, because IAM's changes take their time."""
    return code == "ValidationException" and any(part in message for part in NOT_YET)


def submit(
    sagemaker: Any,
    request: Mapping[str, Any],
    patience: float = PATIENCE,
    pause: float = PAUSE,
    say: Callable[[str], None] = print,
) -> str:
    """Create the training job.

    Args:
        sagemaker: the client.
        request: what `build_request` gave.
        patience: for how many seconds to send it again.
        pause: seconds between two times.
        say: told once that it waits.

    Returns:
        The job's ARN.

    Raises:
        UserError: AWS refused the request for a reason that the caller can mend.
    """
    end, waiting = time.monotonic() + patience, False
    while True:
        try:
            arn: str = sagemaker.create_training_job(**request)["TrainingJobArn"]
            return arn
        except sagemaker.exceptions.ClientError as error:
            code, message = aws.error_code(error), aws.error_message(error)
            if not means_wait(code, message) or time.monotonic() + pause > end:
                refusal = _explain(code, message)
                if refusal is None:
                    raise
                raise refusal from error
            if not waiting:
                say(f"AWS does not see the role's rights yet; sending again for up to {patience:.0f} s: {message}")
                waiting = True
        time.sleep(pause)


def _explain(code: str, message: str) -> UserError | None:
    if code == "ResourceLimitExceeded":
        return _quota(message)
    if code == "ResourceInUse":
        return UserError(f"SageMaker did not take the job: {message}", "Run the same command again for a new name.")
    if code == "ValidationException" and "instance type" in message.lower():
        return UserError(
            f"SageMaker does not offer this instance type in {aws.region()}: {message}",
            "Name another instance_type in the job file, or run the job in another region (AWS_REGION, `make infra`).",
        )
    if code == "ValidationException":
        return UserError(
            f"SageMaker did not take the job: {message}", "Correct the job file; docs/jobs.md has each key."
        )
    return None


def _quota(message: str) -> UserError:
    # https://docs.aws.amazon.com/general/latest/gr/sagemaker.html: a new account's quota of most GPU types is 0.
    found = QUOTA.search(message)
    name = f"`{found['quota']}`" if found else "for this instance type"
    region = aws.region()
    return UserError(
        f"The account's quota does not allow this job: {message}",
        f"Raise the quota {name} in {region}: "
        f"https://{region}.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas (it takes AWS a day or "
        "two), or name another instance_type in the job file.",
    )
