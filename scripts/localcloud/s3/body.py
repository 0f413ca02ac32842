"""Reads a request's body: decodes aws-chunked, computes digests, and compares them with those that the caller sent.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
"""

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, cast

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import get_input_stream

from scripts.localcloud.s3 import checksums
from scripts.localcloud.s3.blobs import CHUNK
from scripts.localcloud.s3.errors import S3Error

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_PREFIX = "HTTP_X_AMZ_CHECKSUM_"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_INCOMPLETE = "You did not provide the number of bytes specified by the Content-Length HTTP header"

Digests = dict[str, bytes]
Store = Callable[[Iterable[bytes], Iterable[str]], Digests]


def receive(environ: "WSGIEnvironment", store: Store) -> Digests:
    """Read a request's body to its end and check it.

    Args:
        environ: the request.
        store: stores the chunks that it gets, and returns their digests for the algorithms that it gets.

    Returns:
        The digests that the caller sent, all of them correct. Only algorithms in ``checksums.SIZES``.

    Raises:
        S3Error: BadDigest or a similar error, if the body is not what the caller announced.
    """
    expected = expected_digests(environ)
    trailers: dict[str, str] = {}
    announced = environ.get("HTTP_X_AMZ_TRAILER", "").lower().removeprefix("x-amz-checksum-")
    algorithms = {"md5", *expected, *({announced} & checksums.SIZES.keys())}
    payload = environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")
    if _SHA256.fullmatch(payload):
        algorithms.add("sha256")
    digests = store(_chunks(environ, trailers), algorithms)
    for name, value in trailers.items():
        if (algorithm := name.removeprefix("x-amz-checksum-")) in checksums.SIZES:
            expected[algorithm] = _decode(algorithm, value)
    _check(expected, digests)
    if _SHA256.fullmatch(payload) and digests["sha256"].hex() != payload:
        raise S3Error(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        )
    return {algorithm: digest for algorithm, digest in expected.items() if algorithm != "md5"}


def is_chunked(environ: "WSGIEnvironment") -> bool:
    """Return whether the body is encoded as aws-chunked."""
    return str(environ.get("HTTP_X_AMZ_CONTENT_SHA256", "")).startswith("STREAMING-")


def expected_digests(environ: "WSGIEnvironment") -> Digests:
    """Return the digests in a request's headers.

    Raises:
        S3Error: a header that cannot be a digest.
    """
    found = {
        algorithm: _decode(algorithm, environ[_PREFIX + algorithm.upper()])
        for algorithm in checksums.SIZES
        if _PREFIX + algorithm.upper() in environ
    }
    if "HTTP_CONTENT_MD5" in environ:
        md5 = checksums.decode(environ["HTTP_CONTENT_MD5"], 16)
        if md5 is None:
            raise S3Error("InvalidDigest", "The Content-MD5 you specified is not valid.")
        found["md5"] = md5
    return found


def _decode(algorithm: str, value: str) -> bytes:
    digest = checksums.decode(value, checksums.SIZES[algorithm])
    if digest is None:
        raise S3Error("InvalidRequest", f"Value for x-amz-checksum-{algorithm} header is invalid.")
    return digest


def _check(expected: Mapping[str, bytes], digests: Mapping[str, bytes]) -> None:
    for algorithm, digest in expected.items():
        if digests.get(algorithm) == digest:
            continue
        if algorithm == "md5":
            raise S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.")
        name = algorithm.upper()
        raise S3Error("BadDigest", f"The {name} you specified did not match the calculated checksum.")


def _chunks(environ: "WSGIEnvironment", trailers: dict[str, str]) -> Iterator[bytes]:
    stream = io.BufferedReader(cast("io.RawIOBase", get_input_stream(environ)))
    try:
        if is_chunked(environ):
            yield from _check_length(
                _decode_chunked(stream, trailers), environ.get("HTTP_X_AMZ_DECODED_CONTENT_LENGTH")
            )
        else:
            while chunk := stream.read(CHUNK):
                yield chunk
    except ClientDisconnected:
        raise S3Error("IncompleteBody", _INCOMPLETE) from None


def _check_length(chunks: Iterable[bytes], announced: str | None) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        yield chunk
    if announced is not None and announced != str(size):
        raise S3Error("IncompleteBody", _INCOMPLETE)


def _decode_chunked(stream: IO[bytes], trailers: dict[str, str]) -> Iterator[bytes]:
    """Yield the data of aws-chunked, which has ``SIZE[;chunk-signature=…]`` before each chunk.

    The headers that follow the last chunk are added to ``trailers``.
    """
    while remaining := _chunk_size(stream):
        while remaining:
            data = stream.read(min(remaining, CHUNK))
            if not data:
                raise S3Error("IncompleteBody", _INCOMPLETE)
            remaining -= len(data)
            yield data
        stream.readline()
    for line in stream:
        name, _, value = line.decode("latin-1").strip().partition(":")
        trailers[name.lower()] = value.strip()


def _chunk_size(stream: IO[bytes]) -> int:
    try:
        return int(stream.readline().partition(b";")[0], 16)
    except ValueError:
        raise S3Error("IncompleteBody", _INCOMPLETE) from None
