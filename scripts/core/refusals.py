"""What AWS, the network or the disk refuses, in words that say what to do."""

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
ABSENT = {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"}
EXPIRED = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "SSOTokenLoadError",
    "TokenRetrievalError",
    "UnauthorizedSSOTokenError",
}
UNACCEPTED = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"}
THROTTLED = {"RequestLimitExceeded", "SlowDown", "Throttling", "ThrottlingException", "TooManyRequestsException"}
UNREACHED = {"EndpointConnectionError", "ConnectTimeoutError", "ProxyConnectionError", "SSLError"}
BROKEN_OFF = {
    "ConnectionClosedError",
    "IncompleteReadError",
    "ReadTimeoutError",
    "ResponseStreamingError",
    "RetriesExceededError",
}
# How AWS words what was refused:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
NOT_AUTHORIZED = re.compile(
    r"not authorized to perform:? (?P<action>[a-z0-9-]+:\w+)(?: on resource: \"?(?P<resource>[^\s\"]+))?"
)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what is raised for reasons that a user can mend into a UserError; the rest goes on as it is.

    Raises:
        UserError: no credentials, expired ones, no right, too many calls, no answer, no space on the disk.
    """
    try:
        yield
    except Exception as error:
        told = explain(error)
        if told is None:
            raise
        raise told from error


def explain(error: BaseException) -> UserError | None:
    """The two lines for an exception; None where it is nobody's mistake but ours."""
    if isinstance(error, OSError) and error.errno is not None:
        return _of_the_disk(error)
    if not isinstance(error, Exception):
        return None
    names = {type(error).__name__, aws.error_code(error)}
    if aws.is_access_denied(error):
        return _denied(error)
    if names & THROTTLED:
        return UserError(
            f"AWS is throttling {aws.action_of(error)}, also after several tries: {aws.error_message(error)}",
            "Too many calls came from this account at once: run the same command again in a minute.",
        )
    return _of_the_credentials(error, names) or _of_the_network(error, names)


def _of_the_credentials(error: Exception, names: set[str]) -> UserError | None:
    if names & ABSENT:
        return UserError("No AWS credentials were found.", NO_CREDENTIALS_FIX)
    if names & EXPIRED:
        return UserError(
            f"The AWS credentials have expired: {aws.error_message(error)}",
            "Sign in again, for example `aws sso login`.",
        )
    if names & UNACCEPTED:
        return UserError(f"AWS does not accept these credentials: {aws.error_message(error)}", NO_CREDENTIALS_FIX)
    return None


def _of_the_network(error: Exception, names: set[str]) -> UserError | None:
    if names & UNREACHED:
        return UserError(
            f"No answer from AWS: {error}.",
            "Check the network and the region's name; for the local cloud, start it with `make cloud-up`.",
        )
    if names & BROKEN_OFF:
        return UserError(
            f"The connection to AWS broke off: {error}.",
            "Run the same command again: what was complete is kept, nothing half-written has its final name.",
        )
    return None


def _of_the_disk(error: OSError) -> UserError | None:
    place = error.filename2 or error.filename
    where = f" for {place}" if place else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return UserError(
            f"There is no space left on the disk{where}.",
            "Free some (`df -h .` shows how much there is) and run the same command again; nothing is half-written.",
        )
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS} and place:
        return UserError(
            f"{place} may not be read or written: {error.strerror}.",
            f"Give yourself the right to it: `ls -ld {place}` shows whose it is.",
        )
    return None


def _denied(error: Exception) -> UserError:
    action, resource = denied_action(error)
    message = aws.error_message(error)
    return UserError(
        f"AWS refuses {action} on {resource}: {message}",
        f"Ask the account's administrator to allow you {action} on {resource}.",
    )


def denied_action(error: Exception) -> tuple[str, str]:
    """The action and the resource of an AccessDenied, as IAM writes them: AWS's own words first, else the call's."""
    said = NOT_AUTHORIZED.search(aws.error_message(error))
    asked = aws.asked_of(error)
    action = said["action"] if said else asked.action
    resource = (said["resource"] if said else None) or asked.resource
    return action, resource.rstrip(".")
