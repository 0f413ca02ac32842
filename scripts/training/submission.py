"""Send CreateTrainingJob, and send it again while AWS's answer means "wait"."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from scripts.core import aws
from scripts.core.errors import UserError

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
        return UserError(
            f"The account's quota does not allow this job: {message}",
            "Ask for more under Service Quotas, Amazon SageMaker, or name another instance_type in the job file.",
        )
    if code == "ResourceInUse":
        return UserError(f"SageMaker did not take the job: {message}", "Run the same command again for a new name.")
    if code == "ValidationException":
        return UserError(
            f"SageMaker did not take the job: {message}", "Correct the job file; docs/jobs.md has each key."
        )
    return None
