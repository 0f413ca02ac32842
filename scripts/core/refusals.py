"""Turns errors of AWS, the network and the disk into a UserError that says what to do."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from scripts.core import aws
from scripts.core.errors import UserError

NO_CREDENTIALS_FIX = (
    "Sign in (for example `aws configure` or `aws sso login`, then AWS_PROFILE), "
    "or rehearse without an account: `make demo`."
)
NO_CREDENTIALS = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"}
EXPIRED_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "SSOTokenLoadError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
}
INVALID_CREDENTIALS = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
}
THROTTLED = {"RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException"}
UNREACHABLE = {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError", "SSLError"}
CONNECTION_LOST = {
    "ConnectionClosedError",
    "IncompleteReadError",
    "ReadTimeoutError",
    "ResponseStreamingError",
    "RetriesExceededError",
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
    if isinstance(error, OSError) and error.errno is not None:
        return _disk_error(error)
    if not isinstance(error, Exception):
        return None
    names = {type(error).__name__, aws.error_code(error)}
    if aws.is_access_denied(error):
        return _access_denied(error)
    if names & THROTTLED:
        return UserError(
            f"AWS still throttles {aws.action_of(error)} after several attempts: {aws.error_message(error)}",
            "This account made too many calls at once. Run the same command again in a minute.",
        )
    return _credentials_error(error, names) or _network_error(error, names)


def _credentials_error(error: Exception, names: set[str]) -> UserError | None:
    if names & NO_CREDENTIALS:
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
            f"No answer from AWS: {error}.",
            "Check the network and the region's name. For the local cloud, start it with `make cloud-up`.",
        )
    if names & CONNECTION_LOST:
        return UserError(
            f"The connection to AWS was lost: {error}.",
            "Run the same command again. Complete files are kept; no incomplete file has its final name.",
        )
    return None


def _disk_error(error: OSError) -> UserError | None:
    place = error.filename2 or error.filename
    where = f" for {place}" if place else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return UserError(
            f"There is no space left on the disk{where}.",
            "Free some space (`df -h .` shows how much is left), then run the same command again. "
            "No file is half-written.",
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS} and place:
        return UserError(
            f"{place} cannot be read or written: {error.strerror}.",
            f"Give yourself permission: `ls -ld {place}` shows the owner.",
        )
    return None


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
