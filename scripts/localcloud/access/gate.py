"""Lets a call pass or refuses it, before anything answers it.

A key of a user or of a role's session is decided by its policies. A key that does not look like AWS's, such as that of
`make`, is the account's root, which may do everything that no bucket's policy denies; a job's program cannot be root.
"""

from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from moto.iam.access_control import PermissionResult
from werkzeug.wrappers import Request, Response

from scripts.core.permissions import Permission, Place, required_permissions
from scripts.localcloud.access import callers, context, decisions, encryption, requests
from scripts.localcloud.access.callers import Caller, InvalidKeyError
from scripts.localcloud.access.decisions import Denial
from scripts.localcloud.access.requests import AwsRequest
from scripts.localcloud.environment import ACCOUNT
from scripts.localcloud.faults.answers import error_response
from scripts.localcloud.faults.operations import Protocol
from scripts.localcloud.job_front import JOB_SERVICE
from scripts.localcloud.registry.front import USER, password
from scripts.localcloud.registry.tokens import Tokens
from scripts.policies.documents import InvalidPolicyError
from scripts.policies.evaluator import Effect, Principal
from scripts.policies.patterns import Context

# https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html,
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html
_DENIED: Mapping[Protocol, tuple[str, int]] = {
    Protocol.JSON: ("AccessDeniedException", 400),
    Protocol.CBOR: ("AccessDenied", 403),
    Protocol.EC2: ("UnauthorizedOperation", 403),
    Protocol.QUERY: ("AccessDenied", 403),
    Protocol.REGISTRY: ("DENIED", 403),
    Protocol.REST_JSON: ("AccessDeniedException", 403),
    Protocol.REST_XML: ("AccessDenied", 403),
}
_EXPIRED, _INVALID = (
    "The security token included in the request is expired",
    "The security token included in the request is invalid.",
)


@dataclass(frozen=True)
class Passed:
    """The request that this thread answers.

    Attributes:
        caller: who sent it; None if it is not signed.
        context: its condition keys.
        deleted: the objects that a DeleteObjects may delete, by their ARNs; None for another call.
    """

    caller: Caller | None = None
    context: Context = field(default_factory=dict)
    deleted: frozenset[str] | None = None


_NOBODY = Passed()
_passed: ContextVar[Passed] = ContextVar("passed", default=_NOBODY)


