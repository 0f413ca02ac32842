"""Errors of AWS, the network, the settings and the disk become two lines; any other error stays a bug."""

import errno
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    InvalidDefaultsMode,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from scripts.core import aws, refusals
from scripts.core.clock import clock_problem
from scripts.core.permissions import Permission


def refusal(
    code: str, message: str = "m", needed: Permission | None = None, status: int = 400, date: str = ""
) -> ClientError:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "HeadBucket")
    answer: dict[str, Any] = error.response  # type: ignore[assignment]
    answer[aws.PERMISSION_KEY] = needed
    answer["ResponseMetadata"] = {"HTTPStatusCode": status, "HTTPHeaders": {"date": date} if date else {}}
    return error


REQUIRED = Permission("s3:ListBucket", "arn:aws:s3:::b")


def test_action_and_resource_come_first_from_the_aws_message() -> None:
    message = 'User: u is not authorized to perform: iam:PassRole on resource: "arn:aws:iam::1:role/r" because no …'
    error = refusal("AccessDeniedException", message, Permission("sagemaker:CreateTrainingJob", "x"))
    assert refusals.denied_action(error) == ("iam:PassRole", "arn:aws:iam::1:role/r")


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (NoCredentialsError(), "No AWS credentials"),
        (refusal("ExpiredToken"), "expired"),
        (refusal("ThrottlingException"), "throttles"),
        (refusal("InvalidClientTokenId"), "does not accept"),
        (
            refusal("AccessDenied", needed=REQUIRED),
            "s3:ListBucket on arn:aws:s3:::b",
        ),
        (EndpointConnectionError(endpoint_url="https://x"), "No answer from AWS"),
        (refusal("InternalFailure"), "AWS failed to do"),
        (refusal("503", status=503), "AWS failed to do"),
        (refusal("RequestTimeout", "Your socket connection to the server was not read from"), "AWS failed to do"),
        (refusal("400", "Bad Request", status=400, needed=Permission("s3:GetObject", "x")), "AWS refuses s3:GetObject"),
        (refusal("RequestTimeTooSkewed", "The difference is too large."), "this machine's clock"),
        (refusal("InvalidSignatureException", "Signature expired: 20260101T000000Z"), "this machine's clock"),
        (refusal("InvalidSignatureException", "The request signature we calculated"), "does not accept"),
        (PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), "AWS_SECRET_ACCESS_KEY"),
        (InvalidDefaultsMode(mode="x", valid_modes="y"), "The AWS settings do not work: "),
        (OSError(errno.ENOSPC, "No space left on device", "data/x"), "no space left on the disk for data/x"),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), "runs cannot be read or written"),
        (OSError(errno.EROFS, "Read-only file system", "runs"), "runs cannot be written: Read-only file system"),
    ],
)
def test_correctable_errors_become_user_errors(error: Exception, text: str) -> None:
    user_error = refusals.explain(error)
    assert user_error is not None
    assert text in user_error.problem
    assert user_error.fix


@pytest.mark.parametrize(
    "error",
    [
        KeyError("x"),
        ParamValidationError(report="x"),
        refusal("ValidationException"),
        OSError("no number"),
        FileNotFoundError(2, "x"),
    ],
)
def test_other_errors_stay_bugs(error: Exception) -> None:
    assert refusals.explain(error) is None


NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "date", "problem"),
    [
        (403, "Thu, 01 Jan 2026 12:04:00 GMT", None),
        (403, "Thu, 01 Jan 2026 12:20:00 GMT", "This machine's clock is 20 min behind AWS's"),
        (403, "Thu, 01 Jan 2026 08:30:00 GMT", "This machine's clock is 3 h 30 min ahead of AWS's"),
        (404, "no date", None),
        (200, "Thu, 01 Jan 2025 12:00:00 GMT", None),
    ],
)
def test_a_refused_head_is_blamed_on_the_clock_if_its_date_differs(status: int, date: str, problem: str | None) -> None:
    error = refusal("403", "Forbidden", status=status, date=date)
    assert (clock_problem(error.response, NOW) or "").startswith(problem or "")
    assert (clock_problem(error.response, NOW) is None) == (problem is None)


def test_a_wrong_clock_is_no_missing_permission() -> None:
    assert aws.is_access_denied(refusal("403", "Forbidden", status=403))
    assert not aws.is_access_denied(refusal("403", "Forbidden", status=403, date="Thu, 01 Jan 2015 12:00:00 GMT"))
