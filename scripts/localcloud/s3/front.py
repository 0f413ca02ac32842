"""The front of moto's S3: it stores and reads bodies as files, checks digests, and refuses keys that leave a bucket."""

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from werkzeug.wrappers import Response

from scripts.localcloud.s3 import body, checksums, keys
from scripts.localcloud.s3.blobs import Blob, Store
from scripts.localcloud.s3.download import download
from scripts.localcloud.s3.errors import S3Error

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Credential=AKID/20260801/us-east-1/s3/aws4_request, in the Authorization header or in a presigned address.
_SIGNED = re.compile(r"Credential=[^/]+/\d{8}/[a-z0-9-]+/s3/")
_CONTROL = "/v20180820/"  # S3 Control signs as S3 does.
# A request with one of these is not about an object's bytes.
_SUBRESOURCES = {"acl", "attributes", "legal-hold", "restore", "retention", "select", "tagging", "torrent", "uploads"}


@dataclass(frozen=True)
class Address:
    """Where a request goes: ``/bucket/key?query``."""

    method: str
    key: str
    query: Mapping[str, list[str]]

    @property
    def is_object(self) -> bool:
        """Whether the request is about the bytes of an object or of a part."""
        return bool(self.key) and not _SUBRESOURCES & self.query.keys()


class S3Front:
    """A WSGI application around moto's.

    Args:
        moto: answers everything that is not about bytes.
        store: keeps the bytes.
    """

    def __init__(self, moto: "WSGIApplication", store: Store) -> None:
        self._moto = moto
        self._store = store
        keys.patch_moto(store)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request. Requests that are not signed for S3 go to moto unchanged."""
        if not _is_s3(environ):
            return self._moto(environ, start_response)
        try:
            response = self._answer(environ, _address(environ))
        except S3Error as error:
            response = error.response()
        except OSError as error:
            if isinstance(error, ConnectionError):
                raise
            text = f"The local cloud cannot keep or read an object's bytes: {error.strerror}."
            response = S3Error("InternalError", text, 500).response()
        return response(environ, start_response)

    def _answer(self, environ: "WSGIEnvironment", address: Address) -> Response:
        copies = "HTTP_X_AMZ_COPY_SOURCE" in environ
        if _stores(environ, address):
            return self._put(environ)
        if address.method == "GET" and address.is_object and "uploadId" not in address.query:
            return self._get(environ, address)
        completes = address.method == "POST" and "uploadId" in address.query
        expected = {} if copies else self._check_body(environ, of_object=completes)
        if not copies and not completes:
            return self._call_moto(environ)
        with keys.placeholders(expected):
            return self._call_moto(environ)

    def _put(self, environ: "WSGIEnvironment") -> Response:
        """Store the body, then let moto make a key or a part from the same request without a body."""
        blob = Blob()

        def store(chunks: Iterable[bytes], algorithms: Iterable[str]) -> dict[str, bytes]:
            nonlocal blob
            blob, digests = self._store.write(chunks, algorithms)
            return digests

        digests = body.receive(environ, store)
        with keys.as_body(blob):
            return self._call_moto(_without_body(environ, digests))

    def _get(self, environ: "WSGIEnvironment", address: Address) -> Response:
        """Let moto make the response's headers, and add the requested bytes."""
        whole = {name: value for name, value in environ.items() if name not in ("HTTP_RANGE", "HTTP_IF_RANGE")}
        with keys.placeholders({}) as reads:
            response = self._call_moto(whole)
        if not reads:
            return response  # An error, or "304 Not Modified".
        part = address.query.get("partNumber", [None])[0]
        return download(response, reads[-1], environ, int(part) if part else None)

    def _check_body(self, environ: "WSGIEnvironment", of_object: bool) -> dict[str, bytes]:
        """Check the body of a request that moto answers, and put it back for moto.

        Args:
            environ: the request.
            of_object: the request completes an object from parts, and the checksum headers are the object's.

        Returns:
            The object's checksums in the headers, if any.
        """
        if environ["REQUEST_METHOD"] not in ("PUT", "POST"):
            return {}
        buffer = io.BytesIO()

        def store(chunks: Iterable[bytes], algorithms: Iterable[str]) -> dict[str, bytes]:
            buffer.writelines(chunks)
            return checksums.digests([buffer.getvalue()], algorithms)

        prefix = "HTTP_X_AMZ_CHECKSUM_"
        # A checksum of the parts' checksums ends with the number of parts: "…==-3".
        headers = {name: str(value).partition("-")[0] for name, value in environ.items() if name.startswith(prefix)}
        expected = body.expected_digests(headers) if of_object else {}
        request = {name: value for name, value in environ.items() if not (of_object and name.startswith(prefix))}
        body.receive(request, store)
        buffer.seek(0)
        environ["wsgi.input"] = buffer
        environ["CONTENT_LENGTH"] = str(len(buffer.getvalue()))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        if body.is_chunked(environ):
            environ["HTTP_X_AMZ_CONTENT_SHA256"] = "UNSIGNED-PAYLOAD"  # moto would decode the chunks a second time
        return expected

    def _call_moto(self, environ: "WSGIEnvironment") -> Response:
        return Response.from_app(self._moto, environ, buffered=True)


