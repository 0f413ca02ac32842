"""Whether a failed call can be waited for, and whether AWS may have done it all the same. Pure functions of an error.

botocore's exception classes say what happened to the connection; AWS's codes and HTTP status say what AWS did:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/CommonErrors.html and botocore's own lists in
``botocore/retries/standard.py``. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
describes the errors of a wrong clock.
"""

from enum import Enum

from scripts.core import aws

THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"})
WRONG_CLOCK = frozenset(
    {"InvalidSignatureException", "RequestExpired", "RequestTimeTooSkewed", "SignatureDoesNotMatch"}
)
OF_AWS = frozenset(
    {
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "InternalServiceError",
        "PriorRequestNotComplete",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
    }
)


class Cause(Enum):
    """Why a call failed that may succeed later. The value is what a person waits for."""

    NETWORK = "the network"
    AWS = "AWS, which reports an error of its own"
    THROTTLED = "AWS, which throttles this account"
    CLOCK = "the clock of this machine, or its credentials: AWS does not accept the signature"
    CREDENTIALS = "new credentials"


def cause_of(error: BaseException) -> Cause | None:
    """Why a call failed, if it can be waited for; None for an error that stays (a missing right, a bug)."""
    import botocore.exceptions as known

    if isinstance(error, known.ClientError):
        return _cause_in_answer(aws.error_code(error), _status(error))
    if isinstance(
        error,
        known.NoCredentialsError
        | known.PartialCredentialsError
        | known.CredentialRetrievalError
        | known.TokenRetrievalError
        | known.SSOError
        | known.LoginError
        | known.RefreshWithMFAUnsupportedError,
    ):
        return Cause.CREDENTIALS
    return Cause.NETWORK if _is_of_the_connection(error) else None


def is_doubtful(error: BaseException) -> bool:
    """Whether AWS may have done what a call asked for, though the caller got no answer that says so.

    Judges one attempt: if botocore has made several, an earlier one may have been done whatever the last one says.
    """
    import botocore.exceptions as known

    if isinstance(error, known.ClientError):
        return _cause_in_answer(aws.error_code(error), _status(error)) is Cause.AWS
    if isinstance(error, known.EndpointConnectionError | known.ConnectTimeoutError | known.ProxyConnectionError):
        return False  # nothing was sent
    return _is_of_the_connection(error)


def _cause_in_answer(code: str, status: int) -> Cause | None:
    if code in THROTTLED or status == 429:
        return Cause.THROTTLED
    if code in EXPIRED:
        return Cause.CREDENTIALS
    if code in WRONG_CLOCK:
        return Cause.CLOCK
    return Cause.AWS if code in OF_AWS or status >= 500 else None


def _is_of_the_connection(error: BaseException) -> bool:
    import botocore.exceptions as known
    from botocore.parsers import ResponseParserError

    # boto3's S3 transfers raise RetriesExceededError, which has no class in common with botocore's.
    return type(error).__name__ == "RetriesExceededError" or isinstance(
        error, known.ConnectionError | known.HTTPClientError | known.IncompleteReadError | ResponseParserError
    )


def _status(error: BaseException) -> int:
    response = getattr(error, "response", None) or {}
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
