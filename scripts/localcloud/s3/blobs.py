"""Object bytes as files. Files are named by number, never by key, and are deleted when no object needs them.

An object is a list of pieces of files, so completing a multipart upload and copying an object do not copy bytes.
"""

import itertools
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.localcloud.s3 import checksums

CHUNK = 1 << 20


class StoredFile:
    """A file of the store. It is deleted when the last object that needs it is deleted.

    Args:
        path: the file.
        digests: known digests of its whole content.
    """

    def __init__(self, path: Path, digests: Mapping[str, bytes]) -> None:
        self.path = path
        self.digests = dict(digests)
        # Not at the end of the process, because the server deletes the whole folder then.
        weakref.finalize(self, path.unlink, missing_ok=True).atexit = False


@dataclass(frozen=True)
class Piece:
    """A range of bytes in a file; ``whole`` says whether it is the whole file."""

    file: StoredFile
    start: int
    size: int
    whole: bool = True

    def cut(self, start: int, stop: int) -> "Piece":
        """Return the part between two positions, which count from the first byte of this piece."""
        start, stop = max(0, start), min(self.size, stop)
        return Piece(self.file, self.start + start, stop - start, self.whole and stop - start == self.size)


@dataclass(frozen=True)
class Blob:
    """The bytes of an object or of a part."""

    pieces: tuple[Piece, ...] = ()

    @property
    def size(self) -> int:
        """The number of bytes."""
        return sum(piece.size for piece in self.pieces)

    def cut(self, start: int, stop: int) -> "Blob":
        """Return the bytes from ``start`` up to but not including ``stop``."""
        pieces, position = [], 0
        for piece in self.pieces:
            if start < position + piece.size and position < stop:
                pieces.append(piece.cut(start - position, stop - position))
            position += piece.size
        return Blob(tuple(pieces))

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes, at most ``CHUNK`` at a time."""
        for piece in self.pieces:
            with piece.file.path.open("rb", buffering=0) as file:
                file.seek(piece.start)
                left = piece.size
                while left and (chunk := file.read(min(left, CHUNK))):
                    left -= len(chunk)
                    yield chunk

    def read(self) -> bytes:
        """Return all bytes at once."""
        return b"".join(self.chunks())

    def digest(self, algorithm: str) -> bytes:
        """Return a digest of the bytes. A digest of a whole file is computed only once."""
        whole = len(self.pieces) == 1 and self.pieces[0].whole
        known = self.pieces[0].file.digests if whole else {}
        if algorithm not in known:
            known[algorithm] = checksums.digests(self.chunks(), [algorithm])[algorithm]
        return known[algorithm]


def join(blobs: Iterable[Blob]) -> Blob:
    """Return one blob of several, one after the other."""
    return Blob(tuple(piece for blob in blobs for piece in blob.pieces))


class Store:
    """Makes blobs.

    Args:
        folder: where the files are; it is created at the first write.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def write(self, chunks: Iterable[bytes], algorithms: Iterable[str] = ("md5",)) -> tuple[Blob, dict[str, bytes]]:
        """Store bytes in a new file.

        Args:
            chunks: the bytes. If iterating over them raises, the file is deleted and the exception is passed on.
            algorithms: the digests to compute.

        Returns:
            The blob and the digests.
        """
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"{next(self._numbers):08x}"
        try:
            size, digests = _write(path, chunks, algorithms)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        if not size:
            path.unlink()
            return Blob(), digests
        return Blob((Piece(StoredFile(path, digests), 0, size),)), digests


def _write(path: Path, chunks: Iterable[bytes], algorithms: Iterable[str]) -> tuple[int, dict[str, bytes]]:
    running = {algorithm: checksums.new(algorithm) for algorithm in algorithms}
    size = 0
    with path.open("xb") as file:
        for chunk in chunks:
            for digest in running.values():
                digest.update(chunk)
            file.write(chunk)
            size += len(chunk)
    return size, {algorithm: digest.digest() for algorithm, digest in running.items()}
