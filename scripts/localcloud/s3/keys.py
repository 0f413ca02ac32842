"""moto's keys with their bytes in our files: moto keeps names, versions, metadata and everything else.

What moto takes for an object's bytes is, while a request is answered here, a stand-in that names a blob. Nothing of
moto's notices, as it only hands bytes on: from a request into a key, from a key into an answer or another key.
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
from scripts.localcloud.s3.blobs import Blob, Store, joined
from scripts.localcloud.s3.errors import S3Error

_EMPTY = Blob()


class StandIn(bytes):
    """Takes the place of a blob's bytes in moto; its length and its slices are the blob's."""

    blob: Blob

    def __new__(cls, blob: Blob) -> "StandIn":
        """A stand-in, which holds no byte itself."""
        made = super().__new__(cls)
        made.blob = blob
        return made

    def __len__(self) -> int:
        return self.blob.size

    def __getitem__(self, part: Any) -> "StandIn":  # type: ignore[override]  # moto takes slices only
        start, stop, _ = part.indices(self.blob.size)
        return StandIn(self.blob.cut(start, stop))


@dataclass(frozen=True)
class Taken:
    """A key whose bytes moto has asked for, and these bytes."""

    key: Any
    blob: Blob


_given: ContextVar[Blob | None] = ContextVar("given", default=None)
_taken: ContextVar[list[Taken] | None] = ContextVar("taken", default=None)
_claimed: ContextVar[Mapping[str, bytes]] = ContextVar("claimed")


@contextmanager
def given(blob: Blob) -> Iterator[None]:
    """While it lasts, an empty body that moto puts into a key means ``blob``."""
    token = _given.set(blob)
    try:
        yield
    finally:
        _given.reset(token)


@contextmanager
def stand_ins(claims: Mapping[str, bytes]) -> Iterator[list[Taken]]:
    """While it lasts, moto gets stand-ins for the bytes of keys; the list says which it has asked for.

    Args:
        claims: the digests that an object put together from parts shall have.
    """
    taken: list[Taken] = []
    token, claimed = _taken.set(taken), _claimed.set(claims)
    try:
        yield taken
    finally:
        _taken.reset(token)
        _claimed.reset(claimed)


def mend(store: Store) -> None:
    """Let moto's keys keep their bytes in ``store``; called once, before moto serves."""

    def set_value(key: Any, value: Any) -> None:
        key.blob = _blob(value, store)
        key.contentsize = key.blob.size
        key._etag = key._etag or key.blob.digest("md5").hex()

    dispose = FakeKey.dispose

    def disposed(key: Any, garbage: bool = False) -> None:
        key.blob = _EMPTY  # moto itself holds on to every key that it ever made.
        dispose(key, garbage)

    copy_object = S3Backend.copy_object

    def copied(backend: Any, source: Any, bucket: str, name: str, *rest: Any, **more: Any) -> None:
        copy_object(backend, source, bucket, name, *rest, **more)
        _settle(backend.get_object(bucket, name))

    FakeKey.value = property(_value, set_value)
    FakeKey.dispose = disposed
    FakeKey.__getstate__, FakeKey.__setstate__ = _state, _set_state
    FakeMultipart.complete = _complete
    S3Backend.copy_object = copied
    models.compute_checksum = responses.compute_checksum = _compute_checksum


def _value(key: Any) -> bytes:
    taken = _taken.get()
    if taken is None:
        return bytes(key.blob.read())  # For what else of moto reads objects: SELECT, CloudFormation, Lambda …
    blob = key.blob
    if blob.size != key.contentsize:
        raise S3Error("SlowDown", "The object was replaced while it was looked up: repeat the request.", 503)
    taken.append(Taken(key, blob))
    return StandIn(blob)


def _state(key: Any) -> dict[str, Any]:
    """What moto's listings copy of a key: all but its bytes, as moto holds on to these copies too."""
    return {name: value for name, value in vars(key).items() if name not in ("blob", "lock", "_value_buffer")}


def _set_state(key: Any, state: dict[str, Any]) -> None:
    vars(key).update(state, blob=_EMPTY, lock=threading.Lock(), _value_buffer=io.BytesIO())


def _settle(copy: Any) -> None:
    """A copy is one piece, with a checksum of the whole, whatever parts its source was made of."""
    copy.multipart = None
    if copy.checksum_value and copy.checksum_algorithm:
        copy.checksum_value = checksums.encoded(copy.blob.digest(copy.checksum_algorithm.lower()))


def _blob(value: bytes | str, store: Store) -> Blob:
    if isinstance(value, StandIn):
        return value.blob
    data = value.encode() if isinstance(value, str) else value
    given = _given.get()
    return given if given is not None and not data else store.write([data] if data else [])[0]


def _complete(upload: Any, body: Iterable[tuple[int, str]]) -> tuple[bytes, str, tuple[str, str, int] | None]:
    """FakeMultipart.complete: the same refusals and results, from files."""
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
    value = StandIn(joined(blobs))
    return value, f"{md5.hexdigest()}-{len(parts)}", _checksum_of_parts(upload.metadata, blobs, value.blob)


def _checksum_of_parts(metadata: Mapping[str, str], parts: list[Blob], whole: Blob) -> tuple[str, str, int] | None:
    """Type, value and parts of the checksum that the upload was begun with.

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
        return kind, checksums.encoded(digest.digest()), len(parts)
    found = whole.digest(algorithm)
    if _claimed.get({}).get(algorithm, found) != found:
        raise S3ClientError("BadDigest", f"The {algorithm} you specified did not match the calculated checksum.")
    return kind, checksums.encoded(found), 1


def _compute_checksum(body: bytes, algorithm: str, encode_base64: bool = True) -> bytes:
    """moto.s3.utils.compute_checksum, which knows no stand-in and takes CRC32 for CRC32C."""
    name = algorithm.lower()
    digest = body.blob.digest(name) if isinstance(body, StandIn) else checksums.digests([body], [name])[name]
    return checksums.encoded(digest).encode() if encode_base64 else digest