def stores_bytes(environ: "WSGIEnvironment") -> bool:
    """Return whether a request's body is the bytes of an object or of a part, which are stored as they arrive."""
    try:
        return _is_s3(environ) and _stores(environ, _address(environ))
    except S3Error:
        return False


def _stores(environ: "WSGIEnvironment", address: Address) -> bool:
    return address.method == "PUT" and address.is_object and "HTTP_X_AMZ_COPY_SOURCE" not in environ


def _is_s3(environ: "WSGIEnvironment") -> bool:
    query = environ.get("QUERY_STRING", "")
    signed = environ.get("HTTP_AUTHORIZATION") or unquote(query)
    return bool(_SIGNED.search(signed) or is_presigned(query)) and not environ["PATH_INFO"].startswith(_CONTROL)


def is_presigned(query: str) -> bool:
    """Return whether an address is presigned with signature version 2: boto3's default in us-east-1, and only S3's.

    https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html#RESTAuthenticationQueryStringAuth
    """
    return parse_qs(query).keys() >= {"AWSAccessKeyId", "Signature", "Expires"}


def _address(environ: "WSGIEnvironment") -> Address:
    """Return where a request goes; raise S3Error if the key would leave its bucket.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
    """
    path, _, query = str(environ["RAW_URI"]).partition("?")
    key = unquote(path).lstrip("/").partition("/")[2]
    depth = 0
    for segment in key.split("/"):
        depth += -1 if segment == ".." else 1
        if depth < 0:
            raise S3Error("InvalidURI", f"Couldn't parse the specified URI: the key {key!r} would leave its bucket.")
    return Address(environ["REQUEST_METHOD"], key, parse_qs(query, keep_blank_values=True))


def _without_body(environ: "WSGIEnvironment", digests: Mapping[str, bytes]) -> "WSGIEnvironment":
    """Return a request with an empty body, and with the digests of the original body in its headers."""
    changed: dict[str, Any] = dict(environ)
    for name in ("HTTP_TRANSFER_ENCODING", "wsgi.input_terminated", "HTTP_X_AMZ_TRAILER"):
        changed.pop(name, None)
    changed |= {"wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0"}
    if body.is_chunked(environ):
        changed["HTTP_X_AMZ_CONTENT_SHA256"] = "UNSIGNED-PAYLOAD"
    for algorithm, digest in digests.items():
        changed[f"HTTP_X_AMZ_CHECKSUM_{algorithm.upper()}"] = checksums.encode(digest)
        changed["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = algorithm.upper()
    return changed
