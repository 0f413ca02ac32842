"""What stands before moto's S3: bodies go to files and come from files, digests are checked, keys stay in buckets."""

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
# An object's own bytes are meant where none of these is asked for.
_SUBRESOURCES = {"acl", "attributes", "legal-hold", "restore", "retention", "select", "tagging", "torrent", "uploads"}


@dataclass(frozen=True)
class Address:
    """Where a request goes: ``/bucket/key?query``."""

    method: str
    key: str
    query: Mapping[str, list[str]]

    @property
    def is_object(self) -> bool:
        """Whether the bytes of an object or of a part are meant."""
        return bool(self.key) and not _SUBRESOURCES & self.query.keys()


class S3Front:
    """A WSGI application around moto's.

    Args:
        moto: answers what is not of bytes.
        store: keeps the bytes.
    """

    def __init__(self, moto: "WSGIApplication", store: Store) -> None:
        self._moto = moto
        self._store = store
        keys.mend(store)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request; what is not signed for S3 goes to moto as it is."""
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
        if address.method == "PUT" and address.is_object and not copies:
            return self._put(environ)
        if address.method == "GET" and address.is_object and "uploadId" not in address.query:
            return self._get(environ, address)
        completes = address.method == "POST" and "uploadId" in address.query
        claims = {} if copies else self._checked(environ, of_object=completes)
        if not copies and not completes:
            return self._asked(environ)
        with keys.stand_ins(claims):
            return self._asked(environ)

    def _put(self, environ: "WSGIEnvironment") -> Response:
        """Keep the body, then let moto make a key or a part without one."""
        kept = Blob()

        def keep(chunks: Iterable[bytes], algorithms: Iterable[str]) -> dict[str, bytes]:
            nonlocal kept
            kept, digests = self._store.write(chunks, algorithms)
            return digests

        claims = body.take(environ, keep)
        with keys.given(kept):
            return self._asked(_without_body(environ, claims))

    def _get(self, environ: "WSGIEnvironment", address: Address) -> Response:
        """Let moto make the head of the answer, and add the bytes that were asked for."""
        asked = {name: value for name, value in environ.items() if name not in ("HTTP_RANGE", "HTTP_IF_RANGE")}
        with keys.stand_ins({}) as taken:
            response = self._asked(asked)
        if not taken:
            return response  # It is no success, or nothing has changed.
        part = address.query.get("partNumber", [None])[0]
        return download(response, taken[-1], environ, int(part) if part else None)

    def _checked(self, environ: "WSGIEnvironment", of_object: bool) -> dict[str, bytes]:
        """Check a body that is for moto itself, and put it back.

        Args:
            environ: the request.
            of_object: the checksum in the headers is not this body's, but the object's that it puts together.

        Returns:
            The object's checksums, where the headers have them.
        """
        if environ["REQUEST_METHOD"] not in ("PUT", "POST"):
            return {}
        read = io.BytesIO()

        def keep(chunks: Iterable[bytes], algorithms: Iterable[str]) -> dict[str, bytes]:
            read.writelines(chunks)
            return checksums.digests([read.getvalue()], algorithms)

        prefix = "HTTP_X_AMZ_CHECKSUM_"
        # The checksum of an object's parts' checksums carries their number: "…==-3".
        given = {name: str(value).partition("-")[0] for name, value in environ.items() if name.startswith(prefix)}
        claims = body.claims(given) if of_object else {}
        seen = {name: value for name, value in environ.items() if not (of_object and name.startswith(prefix))}
        body.take(seen, keep)
        read.seek(0)
        environ["wsgi.input"] = read
        environ["CONTENT_LENGTH"] = str(len(read.getvalue()))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        return claims

    def _asked(self, environ: "WSGIEnvironment") -> Response:
        return Response.from_app(self._moto, environ, buffered=True)


def _is_s3(environ: "WSGIEnvironment") -> bool:
    signed = environ.get("HTTP_AUTHORIZATION") or unquote(environ.get("QUERY_STRING", ""))
    return bool(_SIGNED.search(signed)) and not environ["PATH_INFO"].startswith(_CONTROL)


def _address(environ: "WSGIEnvironment") -> Address:
    """Raises S3Error where the key would leave its bucket.

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


def _without_body(environ: "WSGIEnvironment", claims: Mapping[str, bytes]) -> "WSGIEnvironment":
    """A request as it would be with nothing in its body, and what is known of that in its headers."""
    changed: dict[str, Any] = dict(environ)
    for name in ("HTTP_TRANSFER_ENCODING", "wsgi.input_terminated", "HTTP_X_AMZ_TRAILER"):
        changed.pop(name, None)
    changed |= {"wsgi.input": io.BytesIO(), "CONTENT_LENGTH": "0"}
    if body.is_chunked(environ):
        changed["HTTP_X_AMZ_CONTENT_SHA256"] = "UNSIGNED-PAYLOAD"
    for algorithm, digest in claims.items():
        changed[f"HTTP_X_AMZ_CHECKSUM_{algorithm.upper()}"] = checksums.encoded(digest)
        changed["HTTP_X_AMZ_SDK_CHECKSUM_ALGORITHM"] = algorithm.upper()
    return changed
