"""What AWS, the network and the disk refuse, in two lines; the rest stays a bug."""

import errno
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError

from scripts.core import aws, refusals
from scripts.core.permissions import Asked, asked


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
def test_a_call_s_right_is_named_as_a_policy_would(
    service: str, operation: str, parameters: dict[str, Any], action: str, resource: str
) -> None:
    assert asked(service, operation, parameters, "aws", "eu-west-1") == Asked(action, resource)


def refusal(code: str, message: str = "m", needed: Asked | None = None) -> ClientError:
    error = ClientError({"Error": {"Code": code, "Message": message}}, "HeadBucket")
    answer: dict[str, Any] = error.response  # type: ignore[assignment]
    answer[aws.ASKED] = needed
    return error


NEEDED = Asked("s3:ListBucket", "arn:aws:s3:::b")


def test_aws_s_own_words_name_action_and_resource_first() -> None:
    message = 'User: u is not authorized to perform: iam:PassRole on resource: "arn:aws:iam::1:role/r" because no …'
    error = refusal("AccessDeniedException", message, Asked("sagemaker:CreateTrainingJob", "x"))
    assert refusals.denied_action(error) == ("iam:PassRole", "arn:aws:iam::1:role/r")


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (NoCredentialsError(), "No AWS credentials"),
        (refusal("ExpiredToken"), "expired"),
        (refusal("ThrottlingException"), "throttling"),
        (refusal("InvalidClientTokenId"), "does not accept"),
        (
            refusal("AccessDenied", needed=NEEDED),
            "s3:ListBucket on arn:aws:s3:::b",
        ),
        (EndpointConnectionError(endpoint_url="https://x"), "No answer from AWS"),
        (OSError(errno.ENOSPC, "No space left on device", "data/x"), "no space left on the disk for data/x"),
        (PermissionError(errno.EACCES, "Permission denied", "runs"), "runs may not be read or written"),
    ],
)
def test_what_a_user_can_mend_is_told(error: Exception, word: str) -> None:
    told = refusals.explain(error)
    assert told is not None
    assert word in told.problem
    assert told.fix


@pytest.mark.parametrize(
    "error", [KeyError("x"), refusal("InternalFailure"), OSError("no number"), FileNotFoundError(2, "x")]
)
def test_the_rest_is_a_bug(error: Exception) -> None:
    assert refusals.explain(error) is None
