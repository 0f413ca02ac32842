"""The session and clients of boto3's core, botocore, and the contents of its errors.

They are botocore's own: around them boto3 has only its resources and transfers, whose imports take as long as a call.
botocore is imported when the first client is created, never when a verb starts. AWS's standard variables alone
(AWS_ENDPOINT_URL, AWS_PROFILE, AWS_REGION …) decide where the calls go.
"""

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from scripts.core import common_runtime
from scripts.core.answers import refuse_incomplete
from scripts.core.clock import clock_problem
from scripts.core.errors import UserError, nearest
from scripts.core.permissions import Permission, Place, required_permissions
from scripts.core.printable import one_line

if TYPE_CHECKING:
    from botocore.session import Session

PERMISSION_KEY = "trainyard.permission"
"""The key of the required permission, in a call's context and in an error's response."""

SECONDS_TO_CONNECT, SECONDS_TO_ANSWER = 10.0, 20.0
"""How long a client of one attempt waits for a connection and for an answer."""


def load() -> None:
    """Import what every client needs, and call nothing. It takes as long as a small Python program."""
    common_runtime.import_botocore()
    import botocore.client
    import botocore.config
    import botocore.session  # noqa: F401


@lru_cache(maxsize=1)
def session() -> "Session":
    """The session from AWS's standard credential chain.

    Raises:
        UserError: the profile does not exist, no region is set, or AWS has no such region.
    """
    load()
    import botocore.exceptions

    from scripts.core import models

    try:
        session = models.quick_session()
        # Terraform's provider reads AWS_REGION first, botocore reads only AWS_DEFAULT_REGION. Both get the same region.
        if os.environ.get("AWS_REGION"):
            session.set_config_variable("region", os.environ["AWS_REGION"])
        region_name = session.get_config_variable("region")
    except botocore.exceptions.ProfileNotFound as error:
        raise UserError(f"{error}.", "Set AWS_PROFILE to a profile that `aws configure list-profiles` lists.") from None
    if not region_name:
        raise UserError("No AWS region is set.", "Set one: `export AWS_REGION=eu-central-1`, or in the profile.")
    # botocore offers no other way to another parser of times.
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=read_time)
    _check_region(session, region_name)
    _ask_only_at_a_terminal(session)
    return session


def read_time(value: Any) -> datetime:
    """A time in an answer of AWS, a text or a number. botocore's own parser takes a third of a long listing's time."""
    if isinstance(value, str) and value.endswith("Z"):
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    from botocore.utils import parse_timestamp

    return parse_timestamp(value)


def credential_variables() -> dict[str, str | None]:
    """The session's credentials as AWS's standard variables, for a process that we start; None removes one.

    They are refreshed first if they end within 15 minutes and can be refreshed.

    Raises:
        UserError: the credentials need a code, and there is no terminal.
    """
    credentials = session().get_credentials()
    if credentials is None:
        return {}
    frozen = credentials.get_frozen_credentials()
    return {
        "AWS_ACCESS_KEY_ID": frozen.access_key,
        "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
        "AWS_SESSION_TOKEN": frozen.token or None,
    }


def _ask_only_at_a_terminal(session: "Session") -> None:
    """Let botocore ask for the code of an MFA device (``mfa_serial``) at a terminal only: elsewhere it would hang."""
    import getpass

    profile = session.profile or "default"

    def ask(prompt: str) -> str:
        if not sys.stdin.isatty():
            raise UserError(
                f"The profile `{profile}` needs a code of its MFA device, and there is no terminal to ask at.",
                "Run the command at a terminal, or sign in there and hand the session over: "
                f"`aws configure export-credentials --profile {profile} --format env` prints it.",
            )
        return getpass.getpass(prompt)

    # botocore offers no other way to the argument of its AssumeRoleProvider.
    resolver = session.get_component("credential_provider")
    resolver.get_provider("assume-role")._prompter = ask


def _check_region(session: "Session", region_name: str) -> None:
    partitions = session.get_available_partitions()
    known = [name for partition in partitions for name in session.get_available_regions("sts", partition)]
    if region_name not in known:
        close = nearest(region_name, known) or "us-east-1"
        raise UserError(
            f"AWS has no region {region_name} (AWS_REGION, AWS_DEFAULT_REGION or the profile's).",
            f"Set an existing region, such as the nearest: `export AWS_REGION={close}`.",
        )


def client(service: str) -> Any:
    """The session's client of ``service``: to make one takes longer than a call, so each is made once.

    Calls are retried in botocore's standard mode: 5 attempts, or AWS_MAX_ATTEMPTS.
    """
    made, attempts = _clients(session()), _attempts()
    if service not in made:
        made[service] = _client(service, attempts)
    return made[service]


@lru_cache(maxsize=1)
def _clients(_session: "Session") -> dict[str, Any]:
    return {}


