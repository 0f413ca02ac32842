"""Turns errors of AWS, the network and the disk into a UserError that says what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb

from scripts.core import aws
from scripts.core.disk import disk_error
from scripts.core.errors import UserError
from scripts.core.outages import OF_AWS, THROTTLED

NO_CREDENTIALS_FIX = (
    "Sign in (for example `aws configure` or `aws sso login`, then AWS_PROFILE), "
    "or rehearse without an account: `make demo`."
)
SETTINGS_FIX = (
    "Correct it in AWS's variables (AWS_…) or files (~/.aws/config, ~/.aws/credentials). "
    "`aws sts get-caller-identity` uses the same ones."
)
CLOCK_FIX = "Set the clock (for example `sudo timedatectl set-ntp true`), then run the same command again."
# Codes of AWS's answers, and names of botocore's exceptions and of their base classes.
EXPIRED_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "LoginError",
    "RequestExpired",
    "SSOError",
    "TokenRetrievalError",
}
INVALID_CREDENTIALS = {
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
}
UNREACHABLE = {"ConnectionError", "WaiterError"}
CONNECTION_LOST = {
    "FlexibleChecksumError",
    "HTTPClientError",
    "IncompleteReadError",
    "ResponseParserError",
    "RetriesExceededError",
}
# Every other error of botocore is one of the settings, except those that only our own code can cause.
BUGS = {
    "DataNotFoundError",
    "OperationNotPageableError",
    "PaginationError",
    "ParamValidationError",
    "StubResponseError",
    "UnknownClientMethodError",
}
# Here, botocore reads the settings and gets the credentials. It raises OSError, ValueError, EOFError and more.
SETTINGS_MODULES = {
    "botocore.args",
    "botocore.configloader",
    "botocore.configprovider",
    "botocore.credentials",
    "botocore.session",
    "botocore.tokens",
}
# The text of AWS's AccessDenied messages:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
NOT_AUTHORIZED = re.compile(
    r"not authorized to perform:? (?P<action>[a-z0-9-]+:\w+)(?: on resource: \"?(?P<resource>[^\s\"]+))?"
)


@contextmanager
def explained() -> Iterator[None]:
    """Turn an error that the user can correct into a UserError; raise any other error unchanged.

    Raises:
        UserError: credentials are missing, expired or invalid, a permission is missing, AWS throttles or does not
            answer, or the disk is full.
    """
    try:
        yield
    except Exception as error:
        user_error = explain(error)
        if user_error is None:
            raise
        raise user_error from error


def explain(error: BaseException) -> UserError | None:
    """The UserError for an exception; None if the exception is a bug of Trainyard."""
    if not isinstance(error, Exception) or isinstance(error, UserError):
        return None
    names = {base.__name__ for base in type(error).__mro__} | {aws.error_code(error)}
    if "ClientError" in names:
        return _refusal(error, names)
    if names & BUGS:
        return None
    if "BotoCoreError" in names or names & CONNECTION_LOST or _passes_settings(error):
        return _credentials_error(error, names) or _network_error(error, names) or _settings_error(error)
    if isinstance(error, OSError) and error.errno is not None:
        return disk_error(error)
    return None


def _refusal(error: Exception, names: set[str]) -> UserError | None:
    """The UserError for an answer of AWS."""
    clock = aws.clock_problem_of(error)
    if clock:
        return UserError(clock, CLOCK_FIX)
    if aws.is_access_denied(error):
        return _access_denied(error)
    if names & THROTTLED:
        return UserError(
            f"AWS still throttles {aws.action_of(error)} after several attempts: {aws.error_message(error)}",
            "This account made too many calls at once. Run the same command again in a minute.",
        )
    if names & OF_AWS or aws.http_status(error) >= 500:
        return UserError(
            f"AWS failed to do {aws.action_of(error)}: {_sentence(error)}.",
            "The fault is AWS's and usually passes: run the same command again in a minute. "
            "https://health.aws.amazon.com/health/status lists larger ones.",
        )
    if aws.error_code(error) == "400":  # the answer to a HEAD has no body
        return UserError(
            f"AWS refuses {aws.action_of(error)} without a reason, as it does if a session has expired.",
            "`aws sts get-caller-identity` shows whether the credentials are valid. "
            "Sign in again, for example `aws sso login`.",
        )
    return _credentials_error(error, names)


def _credentials_error(error: Exception, names: set[str]) -> UserError | None:
    if "NoCredentialsError" in names:
        return UserError("No AWS credentials were found.", NO_CREDENTIALS_FIX)
    if names & EXPIRED_CREDENTIALS:
        return UserError(
            f"The AWS credentials have expired: {aws.error_message(error)}",
            "Sign in again, for example `aws sso login`.",
        )
    if names & INVALID_CREDENTIALS:
        return UserError(f"AWS does not accept these credentials: {aws.error_message(error)}", NO_CREDENTIALS_FIX)
    return None


def _network_error(error: Exception, names: set[str]) -> UserError | None:
    if names & UNREACHABLE:
        return UserError(
            f"No answer from AWS: {_sentence(error)}.",
            "Check the network and the region's name. For the local cloud, start it with `make cloud-up`.",
        )
    if names & CONNECTION_LOST:
        return UserError(
            f"The connection to AWS was lost: {_sentence(error)}.",
            "Run the same command again. Complete files are kept; no incomplete file has its final name.",
        )
    return None


def _settings_error(error: Exception) -> UserError:
    provider = next((f"{name}: " for name in _providers(error)), "")
    return UserError(f"The AWS settings do not work: {provider}{_sentence(error)}.", SETTINGS_FIX)


def _passes_settings(error: Exception) -> bool:
    """Whether an exception was raised while botocore read the settings or got the credentials."""
    return any(frame.f_globals.get("__name__") in SETTINGS_MODULES for frame, _ in walk_tb(error.__traceback__))


def _providers(error: Exception) -> Iterator[str]:
    """The name of the kind of credentials that botocore could not get, such as ``custom-process``."""
    for frame, _ in walk_tb(error.__traceback__):
        if frame.f_globals.get("__name__") == "botocore.credentials":
            method = getattr(frame.f_locals.get("self"), "METHOD", None)
            if method and method not in str(error):
                yield method


def _sentence(error: Exception) -> str:
    """What an exception says, in one line and without the full stop."""
    return " ".join((str(error) or type(error).__name__).split()).rstrip(".")


def _access_denied(error: Exception) -> UserError:
    action, resource = denied_action(error)
    message = aws.error_message(error)
    return UserError(
        f"AWS refuses {action} on {resource}: {message}",
        f"Ask the account's administrator to allow you {action} on {resource}.",
    )


def denied_action(error: Exception) -> tuple[str, str]:
    """The IAM action and resource of an AccessDenied: from AWS's message, else from the call."""
    in_message = NOT_AUTHORIZED.search(aws.error_message(error))
    required = aws.permission_of(error)
    action = in_message["action"] if in_message else required.action
    resource = (in_message["resource"] if in_message else None) or required.resource
    return action, resource.rstrip(".")
