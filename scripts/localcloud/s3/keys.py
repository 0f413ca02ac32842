"""Makes moto's keys store their bytes as blobs. moto keeps names, versions, metadata and everything else.

While this package answers a request, moto gets placeholders instead of an object's bytes. This works because moto
only passes the bytes on: from a request to a key, and from a key to a response or another key.
"""

import hashlib
import io
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from moto.s3 import models, responses
from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML, S3ClientError
from moto.s3.models import FakeKey, FakeMultipart, S3Backend
from moto.settings import S3_UPLOAD_PART_MIN_SIZE

from scripts.localcloud.s3 import checksums
from scripts.localcloud.s3.blobs import Blob, Store, join
from scripts.localcloud.s3.errors import S3Error

_EMPTY = Blob()


class Placeholder(bytes):
    """What moto gets instead of a blob's bytes. It has the blob's length, and its slices are slices of the blob."""

    blob: Blob

    def __new__(cls, blob: Blob) -> "Placeholder":
        """Make a placeholder, which holds no bytes itself."""
        placeholder = super().__new__(cls)
        placeholder.blob = blob
        return placeholder

    def __len__(self) -> int:
        return self.blob.size

    def __getitem__(self, part: Any) -> "Placeholder":  # type: ignore[override]  # moto takes slices only
        start, stop, _ = part.indices(self.blob.size)
        return Placeholder(self.blob.cut(start, stop))


@dataclass(frozen=True)
class StoredObject:
    """A key of moto whose bytes moto has read, and its blob."""

    key: Any
    blob: Blob


_body: ContextVar[Blob | None] = ContextVar("body", default=None)
_reads: ContextVar[list[StoredObject] | None] = ContextVar("reads", default=None)
_expected: ContextVar[Mapping[str, bytes]] = ContextVar("expected")


@contextmanager
def as_body(blob: Blob) -> Iterator[None]:
    """During the ``with``, moto stores ``blob`` in a key when the request's body is empty."""
    token = _body.set(blob)
    try:
        yield
    finally:
        _body.reset(token)


@contextmanager
def placeholders(expected: Mapping[str, bytes]) -> Iterator[list[StoredObject]]:
    """During the ``with``, moto gets placeholders for the bytes of keys. The list says which keys it has read.

    Args:
        expected: the digests that the caller sent for an object that is completed from parts.
    """
    reads: list[StoredObject] = []
    reads_token, expected_token = _reads.set(reads), _expected.set(expected)
    try:
        yield reads
    finally:
        _reads.reset(reads_token)
        _expected.reset(expected_token)


def patch_moto(store: Store) -> None:
    """Make moto's keys keep their bytes in ``store``. Call this once, before moto serves."""

    def set_value(key: Any, value: Any) -> None:
        key.blob = _blob(value, store)
        key.contentsize = key.blob.size
        key._etag = key._etag or key.blob.digest("md5").hex()

    motos_dispose = FakeKey.dispose

    def dispose(key: Any, garbage: bool = False) -> None:
        key.blob = _EMPTY  # moto keeps a reference to every key that it has made, so the key must drop its bytes.
        motos_dispose(key, garbage)

    motos_copy_object = S3Backend.copy_object

    def copy_object(backend: Any, source: Any, bucket: str, name: str, *rest: Any, **more: Any) -> None:
        motos_copy_object(backend, source, bucket, name, *rest, **more)
        _make_single_part(backend.get_object(bucket, name))

    FakeKey.value = property(_value, set_value)
    FakeKey.dispose = dispose
    FakeKey.__getstate__, FakeKey.__setstate__ = _state, _set_state
    FakeMultipart.complete = _complete
    S3Backend.copy_object = copy_object
    models.compute_checksum = responses.compute_checksum = _compute_checksum


def _value(key: Any) -> bytes:
    reads = _reads.get()
    if reads is None:
        return bytes(key.blob.read())  # Other parts of moto need the bytes: SELECT, CloudFormation, Lambda …
    blob = key.blob
    if blob.size != key.contentsize:
        raise S3Error("SlowDown", "The object was replaced while it was looked up: repeat the request.", 503)
    reads.append(StoredObject(key, blob))
    return Placeholder(blob)


def _state(key: Any) -> dict[str, Any]:
    """Return what moto's listings copy of a key: all but its bytes, because moto keeps references to these copies."""
    return {name: value for name, value in vars(key).items() if name not in ("blob", "lock", "_value_buffer")}


def _set_state(key: Any, state: dict[str, Any]) -> None:
    vars(key).update(state, blob=_EMPTY, lock=threading.Lock(), _value_buffer=io.BytesIO())


def _make_single_part(copy: Any) -> None:
    """Make a copied object one part, with a checksum of all its bytes, even if its source has several parts."""
    copy.multipart = None
    if copy.checksum_value and copy.checksum_algorithm:
        copy.checksum_value = checksums.encode(copy.blob.digest(copy.checksum_algorithm.lower()))


def _blob(value: bytes | str, store: Store) -> Blob:
    if isinstance(value, Placeholder):
        return value.blob
    data = value.encode() if isinstance(value, str) else value
    body = _body.get()
    return body if body is not None and not data else store.write([data] if data else [])[0]


def _complete(upload: Any, body: Iterable[tuple[int, str]]) -> tuple[bytes, str, tuple[str, str, int] | None]:
    """Do what FakeMultipart.complete does, with the same errors and results, but with blobs."""
    parts: list[Any] = []
    for number, etag in body:
        part = upload.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise InvalidPart()
        if parts and parts[-1].contentsize < S3_UPLOAD_PART_MIN_SIZE:
            raise EntityTooSmall()
        parts.append(part)
    if not parts:
        raise MalformedXML
    md5 = hashlib.md5(b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts), usedforsecurity=False)
    blobs = [part.blob for part in parts]
    value = Placeholder(join(blobs))
    return value, f"{md5.hexdigest()}-{len(parts)}", _checksum_of_parts(upload.metadata, blobs, value.blob)


def _checksum_of_parts(metadata: Mapping[str, str], parts: list[Blob], whole: Blob) -> tuple[str, str, int] | None:
    """Return type, value and number of parts of the checksum that the caller chose for the upload; None if none.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
    """
    algorithm = (metadata.get("x-amz-checksum-algorithm") or "").lower()
    if algorithm not in checksums.SIZES:
        return None
    kind = metadata.get("x-amz-checksum-type") or ("FULL_OBJECT" if algorithm == "crc64nvme" else "COMPOSITE")
    if kind == "COMPOSITE":
        digest = checksums.new(algorithm)
        for part in parts:
            digest.update(part.digest(algorithm))
        return kind, checksums.encode(digest.digest()), len(parts)
    found = whole.digest(algorithm)
    if _expected.get({}).get(algorithm, found) != found:
        raise S3ClientError("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
    return kind, checksums.encode(found), 1


def _compute_checksum(body: bytes, algorithm: str, encode_base64: bool = True) -> bytes:
    """Replace moto.s3.utils.compute_checksum, which knows no placeholders and confuses CRC32C with CRC32."""
    name = algorithm.lower()
    digest = body.blob.digest(name) if isinstance(body, Placeholder) else checksums.digests([body], [name])[name]
    return checksums.encode(digest).encode() if encode_base64 else digest
