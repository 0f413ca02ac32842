"""The boto3 session and clients, and what is in a botocore error.

boto3 is imported when the first client is made, never when a verb starts. Where the calls go is decided by
AWS's standard variables alone (AWS_ENDPOINT_URL, AWS_PROFILE, AWS_REGION …).
"""

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scripts.core.errors import UserError, nearest
from scripts.core.permissions import Asked, asked

if TYPE_CHECKING:
    from boto3.session import Session

ASKED = "trainyard.asked"
"""Where an error's response, and a call's context, hold the right that was needed."""


@lru_cache(maxsize=1)
def session() -> "Session":
    """The session that AWS's ordinary chain gives.

    Raises:
        UserError: the profile named does not exist, no region is set anywhere, or it is none of AWS's.
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
    _check_region(made)
    return made


def _check_region(made: "Session") -> None:
    partitions = made.get_available_partitions()
    known = [name for partition in partitions for name in made.get_available_regions("s3", partition)]
    if made.region_name not in known:
        close = nearest(made.region_name, known) or "us-east-1"
        raise UserError(
            f"AWS has no region {made.region_name} (AWS_REGION, AWS_DEFAULT_REGION or the profile's).",
            f"Name one that there is, such as the nearest: `export AWS_REGION={close}`.",
        )


def client(service: str) -> Any:
    """A boto3 client of ``service``, with retries by botocore's standard mode: five tries, or AWS_MAX_ATTEMPTS."""
    from botocore.config import Config

    tries = int(os.environ.get("AWS_MAX_ATTEMPTS") or 5)
    config = Config(retries={"mode": "standard", "total_max_attempts": tries}, user_agent_extra="trainyard")
    # boto3's types know each service by its literal name only.
    made: Any = session().client(service, config=config)  # type: ignore[call-overload]  # the stubs want a literal
    # AWS often does not say what a refused call needed (never to a HEAD): what was asked is kept with the call,
    # and put into the response that an error carries.
    made.meta.events.register("provide-client-params", _note_asked)
    made.meta.events.register("after-call", _hand_on_asked)
    return made


def _note_asked(params: Mapping[str, Any], model: Any, context: dict[str, Any], **_more: Any) -> None:
    partition = session().get_partition_for_region(region())
    context[ASKED] = asked(model.service_model.signing_name, model.name, params, partition, region())


def _hand_on_asked(parsed: dict[str, Any], context: Mapping[str, Any], **_more: Any) -> None:
    if "Error" in parsed:
        parsed[ASKED] = context.get(ASKED)


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


def asked_of(error: Exception) -> Asked:
    """The right that the call needed which ended in this error."""
    return (getattr(error, "response", None) or {}).get(ASKED) or Asked(getattr(error, "operation_name", "the call"))


def action_of(error: Exception) -> str:
    """The action of IAM that the call needed which ended in this error, such as ``s3:PutObject``."""
    return asked_of(error).action


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and key, or prefix, of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
