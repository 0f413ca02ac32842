"""Retries and errors of CreateTrainingJob, against botocore's stub."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.jobfile.reading import parse_job
from scripts.training import TrainingJob, build_request
from scripts.training.submission import IAM_DELAY_MESSAGES, submit
from tests.unit.aws_server import STACK

ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/j"
pytestmark = pytest.mark.usefixtures("empty_aws")


@pytest.fixture
def request_() -> dict[str, Any]:
    spec = parse_job({"channels": {"training": {"source": "s3://bucket/x/"}}}, "x")
    return build_request(TrainingJob("digits", spec, "j", "image", {}, ()), STACK)


def answers(*refusals: tuple[str, str]) -> Any:
    client = aws.client("sagemaker")
    stub = Stubber(client)
    for code, message in refusals:
        stub.add_client_error("create_training_job", code, message)
    stub.add_response("create_training_job", {"TrainingJobArn": ARN})
    stub.activate()
    return client


def test_temporary_refusals_are_retried_and_printed_once(request_: dict[str, Any]) -> None:
    output: list[str] = []
    client = answers(*(("ValidationException", f"{part} arn:aws:iam::1:role/x.") for part in IAM_DELAY_MESSAGES))
    assert submit(client, request_, pause_seconds=0, say=output.append) == ARN
    assert len(output) == 1


def test_retries_end(request_: dict[str, Any]) -> None:
    client = answers(*[("ValidationException", IAM_DELAY_MESSAGES[0])] * 3)
    with pytest.raises(UserError, match=IAM_DELAY_MESSAGES[0]):
        submit(client, request_, retry_seconds=0.05, pause_seconds=0.02, say=lambda _: None)


@pytest.mark.parametrize(
    ("code", "named"),
    [("ResourceLimitExceeded", "quota"), ("ValidationException", "why"), ("ResourceInUse", "why")],
)
def test_correctable_refusals_become_user_errors(code: str, named: str, request_: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=named):
        submit(answers((code, "why")), request_, pause_seconds=0)


def test_other_errors_are_raised_unchanged(request_: dict[str, Any]) -> None:
    with pytest.raises(ClientError):
        submit(answers(("AccessDeniedException", "no")), request_, pause_seconds=0)