class Gate:
    """Decides each request.

    Args:
        tokens: the tokens with which docker logs in; each belongs to the caller that asked for it.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def refusal(self, request: Request, asked: AwsRequest) -> Response | None:
        """The answer to a request that is refused; None if it may pass.

        Args:
            request: the request.
            asked: what it asks for, as `requests` reads it.
        """
        protocol = asked.call.protocol
        problem = _form_problem(request, asked)
        if problem:
            return error_response(protocol, *problem)
        try:
            caller = self._caller(request, asked)
            # A job's program has the keys of its role, and no others.
            if JOB_SERVICE in request.environ and caller.is_root:
                raise InvalidKeyError
        except InvalidKeyError as error:
            return error_response(protocol, *_invalid_key(asked, error))
        except InvalidPolicyError as error:
            return _denied_response(protocol, f"A policy of the caller is invalid: {error}.")
        if caller.is_root and asked.call.service != "s3":
            _passed.set(Passed(caller))
            return None
        if not asked.call.operation and not caller.is_root:
            return error_response(protocol, "NotImplemented", "The local cloud does not know this operation.", 501)
        keys = context.of_request(caller, asked, request)
        if (asked.call.service, asked.call.operation) == ("s3", "DeleteObjects"):  # it answers for each object
            _passed.set(Passed(caller, keys, _allowed(caller, _needed(asked), keys)))
            return None
        _passed.set(Passed(caller if asked.key else None, keys))
        found = denial(caller, asked, request, keys)
        return None if found is None else _denied_response(protocol, found.message)

    def _caller(self, request: Request, asked: AwsRequest) -> Caller:
        if asked.call.protocol is not Protocol.REGISTRY:
            if not asked.key and "Key" not in asked.parameters:
                return callers.ANONYMOUS  # moto asks about objects, whose ACLs it knows
            return callers.find(asked.key, asked.token)
        owner = self._tokens.owner(USER, password(request.headers.get("Authorization", "")) or "")
        return callers.renewed(owner) if owner else callers.root()


def denial(caller: Caller, asked: AwsRequest, request: Request, keys: Context) -> Denial | None:
    """The first permission that a caller lacks for a call; None if it has them all.

    Args:
        caller: who calls.
        asked: the call.
        request: its request.
        keys: its condition keys.
    """
    needed = _needed(asked)
    if asked.call.service == "s3" and not caller.is_root:
        needed += encryption.permissions(asked, request)
    return decisions.first_denial(caller, needed, keys)


def _needed(asked: AwsRequest) -> tuple[Permission, ...]:
    place = Place(callers.PARTITION, asked.region, ACCOUNT)
    return required_permissions(asked.call.service, asked.call.operation, asked.parameters, place)


def caller() -> Caller | None:
    """Who sent the request that this thread answers; None if it is not signed."""
    return _passed.get().caller


def object_permission(action: str, resource: str) -> PermissionResult:
    """What moto's S3 is to do with an action on an object, which it asks for besides the gate.

    Args:
        action: moto's name of it: the HTTP method and `Object`, or `s3:DeleteObject` for each of a DeleteObjects.
        resource: the object's ARN.
    """
    passed = _passed.get()
    if passed.caller is not None:
        is_refused = passed.deleted is not None and resource not in passed.deleted
        return PermissionResult.DENIED if is_refused else PermissionResult.NEUTRAL
    permission = Permission(action.replace("HeadObject", "GetObject"), resource)
    match decisions.decide(callers.ANONYMOUS, permission, passed.context).effect:
        case Effect.ALLOWED:
            return PermissionResult.PERMITTED
        case Effect.EXPLICIT_DENY:
            return PermissionResult.DENIED
    return PermissionResult.NEUTRAL


def takes_logs(target_bucket: Any, target_prefix: str | None) -> bool:
    """Whether a bucket's policy lets S3 write access logs into it; True if that depends on keys that are not known.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html

    Args:
        target_bucket: moto's bucket.
        target_prefix: the beginning of the logs' names.
    """
    permission = Permission("s3:PutObject", f"arn:{callers.PARTITION}:s3:::{target_bucket.name}/{target_prefix or ''}*")
    keys = {"aws:sourceaccount": (ACCOUNT,), "aws:securetransport": ("true",)}
    decision = decisions.decide(Caller(Principal("logging.s3.amazonaws.com")), permission, keys)
    return decision.effect is Effect.ALLOWED or (decision.effect is Effect.IMPLICIT_DENY and bool(decision.missing))


def _form_problem(request: Request, asked: AwsRequest) -> tuple[str, str, int] | None:
    """The code, the message and the status of the answer to a request that others could read in another way."""
    if requests.is_malformed(request, asked):
        is_s3 = asked.call.service == "s3"
        code = "AuthorizationHeaderMalformed" if is_s3 else "IncompleteSignature"
        return code, "The header Authorization is not a signature of version 4.", 400
    conflicts = requests.conflicts(request, asked)
    if conflicts:
        return "InvalidArgument", f"Conflicting query string parameters: {', '.join(conflicts)}", 400
    return None


def _denied_response(protocol: Protocol, message: str) -> Response:
    code, status = _DENIED[protocol]
    return error_response(protocol, code, message, status)


def _allowed(sender: Caller, needed: Iterable[Permission], keys: Context) -> frozenset[str]:
    """The objects that the caller may delete; one that is named with and without a version must be allowed twice."""
    named = list(needed)
    denied = {one.resource for one in named if decisions.first_denial(sender, [one], keys)}
    return frozenset(one.resource for one in named) - denied


def _invalid_key(asked: AwsRequest, error: InvalidKeyError) -> tuple[str, str, int]:
    """The code, the message and the status of AWS's answer to a key that it does not accept."""
    is_json = asked.call.protocol in (Protocol.JSON, Protocol.CBOR, Protocol.REST_JSON)
    if error.expired:
        return ("ExpiredTokenException", _EXPIRED, 400) if is_json else ("ExpiredToken", _EXPIRED, 403)
    if asked.call.service == "s3":
        return "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403
    return ("UnrecognizedClientException", _INVALID, 400) if is_json else ("InvalidClientTokenId", _INVALID, 403)
