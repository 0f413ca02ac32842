"""CreateTrainingJob against botocore's own stub: what is sent again, and what is said."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from scripts.core import aws
from scripts.core.errors import UserError
from scripts.jobfile.reading import parse_job
from scripts.training import Order, build_request
from scripts.training.submission import NOT_YET, submit
from tests.unit.aws_server import STACK

ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/j"
pytestmark = pytest.mark.usefixtures("empty_aws")


@pytest.fixture
def request_() -> dict[str, Any]:
    spec = parse_job({"channels": {"training": {"source": "s3://bucket/x/"}}}, "x")
    return build_request(Order("digits", spec, "j", "image", {}, ()), STACK)


def answers(*refusals: tuple[str, str]) -> Any:
    client = aws.client("sagemaker")
    stub = Stubber(client)
    for code, message in refusals:
        stub.add_client_error("create_training_job", code, message)
    stub.add_response("create_training_job", {"TrainingJobArn": ARN})
    stub.activate()
    return client


def test_what_means_wait_is_sent_again_and_said_once(request_: dict[str, Any]) -> None:
    said: list[str] = []
    client = answers(*(("ValidationException", f"{part} arn:aws:iam::1:role/x.") for part in NOT_YET))
    assert submit(client, request_, pause=0, say=said.append) == ARN
    assert len(said) == 1


def test_patience_ends(request_: dict[str, Any]) -> None:
    client = answers(*[("ValidationException", NOT_YET[0])] * 3)
    with pytest.raises(UserError, match=NOT_YET[0]):
        submit(client, request_, patience=0.05, pause=0.02, say=lambda _: None)


@pytest.mark.parametrize(
    ("code", "named"),
    [("ResourceLimitExceeded", "quota"), ("ValidationException", "why"), ("ResourceInUse", "why")],
)
def test_what_a_user_can_mend_is_said_in_two_lines(code: str, named: str, request_: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=named):
        submit(answers((code, "why")), request_, pause=0)


def test_anything_else_goes_on_as_it_is(request_: dict[str, Any]) -> None:
    with pytest.raises(ClientError):
        submit(answers(("AccessDeniedException", "no")), request_, pause=0)
