"""Reads what a request asks for: the operation, and its parameters by the names that boto3 gives them."""

import io
import json
import re
import xml.etree.ElementTree as ElementTree
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.parsers import RpcV2CBORParser
from werkzeug.wrappers import Request

from scripts.localcloud.awsjson import signed_region
from scripts.localcloud.faults.operations import FORM, Call, Protocol, identify, s3_subresources
from scripts.localcloud.job_front import JOB_SERVICE, is_signed
from scripts.localcloud.s3 import body, checksums
from scripts.localcloud.s3.errors import S3Error

# Credential=AKID/20260801/…, AWSAccessKeyId=AKID in a presigned address, and `AWS AKID:signature`.
_KEY = re.compile(r"Credential=([^/,&\s]+)|AWSAccessKeyId=([^&\s]+)|^AWS ([^:\s]+):")
_TOKEN = "X-Amz-Security-Token"  # noqa: S105 - a header's name; addresses presigned in version 2 have it in lower case
_CONTROL = "/v20180820/"  # S3 Control signs as S3 does; a program cannot call it
_CONTROL_TAGS = f"{_CONTROL}tags/"  # its operations on tags: the ARN follows
_GZIP = 16 + zlib.MAX_WBITS
_MAX_PLAIN = 64 << 20
_VERSION_2 = re.compile(r"AWS [^:\s]+:\S+")  # https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html
# A header of S3 and the parameter that it is.
_HEADERS = {"x-amz-copy-source": "CopySource", "x-amz-acl": "ACL", "x-amz-tagging": "Tagging"}


@dataclass(frozen=True)
class AwsRequest:
    """What a request asks for.

    Attributes:
        call: the service, the operation and the protocol of its errors.
        parameters: by boto3's names, as far as permissions depend on them.
        region: the region in its signature.
        key: the access key; empty if it has none.
        token: the session's token.
    """

    call: Call
    parameters: Mapping[str, Any]
    region: str
    key: str
    token: str | None


def read(request: Request, service: str | None = None) -> AwsRequest:
    """Read a request; its body can be read again afterwards.

    Args:
        request: the request.
        service: the service that answers it, if something else than the request decides that.
    """
    call = identify(request, service=service)
    if not call.service:  # S3 answers what is not signed
        call = identify(request, service="s3")
    query = unquote(request.query_string.decode())
    found = _KEY.search(request.headers.get("Authorization") or query)
    key = next((text for text in found.groups() if text), "") if found else ""
    token = request.headers.get(_TOKEN) or request.args.get(_TOKEN) or request.args.get(_TOKEN.lower())
    return AwsRequest(call, _parameters(request, call), signed_region(request), key, token)


def is_malformed(request: Request, asked: AwsRequest) -> bool:
    """Whether a request has a header Authorization in which others could find another caller or service."""
    header = request.headers.get("Authorization")
    if header is None or asked.call.protocol is Protocol.REGISTRY:
        return False
    return not is_signed(header) and not (asked.call.service == "s3" and _VERSION_2.fullmatch(header))


def conflicts(request: Request, asked: AwsRequest) -> list[str]:
    """The parameters in the address of a call to S3 of which each names another operation; empty if there are none.

    S3 refuses them: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html (InvalidArgument)
    """
    if asked.call.service != "s3":
        return []
    found = sorted(request.args.keys() & s3_subresources())
    is_copy = "x-amz-copy-source" in request.headers and found != ["uploadId"]
    return [*found, *(["x-amz-copy-source"] if is_copy else [])] if len(found) + is_copy > 1 else []


def is_control(request: Request) -> bool:
    """Whether a request to S3 is one to S3 Control."""
    return JOB_SERVICE not in request.environ and request.path.startswith(_CONTROL)


def _parameters(request: Request, call: Call) -> Mapping[str, Any]:
    match call.protocol:
        case Protocol.JSON:
            return _json(_plain(request))
        case Protocol.CBOR:
            return _cbor(_plain(request))
        case Protocol.QUERY | Protocol.EC2:
            text = _plain(request).decode(errors="replace") if request.mimetype == FORM else ""
            fields = parse_qs(text or request.query_string.decode(), keep_blank_values=True)
            return {name: values[0] for name, values in fields.items()}
        case Protocol.REGISTRY:
            return {"repositoryName": re.sub(r"^/v2/|/(manifests|blobs|tags)/.*$", "", request.path)}
    return _of_s3(request, call) if call.service == "s3" else {}


def _body(request: Request) -> bytes:
    body = request.get_data()
    request.environ["wsgi.input"] = io.BytesIO(body)
    return body


def _plain(request: Request) -> bytes:
    """The body without its compression: SDKs compress large ones, such as those of PutMetricData.

    https://docs.aws.amazon.com/sdkref/latest/guide/feature-compression.html
    """
    body = _body(request)
    if request.headers.get("Content-Encoding") != "gzip":
        return body
    try:
        return zlib.decompressobj(_GZIP).decompress(body, _MAX_PLAIN)
    except zlib.error:
        return b""


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _cbor(body: bytes) -> Mapping[str, Any]:
    parser: Any = RpcV2CBORParser()
    try:
        found = parser.parse_data_item(parser.get_peekable_stream_from_bytes(body))
    except Exception:  # whatever is wrong with the body: the service refuses it
        return {}
    return found if isinstance(found, dict) else {}


def _of_s3(request: Request, call: Call) -> Mapping[str, Any]:
    path = unquote(str(request.environ["RAW_URI"]).partition("?")[0])
    if is_control(request):
        return {"ResourceArn": path.removeprefix(_CONTROL_TAGS)}
    bucket, _, key = path.lstrip("/").partition("/")
    found: dict[str, Any] = {"Bucket": bucket} if bucket else {}
    if key:
        found["Key"] = key
    if "versionId" in request.args:
        found["VersionId"] = request.args["versionId"]
    for header, name in _HEADERS.items():
        if header in request.headers:
            found[name] = unquote(request.headers[header])
    grants = [value for name, value in request.headers.items() if name.lower().startswith("x-amz-grant-")]
    if grants:
        found.setdefault("ACL", ", ".join(grants))
    if call.operation == "DeleteObjects":
        found["Delete"] = {"Objects": _deleted(_unchunked(request))}
    return found


def _unchunked(request: Request) -> bytes:
    """The body without the chunks in which SDKs may send it; empty if it is not what the request announces."""
    raw, decoded = _body(request), io.BytesIO()
    if not body.is_chunked(request.environ):
        return raw

    def store(chunks: Iterable[bytes], algorithms: Iterable[str]) -> dict[str, bytes]:
        decoded.writelines(chunks)
        return checksums.digests([decoded.getvalue()], algorithms)

    try:
        body.receive({**request.environ, "wsgi.input": io.BytesIO(raw)}, store)
    except S3Error:
        return b""
    return decoded.getvalue()


def _deleted(text: bytes) -> list[dict[str, str]]:
    """The objects in the body of DeleteObjects."""
    try:
        tree = ElementTree.fromstring(text)  # noqa: S314 - moto parses the same body, with all that it allows
    except ElementTree.ParseError:
        return []
    objects = (element for element in tree if element.tag.endswith("Object"))
    return [{child.tag.rpartition("}")[2]: child.text or "" for child in one} for one in objects]
