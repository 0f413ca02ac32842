"""The front through which programs in containers call the local cloud: S3, CloudWatch Logs and STS, and nothing else.

A request's signature names its service. The front sets the service in the request, and whatever else the request says,
only this service answers it: neither its path, its Host nor its headers lead to the control addresses, to the registry
or to another service. The front calls the application itself and opens no connection, so it is no proxy.
"""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from werkzeug.wrappers import Request, Response

from scripts.localcloud.faults.answers import error_response
from scripts.localcloud.faults.operations import Protocol, identify
from scripts.localcloud.s3.front import is_presigned, stores_bytes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# A key of the WSGI environment. No header of a request can set it: their keys begin with HTTP_.
JOB_SERVICE = "trainyard.job_service"
SERVICES = ("s3", "logs", "sts")
METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE")
MAX_BODY = 16 << 20  # Of a request that is kept in memory: all but those that store the bytes of S3 objects.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-authentication-methods.html
_SCOPE = r"[^/,\s]+/\d{8}/[a-z0-9-]+/(?P<service>[a-z0-9-]+)/aws4_request"
_HEADER = re.compile(
    rf"AWS4-HMAC-SHA256 Credential={_SCOPE}, ?SignedHeaders=[^,\s]+, ?Signature=[0-9a-f]{{64}}", re.ASCII
)
_PRESIGNED = re.compile(_SCOPE, re.ASCII)


class JobFront:
    """A WSGI application that refuses what a job's program may not call.

    Args:
        application: answers the other requests, by the service in ``JOB_SERVICE``.
    """

    def __init__(self, application: "WSGIApplication") -> None:
        self._application = application

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        problem = form_problem(environ)
        if problem is not None:
            return Response(f"{problem}\n", 400)(environ, start_response)
        service = signed_service(environ)
        size = body_size(environ)
        if (size is None or size > MAX_BODY) and not (service == "s3" and stores_bytes(environ)):
            return Response(f"The body has more than {MAX_BODY} bytes, or no length.\n", 413)(environ, start_response)
        if service not in SERVICES:
            return _refuse(Request(environ), service)(environ, start_response)
        environ[JOB_SERVICE] = service
        return self._application(environ, start_response)


def form_problem(environ: Mapping[str, Any]) -> str | None:
    """Return why a request is not one to this server, as a sentence; None if it is.

    Args:
        environ: a WSGI request.
    """
    if environ["REQUEST_METHOD"] not in METHODS:
        return f"No service here has the method {environ['REQUEST_METHOD']}."
    if not environ["RAW_URI"].startswith("/") or environ["RAW_URI"].startswith("//"):
        return "The request names another server."
    if environ.get("HTTP_HOST") != f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}":
        return "The header Host names another server."
    return None


def signed_service(environ: Mapping[str, Any]) -> str:
    """Return the service for which a request is signed, in a header or in its address; empty if it is not signed.

    Args:
        environ: a WSGI request.
    """
    authorization = environ.get("HTTP_AUTHORIZATION")
    if authorization is not None:
        found = _HEADER.fullmatch(authorization)
    elif is_presigned(environ.get("QUERY_STRING", "")):
        return "s3"
    else:
        credentials = parse_qs(environ.get("QUERY_STRING", "")).get("X-Amz-Credential", [])
        found = _PRESIGNED.fullmatch(credentials[0]) if len(credentials) == 1 else None
    return found["service"] if found else ""


def is_signed(authorization: str) -> bool:
    """Return whether a header Authorization has exactly the form of AWS's signatures, version 4."""
    return _HEADER.fullmatch(authorization) is not None


def body_size(environ: Mapping[str, Any]) -> int | None:
    """Return the size of a request's body in bytes; None if the request does not tell it.

    Args:
        environ: a WSGI request.
    """
    if environ.get("wsgi.input_terminated"):
        return None
    length = environ.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() and length.isascii() else None


def _refuse(request: Request, service: str) -> Response:
    """Return the error of a service that the program may not call, in the form of its protocol."""
    what = f"the service {service}" if service else "requests without a signature"
    message = f"The local cloud answers a program's calls of S3, CloudWatch Logs and STS, not {what}."
    call = identify(request)
    code = "AccessDeniedException" if call.protocol in (Protocol.JSON, Protocol.REST_JSON) else "AccessDenied"
    return error_response(call.protocol, code, message, 403)