def client_of_one_attempt(service: str) -> Any:
    """A client of ``service`` for a caller that retries itself: it fails soon, and its error is the only one."""
    return _client(service, 1, connect_timeout=SECONDS_TO_CONNECT, read_timeout=SECONDS_TO_ANSWER)


def client_of_a_side_question(service: str, region_name: str | None = None) -> Any:
    """A client for a question whose answer a command can do without: it gives up soon.

    Args:
        service: the service.
        region_name: the region whose endpoint is asked; default: the one of every call.
    """
    return _client(service, 2, region_name, connect_timeout=SECONDS_TO_CONNECT, read_timeout=SECONDS_TO_ANSWER)


def _client(service: str, attempts: int, region_name: str | None = None, **more: Any) -> Any:
    own = session()  # it imports botocore, in its own way
    from botocore.config import Config

    config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, user_agent_extra="trainyard", **more)
    client: Any = own.create_client(service, region_name, config=config)
    # AWS often does not name the permission that a refused call needed (never in the answer to a HEAD). So the
    # call's context keeps it, and an error's response gets it from there.
    client.meta.events.register("provide-client-params", _keep_permission)
    client.meta.events.register("after-call", _add_permission)
    refuse_incomplete(client)
    return client


def _attempts() -> int:
    text = os.environ.get("AWS_MAX_ATTEMPTS") or "5"
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise UserError(
            f"AWS_MAX_ATTEMPTS={text} is not a number of attempts.", "Set a whole number of at least 1, or unset it."
        )
    return int(text)


def _keep_permission(params: Mapping[str, Any], model: Any, context: dict[str, Any], **_more: Any) -> None:
    place = Place(session().get_partition_for_region(region()), region())
    service = model.service_model.signing_name
    needed = required_permissions(service, model.name, params, place)
    context[PERMISSION_KEY] = needed[0] if needed else Permission(f"{service}:{model.name}")


def _add_permission(parsed: dict[str, Any], context: Mapping[str, Any], **_more: Any) -> None:
    if "Error" in parsed:
        parsed[PERMISSION_KEY] = context.get(PERMISSION_KEY)


def can_renew() -> bool:
    """Whether the credentials come from a place that can change while this process runs: not from its environment."""
    try:
        credentials = session().get_credentials()
    except Exception:  # a file that is being written, a login that has ended: what comes next is read anew
        return True
    return credentials is None or credentials.method != "env"


def renew() -> None:
    """Let the next client read the credentials anew, from the files and caches of AWS's standard chain."""
    session.cache_clear()


def region() -> str:
    """The region of every call."""
    return str(session().get_config_variable("region"))


def account_id() -> str:
    """The account of the credentials (one call to STS for each session)."""
    return str(_identity(session())["Account"])


def caller_arn() -> str:
    """The ARN of who has the credentials, as STS names it: the root, a user, or a role's session."""
    return str(_identity(session())["Arn"])


@lru_cache(maxsize=1)
def _identity(_session: "Session") -> Mapping[str, Any]:
    found: Mapping[str, Any] = client("sts").get_caller_identity()
    return found


def error_code(error: Exception) -> str:
    """The code of a botocore ClientError, such as ``AccessDeniedException``; empty for any other error."""
    response = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def is_missing_job(error: Exception) -> bool:
    """Whether SageMaker says that it has no such training job or tuning."""
    return error_code(error) in {"ValidationException", "ResourceNotFound"}


def error_message(error: Exception) -> str:
    """AWS's message in a botocore ClientError; the exception's text for any other error. One printable line."""
    response = getattr(error, "response", None) or {}
    return one_line(str(response.get("Error", {}).get("Message", "") or error))


def http_status(error: Exception) -> int:
    """The HTTP status of AWS's answer in a botocore ClientError; 0 for any other error."""
    response = getattr(error, "response", None) or {}
    return int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def clock_problem_of(error: Exception) -> str | None:
    """What is wrong with this machine's clock, if AWS refused a call because of it."""
    return clock_problem(getattr(error, "response", None) or {})


def is_access_denied(error: Exception) -> bool:
    """Whether AWS refused a call because the caller lacks a permission."""
    codes = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403", "Forbidden"}
    # S3 answers a HEAD that was signed at a wrong time with 403 too.
    return error_code(error) in codes and clock_problem_of(error) is None


def permission_of(error: Exception) -> Permission:
    """The permission that the failed call needed."""
    response = getattr(error, "response", None) or {}
    return response.get(PERMISSION_KEY) or Permission(getattr(error, "operation_name", "the call"))


def action_of(error: Exception) -> str:
    """The IAM action that the failed call needed, such as ``s3:PutObject``."""
    return permission_of(error).action


def split_uri(uri: str) -> tuple[str, str]:
    """The bucket and the key (or prefix) of ``s3://bucket/key``."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key
