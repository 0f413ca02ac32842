"""Sends a job until it exists or certainly does not; `scripts.training.sending` decides how.

A job is a training job, or a tuning: `Kind` has what differs.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Kind:
    """What is sent.

    Args:
        noun: what it is called in messages.
        name: the member of its requests that names it.
        operation: the end of its operations' names in boto3, such as ``training_job``.
        is_ours: whether what Describe answers was created by a request.
        variable: the variable of make that names it.
        listed: the command that lists it.
        page: the page that describes what a person may correct.
    """

    noun: str
    name: str
    operation: str
    is_ours: Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
    variable: str
    listed: str
    page: str

    def name_in(self, request: Mapping[str, Any]) -> str:
        """The name in a request."""
        return str(request[self.name])

    def call(self, client: Any, verb: str, **parameters: Any) -> dict[str, Any]:
        """Make one of its calls, such as ``create``."""
        answer: dict[str, Any] = getattr(client, f"{verb}_{self.operation}")(**parameters)
        return answer


TRAINING_JOB = Kind("job", "TrainingJobName", "training_job", is_ours, "RUN", "make jobs", "docs/jobs.md")


def submit(
    request: Mapping[str, Any],
    say: Callable[[str], None],
    connect: Callable[[str], Any] = aws.client_of_one_attempt,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    kind: Kind = TRAINING_JOB,
) -> None:
    """Create the job. It exists when this returns.

    Args:
        request: the request that creates it.
        say: prints a line when it has to wait or to look.
        connect: makes a client of a service that makes one attempt a call. With more attempts, the last error would
            hide that an earlier attempt may have created the job.
        now: the time in seconds.
        sleep: waits for some seconds.
        kind: what the request creates.

    Raises:
        JobMayExistError: nobody can say whether the job exists.
        UserError: AWS refused the request for a reason that you can correct. There is no job.
        Exception: the same for another reason.
    """
    attempts = _Attempts(request, say, connect, kind)
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

    def __init__(
        self, request: Mapping[str, Any], say: Callable[[str], None], connect: Callable[[str], Any], kind: Kind
    ) -> None:
        self._request, self._say, self._connect, self._kind = request, say, connect, kind
        self._sagemaker = connect("sagemaker")
        self._name = kind.name_in(request)
        self._announced: set[str] = set()
        self._refusal = self._error = Exception("no answer yet")

    def send(self) -> Answer:
        """Send the request once."""
        try:
            self._kind.call(self._sagemaker, "create", **self._request)
        except Exception as error:
            self._refusal = self._error = error
            return answer_of(error)
        return Answer.CREATED

    def look(self) -> Answer:
        """Look for the job once."""
        try:
            found = self._kind.call(self._sagemaker, "describe", **{self._kind.name: self._name})
        except Exception as error:
            if aws.is_missing_job(error):
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
        return Answer.OURS if self._kind.is_ours(self._request, found) else Answer.OF_SOMEBODY_ELSE

    def announce(self, sending: Sending) -> None:
        """Print a line about what is waited for, once for each reason."""
        if sending.may_exist:
            line = f"AWS gave no answer about {self._name}; looking whether it has started …"
        elif sending.last_sent is Answer.IAM_DELAY:
            message = aws.error_message(self._refusal)
            line = f"SageMaker does not know the new permissions yet; sending again for up to two minutes: {message}"
        else:
            noun, reason = self._kind.noun, _reason(self._refusal)
            line = f"AWS does not take the {noun} now; sending it again for up to two minutes: {reason}"
        kind = line.partition(":")[0]
        if kind not in self._announced:
            self._say(line)
        self._announced.add(kind)

    def report(self, action: Action) -> Exception:
        """The error that ends the sending."""
        name, kind = self._name, self._kind
        if action is Action.REPORT_UNKNOWN:
            return JobMayExistError(
                f"AWS did not say whether it has started the {kind.noun} {name}: {_reason(self._error)}",
                f"It may be running. When AWS answers again, `{kind.listed}` lists it if it exists: then "
                f"`make logs {kind.variable}={name}` follows it, and `make stop {kind.variable}={name}` stops it.",
            )
        if action is Action.REPORT_NOT_STARTED:
            return UserError(
                f"AWS has not started the {kind.noun} {name}: {_reason(self._refusal)}",
                f"The fault is AWS's or the network's. If `{kind.listed}` does not list {name}, {AGAIN} later.",
            )
        if action is Action.REPORT_NAME_TAKEN:
            return UserError(
                f"Another {kind.noun} has the name {name}, with another request.",
                f"{AGAIN.capitalize()} for a new {kind.noun} name.",
            )
        return _explain(aws.error_code(self._refusal), aws.error_message(self._refusal), kind) or self._refusal


def answer_of(error: Exception) -> Answer:
    """What an error of the request means.

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


def _explain(code: str, message: str, kind: Kind) -> UserError | None:
    if code == "ResourceLimitExceeded":
        return _quota(message, kind)
    if code == "ValidationException" and "instance type" in message.lower():
        return UserError(
            f"SageMaker does not offer this instance type in {aws.region()}: {message}",
            "Name another instance_type in the job file, or run the job in another region (AWS_REGION, `make infra`).",
        )
    if code == "ValidationException":
        return UserError(
            f"SageMaker rejected the {kind.noun}: {message}", f"Correct the job file; {kind.page} describes each key."
        )
    return None


def _quota(message: str, kind: Kind) -> UserError:
    # https://docs.aws.amazon.com/general/latest/gr/sagemaker.html: the quota of a new account for most GPU types is 0.
    found = QUOTA.search(message)
    name = f"`{found['quota']}`" if found else "for this instance type"
    region = aws.region()
    return UserError(
        f"The account's quota does not allow this {kind.noun}: {message}",
        f"Raise the quota {name} in {region}: "
        f"https://{region}.console.aws.amazon.com/servicequotas/home/services/sagemaker/quotas (it takes AWS a day or "
        "two), or name another instance_type in the job file.",
    )
