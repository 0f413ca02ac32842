"""Errors of AWS, the network and the disk become two lines; any other error stays a bug."""

import errno
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from scripts.core import aws, refusals
from scripts.core.permissions import Permission, required_permission


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "action", "resource"),
    [
        ("s3", "HeadBucket", {"Bucket": "b"}, "s3:ListBucket", "arn:aws:s3:::b"),
        ("s3", "ListObjectVersions", {"Bucket": "b"}, "s3:ListBucketVersions", "arn:aws:s3:::b"),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k/1"}, "s3:GetObject", "arn:aws:s3:::b/k/1"),
        ("s3", "UploadPart", {"Bucket": "b", "Key": "k"}, "s3:PutObject", "arn:aws:s3:::b/k"),
        ("s3", "DeleteObjects", {"Bucket": "b"}, "s3:DeleteObject", "arn:aws:s3:::b/*"),
        (
            "ecr",
            "DescribeImages",
            {"registryId": "1", "repositoryName": "r"},
            "ecr:DescribeImages",
            "arn:aws:ecr:eu-west-1:1:repository/r",
        ),
        ("iam", "GetRole", {"RoleName": "r"}, "iam:GetRole", "arn:aws:iam::*:role/r"),
        ("sagemaker", "ListTrainingJobs", {}, "sagemaker:ListTrainingJobs", "*"),
    ],
)
def test_required_permission_of_a_call(
    service: str, operation: str, parameters: dict[str, Any], action: str, resource: str
) -> None:
    assert required_permission(service, operation, parameters, "aws", "eu-west-1") == Permission(action, resource)


def refusal(code: str, message: str = "m", needed: Permission | None = None) -> ClientError:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "HeadBucket")
    answer: dict[str, Any] = error.response  # type: ignore[assignment]
    answer[aws.PERMISSION_KEY] = needed
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
        (OSError(errno.ENOSPC, "No space left on device", "data/x"), "no space left on the disk for data/x"),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), "runs cannot be read or written"),
    ],
)
def test_correctable_errors_become_user_errors(error: Exception, text: str) -> None:
    user_error = refusals.explain(error)
    assert user_error is not None
    assert text in user_error.problem
    assert user_error.fix


@pytest.mark.parametrize(
    "error", [KeyError("x"), refusal("InternalFailure"), OSError("no number"), FileNotFoundError(2, "x")]
)
def test_other_errors_stay_bugs(error: Exception) -> None:
    assert refusals.explain(error) is None
