"""Sends CreateTrainingJob until the job exists or certainly does not; `scripts.training.sending` decides how."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from scripts.core import aws, refusals
from scripts.core.errors import AGAIN, UserError
from scripts.core.outages import Cause, cause_of, is_doubtful
from scripts.training.sending import Action, Answer, Sending, after, begin, is_ours

QUOTA = re.compile(r"service limit '(?P<quota>[^']+)'")
# SageMaker's messages while a new role or policy has not reached all of AWS.
IAM_DELAY_MESSAGES = (
    "Could not assume role",
    "Unauthorized to List objects under S3 URL",
    "Access denied to OutputDataConfig S3 bucket",
    "no identity-based policy allows the s3:ListBucket action",
    "Access denied for repository",
)


def submit(
    request: Mapping[str, Any],
    say: Callable[[str], None],
    connect: Callable[[str], Any] = aws.client_of_one_attempt,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Create the training job. It exists when this returns.

    Args:
        request: the CreateTrainingJob request.
        say: prints a line when it has to wait or to look.
        connect: makes a client of a service that makes one attempt a call. With more attempts, the last error would
            hide that an earlier attempt may have created the job.
        now: the time in seconds.
        sleep: waits for some seconds.

    Raises:
        JobMayExistError: nobody can say whether the job exists.
        UserError: AWS refused the request for a reason that you can correct. There is no job.
        Exception: the same for another reason.
    """
    attempts = _Attempts(request, say, connect)
    sending = begin(now())
    while sending.action in {Action.SEND, Action.LOOK}:
        if sending.pause:
            attempts.announce(sending)
            sleep(sending.pause)
        answer = attempts.send() if sending.action is Action.SEND else attempts.look()
        sending = after(sending, answer, now())
    if sending.action is not Action.FOLLOW:
        raise attempts.report(sending.action)


class JobMayExistError(UserError):
    """No answer said whether the job was created."""


class _Attempts:
    """Makes the calls of a submission, and keeps the error to report."""

    def __init__(self, request: Mapping[str, Any], say: Callable[[str], None], connect: Callable[[str], Any]) -> None:
        self._request, self._say, self._connect = request, say, connect
        self._sagemaker = connect("sagemaker")
        self._name: str = request["TrainingJobName"]
        self._announced: set[str] = set()
        self._refusal = self._error = Exception("no answer yet")

    def send(self) -> Answer:
        """Send CreateTrainingJob once."""
        try:
            self._sagemaker.create_training_job(**self._request)
        except Exception as error:
            self._refusal = self._error = error
            return answer_of(error)
        return Answer.CREATED

    def look(self) -> Answer:
        """Look for the job once."""
        try:
            found = self._sagemaker.describe_training_job(TrainingJobName=self._name)
        except Exception as error:
            if aws.error_code(error) in {"ValidationException", "ResourceNotFound"}:
                return Answer.MISSING
            cause = cause_of(error)
            if cause is None and not aws.error_code(error):
                raise
            self._error = error
            if cause is None:
                return Answer.CANNOT_LOOK
            if cause is Cause.CREDENTIALS:
                aws.renew()
                self._sagemaker = self._connect("sagemaker")
            return Answer.NO_ANSWER
        return Answer.OURS if is_ours(self._request, found) else Answer.OF_SOMEBODY_ELSE

    def announce(self, sending: Sending) -> None:
        """Print a line about what is waited for, once for each reason."""
        if sending.may_exist:
            line = f"AWS gave no answer about {self._name}; looking whether it has started …"
        elif sending.last_sent is Answer.IAM_DELAY:
            message = aws.error_message(self._refusal)
            line = f"SageMaker does not know the new permissions yet; sending again for up to two minutes: {message}"
        else:
            line = f"AWS does not take the job now; sending it again for up to two minutes: {_reason(self._refusal)}"
        kind = line.partition(":")[0]
        if kind not in self._announced:
            self._say(line)
        self._announced.add(kind)

    def report(self, action: Action) -> Exception:
        """The error that ends the sending."""
        name = self._name
        if action is Action.REPORT_UNKNOWN:
            return JobMayExistError(
                f"AWS did not say whether it has started the job {name}: {_reason(self._error)}",
                f"It may be running. When AWS answers again, `make jobs` lists it if it exists: then "
                f"`make logs RUN={name}` follows it, and `make stop RUN={name}` stops it.",
            )
        if action is Action.REPORT_NOT_STARTED:
            return UserError(
                f"AWS has not started the job {name}: {_reason(self._refusal)}",
                f"The fault is AWS's or the network's. If `make jobs` does not list {name}, {AGAIN} later.",
            )
        if action is Action.REPORT_NAME_TAKEN:
            return UserError(
                f"Another job has the name {name}, with another request.",
                f"{AGAIN.capitalize()} for a new job name.",
            )
        return _explain(aws.error_code(self._refusal), aws.error_message(self._refusal)) or self._refusal


def answer_of(error: Exception) -> Answer:
    """What an error of CreateTrainingJob means.

    Raises:
        Exception: the error itself, if it is neither AWS's nor the network's.
    """
    code, message = aws.error_code(error), aws.error_message(error)
    if code == "ResourceInUse":
        return Answer.NAME_TAKEN
    if code == "ValidationException" and any(part in message for part in IAM_DELAY_MESSAGES):
        return Answer.IAM_DELAY
    if is_doubtful(error):
        return Answer.LOST
    if cause_of(error) in {Cause.THROTTLED, Cause.NETWORK}:
        return Answer.NOT_NOW
    if code or cause_of(error):
        return Answer.REFUSED
    raise error


def _reason(error: Exception) -> str:
    explained = refusals.explain(error)
    return explained.problem if explained else str(error)


def _explain(code: str, message: str) -> UserError | None:
    if code == "ResourceLimitExceeded":
        return _quota(message)
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
