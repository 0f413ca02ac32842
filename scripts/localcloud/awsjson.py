"""AWS's JSON protocol, version 1.1: reads calls from WSGI requests, and makes responses of results and errors.

Rules: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from werkzeug.wrappers import Request, Response

from scripts.localcloud.environment import REGION

# Credential=AKID/20260801/us-east-1/sagemaker/aws4_request
_SCOPE = re.compile(r"Credential=[^/]*/\d{8}/([a-z0-9-]+)/")
_APP = re.compile(r"\bapp/(\S+)")


@dataclass(frozen=True)
class Call:
    """One call of an operation: its name, its parameters, the region in its signature, and its program's app ID."""

    operation: str
    parameters: Mapping[str, Any]
    region: str
    app: str = ""


Operation = Callable[[Call], dict[str, Any]]
"""Answers the calls of one operation."""


class ServiceError(Exception):
    """An error that a caller gets, in AWS's words.

    Args:
        code: the error code, such as ``ValidationException``.
        message: the sentence for the caller.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def validation_error(message: str) -> ServiceError:
    """Return the error that SageMaker gives for nearly every invalid request."""
    return ServiceError("ValidationException", message)


def read_call(request: Request) -> Call:
    """Return the call in a request.

    Raises:
        ServiceError: SerializationException if the body is not a JSON object.
    """
    operation = request.headers["X-Amz-Target"].partition(".")[2]
    try:
        parameters = json.loads(request.get_data() or b"{}")
    except ValueError:
        raise ServiceError("SerializationException", "The request's body is not JSON.") from None
    if not isinstance(parameters, dict):
        raise ServiceError("SerializationException", "The request's body is not a JSON object.")
    app = _APP.search(request.headers.get("User-Agent", ""))
    return Call(operation, parameters, signed_region(request), app[1] if app else "")


def signed_region(request: Request) -> str:
    """Return the region in a request's signature, or the local cloud's default region for an unsigned request."""
    found = _SCOPE.search(request.headers.get("Authorization") or unquote(request.query_string.decode()))
    return found.group(1) if found else REGION


def success_response(result: Mapping[str, Any]) -> Response:
    """Return a response with ``result``; times become seconds since 1970."""
    return _response(result, 200)


def error_response(error: ServiceError) -> Response:
    """Return a response that botocore raises as a ClientError with the error's code."""
    return _response({"__type": error.code, "message": error.message}, 400)


def _response(content: Mapping[str, Any], status: int) -> Response:
    response = Response(json.dumps(content, default=_seconds), status, content_type="application/x-amz-json-1.1")
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    return response


def _seconds(value: object) -> float:
    if isinstance(value, datetime):
        return round(value.timestamp(), 3)
    raise TypeError(f"{value!r} cannot be part of a response")


def parse_time(value: float) -> datetime:
    """Return the time that AWS's JSON gives as seconds since 1970."""
    return datetime.fromtimestamp(value, UTC)
