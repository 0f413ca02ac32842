"""The digests that S3 knows, computed chunk by chunk.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

import base64
import hashlib
import zlib
from collections.abc import Callable, Iterable
from typing import Protocol

from awscrt import checksums

# The algorithms of x-amz-checksum-*, and the number of bytes of their digests.
SIZES = {"crc32": 4, "crc32c": 4, "crc64nvme": 8, "sha1": 20, "sha256": 32}
_CRCS: dict[str, Callable[[bytes, int], int]] = {
    "crc32": zlib.crc32,
    "crc32c": checksums.crc32c,
    "crc64nvme": checksums.crc64nvme,
}


class Digest(Protocol):
    """A digest that is being computed, with the methods of hashlib's digests."""

    def update(self, data: bytes, /) -> None:
        """Add more bytes."""
        ...

    def digest(self) -> bytes:
        """Return the digest of the bytes so far."""
        ...


class _Crc:
    def __init__(self, algorithm: str) -> None:
        self._function = _CRCS[algorithm]
        self._size = SIZES[algorithm]
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = self._function(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._size, "big")


def new(algorithm: str) -> Digest:
    """Return an empty digest for ``md5`` or an algorithm in ``SIZES``."""
    return _Crc(algorithm) if algorithm in _CRCS else hashlib.new(algorithm, usedforsecurity=False)


def digests(chunks: Iterable[bytes], algorithms: Iterable[str]) -> dict[str, bytes]:
    """Return several digests of the same bytes, and read the bytes only once."""
    running = {algorithm: new(algorithm) for algorithm in algorithms}
    for chunk in chunks:
        for digest in running.values():
            digest.update(chunk)
    return {algorithm: digest.digest() for algorithm, digest in running.items()}


def encode(digest: bytes) -> str:
    """Return a digest as the text of a header."""
    return base64.b64encode(digest).decode()


def decode(value: str, size: int) -> bytes | None:
    """Return the digest in a header, or None if the text is not the Base64 of ``size`` bytes."""
    try:
        digest = base64.b64decode(value, validate=True)
    except ValueError:
        return None
    return digest if len(digest) == size else None
