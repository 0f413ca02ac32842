"""Which errors can be waited for, and after which ones AWS may have done what was asked."""

import botocore.exceptions as known
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError

from scripts.core import aws
from scripts.core.outages import Cause, cause_of, is_doubtful
from tests.unit.faulty_aws import AFTER, BEFORE, EMPTY, HALF, FaultyAws, error, serving

URL = "https://sagemaker.us-east-1.amazonaws.com/"


def refusal(code: str, status: int = 400) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]
        "CreateTrainingJob",
    )


@pytest.mark.parametrize(
    ("failure", "cause", "doubtful"),
    [
        (known.ConnectionClosedError(endpoint_url=URL), Cause.NETWORK, True),
        (known.ReadTimeoutError(endpoint_url=URL), Cause.NETWORK, True),
        (known.HTTPClientError(error="x"), Cause.NETWORK, True),
        (known.IncompleteReadError(actual_bytes=1, expected_bytes=2), Cause.NETWORK, True),
        (ResponseParserError("not XML"), Cause.NETWORK, True),
        (known.SSLError(endpoint_url=URL, error=OSError("x")), Cause.NETWORK, True),
        (known.EndpointConnectionError(endpoint_url=URL), Cause.NETWORK, False),
        (known.ConnectTimeoutError(endpoint_url=URL), Cause.NETWORK, False),
        (known.ProxyConnectionError(proxy_url="http://proxy"), Cause.NETWORK, False),
        (refusal("InternalFailure", 500), Cause.AWS, True),
        (refusal("503", 503), Cause.AWS, True),
        (refusal("ServiceUnavailable"), Cause.AWS, True),
        (refusal("ThrottlingException"), Cause.THROTTLED, False),
        (refusal("429", 429), Cause.THROTTLED, False),
        (refusal("SlowDown", 503), Cause.THROTTLED, False),
        (refusal("ExpiredTokenException"), Cause.CREDENTIALS, False),
        (refusal("RequestTimeTooSkewed", 403), Cause.CLOCK, False),
        (known.NoCredentialsError(), Cause.CREDENTIALS, False),
        (known.SSOTokenLoadError(error_msg="x"), Cause.CREDENTIALS, False),
        (known.UnauthorizedSSOTokenError(), Cause.CREDENTIALS, False),
        (known.RefreshWithMFAUnsupportedError(), Cause.CREDENTIALS, False),
        (refusal("AccessDeniedException"), None, False),
        (refusal("ValidationException"), None, False),
        (refusal("ResourceInUse"), None, False),
        (known.ParamValidationError(report="x"), None, False),
        (KeyError("TrainingJobArn"), None, False),
        (OSError(28, "No space left on device"), None, False),
    ],
    ids=lambda value: f"{type(value).__name__} {value}" if isinstance(value, Exception) else None,
)
def test_an_error_can_be_waited_for_or_not(failure: Exception, cause: Cause | None, doubtful: bool) -> None:
    assert cause_of(failure) is cause
    assert is_doubtful(failure) is doubtful


@pytest.mark.usefixtures("empty_aws")
@pytest.mark.parametrize("fault", [BEFORE, AFTER, HALF, EMPTY, error("InternalFailure", status=500)], ids=str)
def test_whatever_happens_to_an_answer_is_doubtful(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server = FaultyAws()
    server.jobs["x"] = {"TrainingJobName": "x", "TrainingJobStatus": "InProgress"}
    with serving(server) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        server.fail("DescribeTrainingJob", fault)
        with pytest.raises(Exception) as caught:  # noqa: PT011 - the next line says which
            aws.client_of_one_attempt("sagemaker").describe_training_job(TrainingJobName="x")
        assert is_doubtful(caught.value), repr(caught.value)
        assert server.calls["DescribeTrainingJob"] == 1


@pytest.mark.usefixtures("empty_aws")
def test_an_answer_that_is_cut_short_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    server = FaultyAws()
    server.jobs["x"] = {"TrainingJobName": "x", "TrainingJobStatus": "InProgress"}
    with serving(server) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        server.fail("DescribeTrainingJob", HALF, HALF)
        answer = aws.client("sagemaker").describe_training_job(TrainingJobName="x")
    assert answer["TrainingJobStatus"] == "InProgress"
    assert server.calls["DescribeTrainingJob"] == 3
