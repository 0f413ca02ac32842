"""Finds out which operation of which service a request calls, and in which protocol, before anything answers it.

AWS's JSON protocols name the operation in a header, its query protocol in the body, its CBOR protocol in the path. Its
REST protocols only imply it by method, path and parameters: botocore's model of the service tells it.
"""

import functools
import io
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote

from werkzeug.wrappers import Request

from scripts.localcloud.faults.names import botocore
from scripts.localcloud.faults.rules import REGISTRY

FORM = "application/x-www-form-urlencoded"
# Our own services answer by the target, whatever service the signature names.
_BY_TARGET = {
    "AWSPriceListService": "pricing",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "SageMaker": "sagemaker",
    "ServiceQuotasV20190624": "servicequotas",
}
# Credential=AKID/20260801/us-east-1/s3/aws4_request, in the Authorization header or in a presigned address.
_SCOPE = re.compile(r"Credential=[^/]*/\d{8}/[a-z0-9-]+/(?P<service>[a-z0-9-]+)/")
_REGISTRY = re.compile(r"/v2/.+/(?P<kind>manifests|blobs|tags)/(?P<rest>.*)")


class Protocol(Enum):
    """How a service's errors look."""

    JSON = "json"
    CBOR = "cbor"
    QUERY = "query"
    EC2 = "ec2"
    REST_JSON = "rest-json"
    REST_XML = "rest-xml"
    REGISTRY = "registry"


@dataclass(frozen=True)
class Call:
    """A call: the service by the name in signatures, the operation (empty if unknown), and the protocol."""

    service: str
    operation: str
    protocol: Protocol


def identify(request: Request, model: str = "", service: str | None = None) -> Call:
    """Return which call a request is. A form in its body is put back, so that it can be read again.

    S3 reads the address alone: a target or an action is nothing to it.

    Args:
        request: the request.
        model: botocore's name of the service, where it is known: some services sign with another name.
        service: the service that answers, if something else than the request decides that.
    """
    if service is None and (request.path == "/v2" or request.path.startswith("/v2/")):
        return Call(REGISTRY, _of_registry(request), Protocol.REGISTRY)
    target = request.headers.get("X-Amz-Target", "")
    service = service or own_service(request) or _signed_service(request)
    if service != "s3":
        if target and request.mimetype != FORM:
            return Call(service, target.rpartition(".")[2], Protocol.JSON)
        # https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
        if request.headers.get("smithy-protocol") == "rpc-v2-cbor":
            return Call(service, request.path.rpartition("/")[2], Protocol.CBOR)
        if action := _action(request):
            return Call(service, action, Protocol.EC2 if service == "ec2" else Protocol.QUERY)
    rest = _rest(model or service)
    return Call(service, rest.operation(request), rest.protocol)


def own_service(request: Request) -> str:
    """Return the service of ours that a request's target names; empty if it names none."""
    return _BY_TARGET.get(request.headers.get("X-Amz-Target", "").partition(".")[0], "")


@functools.cache
def s3_subresources() -> frozenset[str]:
    """Return the parameters in an address that make a call of S3 another operation, such as ``acl``."""
    model = botocore().get_service_model("s3")
    queries = [model.operation_model(name).http["requestUri"].partition("?")[2] for name in model.operation_names]
    named = {name for query in queries for name, _ in parse_qsl(query, keep_blank_values=True)}
    return frozenset({*named, "uploadId"} - {"list-type", "select-type"})


def _signed_service(request: Request) -> str:
    signed = request.headers.get("Authorization") or unquote(request.query_string.decode())
    found = _SCOPE.search(signed)
    return found["service"] if found else ""


def _action(request: Request) -> str:
    """Return the operation that a query protocol names in the address or in the body; empty if there is none."""
    if request.mimetype != FORM:
        return request.args.get("Action", "")
    body = request.get_data()
    request.environ["wsgi.input"] = io.BytesIO(body)
    return parse_qs(body.decode(errors="replace")).get("Action", [""])[0]


def _of_registry(request: Request) -> str:
    """Return a name for a call of docker's: its method and what it is about, such as ``PutManifest``."""
    found = _REGISTRY.fullmatch(request.path)
    if found is None:
        kind = "Version"
    elif found["rest"].startswith("uploads"):
        kind = "Upload"
    else:
        kind = found["kind"].removesuffix("s").title()
    return request.method.title() + kind


class _Rest:
    """The operations of a REST service, by method, path and parameters."""

    def __init__(self, service: str) -> None:
        model = botocore().get_service_model(service)
        self.protocol = Protocol(model.protocol) if model.protocol.startswith("rest-") else Protocol.REST_JSON
        shapes = [_Shape(model.operation_model(name)) for name in model.operation_names]
        # The shape that requires most comes first: UploadPart before PutObject, which has the same path.
        self._shapes: dict[str, list[_Shape]] = {}
        for shape in sorted(shapes, key=lambda shape: (-shape.requirements, shape.is_deprecated)):
            self._shapes.setdefault(shape.method, []).append(shape)

    def operation(self, request: Request) -> str:
        """Return the operation of a request; empty if none fits."""
        return next((shape.name for shape in self._shapes.get(request.method, ()) if shape.fits(request)), "")


class _Shape:
    """What makes a request a call of one operation."""

    def __init__(self, operation: Any) -> None:
        self.name: str = operation.name
        self.is_deprecated: bool = operation.deprecated
        self.method: str = operation.http["method"]
        path, _, query = operation.http["requestUri"].partition("?")
        pattern = re.sub(r"\\{\w+\\\+\\}", ".+", re.escape(path))
        self._path = re.compile(re.sub(r"\\{\w+\\}", "[^/]+", pattern) + "/?")
        self._parameters = parse_qsl(query, keep_blank_values=True)
        self._headers: list[str] = []
        shape = operation.input_shape
        for name in shape.required_members if shape else ():
            serialization = shape.members[name].serialization
            match serialization.get("location"):
                case "querystring":
                    self._parameters.append((serialization["name"], ""))
                case "header":
                    self._headers.append(serialization["name"])

    @property
    def requirements(self) -> int:
        """The number of parameters and headers that it needs."""
        return len(self._parameters) + len(self._headers)

    def fits(self, request: Request) -> bool:
        """Return whether a request with the operation's method can be a call of it. What refuses most comes first."""
        return (
            all(name in request.args for name, _ in self._parameters)
            and all(name in request.headers for name in self._headers)
            and all(value in ("", request.args.get(name)) for name, value in self._parameters)
            and self._path.fullmatch(request.path) is not None
        )


@functools.cache
def _rest(service: str) -> _Rest:
    """Return the operations of a REST service, by botocore's name of it; S3's if there is no such name."""
    return _Rest(service if service in botocore().get_available_services() else "s3")
