"""Each operation of AWS's services is found in the request that boto3 sends for it."""

import functools
import io
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from scripts.localcloud.faults.names import signing_name
from scripts.localcloud.faults.operations import Call, Protocol, identify

URL = "http://127.0.0.1:9"
NOT_SENT = {
    "ListDirectoryBuckets",  # signed for another service
    "UpdateObjectEncryption",  # it needs a value that no shape describes
    "GetBucketLifecycle",
    "PutBucketLifecycle",  # deprecated: the newer operations send the same requests
    "GetBucketNotification",
    "PutBucketNotification",
}


class SentError(Exception):
    """Carries the request that boto3 would send."""

    def __init__(self, request: Any) -> None:
        super().__init__()
        self.request = request


def example(shape: Any) -> Any:
    """A value of a shape, with no more than it requires."""
    match shape.type_name:
        case "structure":
            return {name: example(shape.members[name]) for name in shape.required_members}
        case "list":
            return [example(shape.member)]
        case "map":
            return {}
        case "string":
            return shape.enum[0] if shape.enum else "x" * max(6, shape.metadata.get("min", 0))
        case "boolean":
            return True
        case "timestamp":
            return "2026-08-01T00:00:00Z"
        case "blob":
            return b"x"
        case _:
            return 1


@functools.cache
def client(service: str) -> Any:
    """A client that sends nothing."""
    made: Any = boto3.Session("a", "b", region_name="us-east-1").client(service, endpoint_url=URL)  # type: ignore[call-overload]  # the stubs want a literal

    def stop(request: Any, **_: Any) -> None:
        raise SentError(request)

    made.meta.events.register("before-send", stop)
    return made


def request_of(service: str, operation: str) -> Request:
    """The request that boto3 sends for an operation."""
    shape = client(service).meta.service_model.operation_model(operation).input_shape
    with pytest.raises(SentError) as sent:
        client(service)._make_api_call(operation, example(shape) if shape else {})
    prepared = sent.value.request
    address = urlsplit(prepared.url)
    body = prepared.body or b""
    builder = EnvironBuilder(
        path=address.path,
        query_string=address.query,
        method=prepared.method,
        headers={name: _text(value) for name, value in prepared.headers.items()},
        input_stream=io.BytesIO(
            body.read() if hasattr(body, "read") else body.encode() if isinstance(body, str) else body
        ),
    )
    return Request(builder.get_environ())


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value


def test_every_operation_of_s3_is_found() -> None:
    # The tests' sessions share S3's model, and botocore takes the bucket out of an operation's path at its first call.
    identify(Request(EnvironBuilder(path="/x").get_environ()), service="s3")
    names = set(client("s3").meta.service_model.operation_names) - NOT_SENT
    assert len(names) > 100
    assert {name: identify(request_of("s3", name)).operation for name in names} == {name: name for name in names}


@pytest.mark.parametrize(
    ("service", "operation", "signed_as", "protocol"),
    [
        ("sagemaker", "CreateTrainingJob", "sagemaker", Protocol.JSON),
        ("ecr", "BatchGetImage", "ecr", Protocol.JSON),
        ("logs", "GetLogEvents", "logs", Protocol.JSON),
        ("sts", "GetCallerIdentity", "sts", Protocol.QUERY),
        ("iam", "GetRole", "iam", Protocol.QUERY),
        ("ec2", "DescribeVpcs", "ec2", Protocol.EC2),
        ("s3", "UploadPart", "s3", Protocol.REST_XML),
        ("lambda", "ListFunctions", "lambda", Protocol.REST_JSON),
        ("cloudwatch", "ListMetrics", "monitoring", Protocol.JSON),
    ],
)
def test_a_call_is_found_in_each_protocol(service: str, operation: str, signed_as: str, protocol: Protocol) -> None:
    assert identify(request_of(service, operation)) == Call(signed_as, operation, protocol)
    assert signing_name(service) == signed_as


def test_a_form_can_be_read_again() -> None:
    request = request_of("sts", "GetCallerIdentity")
    identify(request)
    assert b"Action=GetCallerIdentity" in request.environ["wsgi.input"].read()


def test_a_presigned_address_names_its_service() -> None:
    session = boto3.Session("a", "b", region_name="us-east-1")
    s3 = session.client("s3", endpoint_url=URL, config=Config(signature_version="s3v4"))
    address = s3.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "a/b"})
    path, _, query = address.removeprefix(URL).partition("?")
    request = Request(EnvironBuilder(path=path, query_string=query).get_environ())
    assert identify(request) == Call("s3", "GetObject", Protocol.REST_XML)


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("GET", "/v2/", "GetVersion"),
        ("HEAD", "/v2/a/b/blobs/sha256:1", "HeadBlob"),
        ("POST", "/v2/a/blobs/uploads/", "PostUpload"),
        ("PATCH", "/v2/a/blobs/uploads/1-2", "PatchUpload"),
        ("PUT", "/v2/a/manifests/latest", "PutManifest"),
    ],
)
def test_a_call_of_docker_is_named_by_what_it_does(method: str, path: str, operation: str) -> None:
    request = Request(EnvironBuilder(path=path, method=method).get_environ())
    assert identify(request) == Call("registry", operation, Protocol.REGISTRY)


def test_a_request_without_a_signature_is_no_call_of_a_service() -> None:
    assert identify(Request(EnvironBuilder(path="/x").get_environ())).service == ""
