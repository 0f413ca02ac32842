"""AWS's JSON protocol, version 1.1: a call out of a WSGI request, an answer or a refusal into a response.

Rules: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from scripts.localcloud.environment import REGION

# Credential=AKID/20260801/us-east-1/sagemaker/aws4_request
_SCOPE = re.compile(r"Credential=[^/]*/\d{8}/([a-z0-9-]+)/")


@dataclass(frozen=True)
class Call:
    """One call of an operation: its name, its parameters, and the region that it was signed for."""

    operation: str
    parameters: Mapping[str, Any]
    region: str


class ServiceError(Exception):
    """A refusal, as AWS words it.

    Args:
        code: such as ``ValidationException``.
        message: the sentence for the caller.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def validation_error(message: str) -> ServiceError:
    """The refusal that SageMaker gives for nearly everything."""
    return ServiceError("ValidationException", message)


def read_call(request: Request) -> Call:
    """The call that a request carries.

    Raises:
        ServiceError: SerializationException where its body is no JSON object.
    """
    operation = request.headers["X-Amz-Target"].partition(".")[2]
    try:
        parameters = json.loads(request.get_data() or b"{}")
    except ValueError:
        raise ServiceError("SerializationException", "The request's body is not JSON.") from None
    if not isinstance(parameters, dict):
        raise ServiceError("SerializationException", "The request's body is not a JSON object.")
    return Call(operation, parameters, signed_region(request))


def signed_region(request: Request) -> str:
    """The region in the request's signature; the local cloud's own where it is not signed."""
    found = _SCOPE.search(request.headers.get("Authorization", ""))
    return found.group(1) if found else REGION


def answer(result: Mapping[str, Any]) -> Response:
    """A response with ``result``; times become seconds since 1970."""
    return _response(result, 200)


def refusal(error: ServiceError) -> Response:
    """A response that botocore raises as a ClientError of the error's code."""
    return _response({"__type": error.code, "message": error.message}, 400)


def _response(content: Mapping[str, Any], status: int) -> Response:
    response = Response(json.dumps(content, default=_seconds), status, content_type="application/x-amz-json-1.1")
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response


def _seconds(value: object) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"{value!r} has no place in an answer")


def parse_time(value: float) -> datetime:
    """A time as AWS's JSON carries it: seconds since 1970."""
    return datetime.fromtimestamp(value, UTC)
