"""The boto3 session, and AWS's refusals in words that say what to do.

boto3 is imported when the first client is made, never when a verb starts. Where the calls go is decided by
AWS's standard variables alone (AWS_ENDPOINT_URL, AWS_PROFILE, AWS_REGION …).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scripts.core.errors import UserError

if TYPE_CHECKING:
    from boto3.session import Session

NO_CREDENTIALS_FIX = (
    "Sign in (for example `aws configure` or `aws sso login`, then AWS_PROFILE), "
    "or rehearse without an account: `make demo`."
)


@lru_cache(maxsize=1)
def session() -> "Session":
    """The session that AWS's ordinary chain gives.

    Raises:
        UserError: the profile named does not exist, or no region is set anywhere.
    """
    import boto3
    import botocore.exceptions

    try:
        # Terraform's provider reads AWS_REGION first, boto3 only AWS_DEFAULT_REGION: one rule for both.
        made = boto3.Session(region_name=os.environ.get("AWS_REGION") or None)
    except botocore.exceptions.ProfileNotFound as error:
        raise UserError(f"{error}.", "Name one of `aws configure list-profiles` in AWS_PROFILE.") from None
    if not made.region_name:
        raise UserError("No AWS region is set.", "Set one: `export AWS_REGION=eu-central-1`, or in the profile.")
    return made


def client(service: str) -> Any:
    """A boto3 client of ``service``, with retries by botocore's standard mode."""
    from botocore.config import Config

    config = Config(retries={"mode": "standard", "max_attempts": 5}, user_agent_extra="trainyard")
    return session().client(service, config=config)  # type: ignore[call-overload]


def region() -> str:
    """The region that every call goes to."""
    return session().region_name


def account_id() -> str:
    """The account that the credentials belong to (one call to STS)."""
    return str(client("sts").get_caller_identity()["Account"])


def error_code(error: Exception) -> str:
    """The code of a botocore ClientError, such as ``AccessDeniedException``; else an empty string."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def error_message(error: Exception) -> str:
    """AWS's own message in a botocore ClientError; else the exception's text."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Message", "") or error)


def is_access_denied(error: Exception) -> bool:
    """Whether AWS refused a call because the caller has no right to it."""
    return error_code(error) in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden"}


@contextmanager
def refusals() -> Iterator[None]:
    """Turn what boto3 raises for reasons that a user can mend into a UserError.

    Raises:
        UserError: no credentials, expired ones, no right, or an address that does not answer.
    """
    try:
        yield
    except Exception as error:
        translated = _translate(error)
        if translated is None:
            raise
        raise translated from error


def _translate(error: Exception) -> UserError | None:
    kind, code = type(error).__name__, error_code(error)
    if kind in {"NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"}:
        return UserError("No AWS credentials were found.", NO_CREDENTIALS_FIX)
    if kind in {"TokenRetrievalError", "SSOTokenLoadError", "UnauthorizedSSOTokenError"} or code in {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
    }:
        return UserError("The AWS credentials have expired.", "Sign in again, for example `aws sso login`.")
    if code in {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"}:
        return UserError(f"AWS does not accept these credentials: {error_message(error)}", NO_CREDENTIALS_FIX)
    if is_access_denied(error):
        action = getattr(error, "operation_name", "the call")
        return UserError(
            f"AWS refused {action}: {error_message(error)}",
            "Ask the account's administrator for this action on this resource.",
        )
    if kind in {"EndpointConnectionError", "ConnectTimeoutError"}:
        return UserError(
            f"No answer from AWS: {error}.",
            "Check the network and the region's name; for the local cloud, start it with `make cloud-up`.",
        )
    return None
