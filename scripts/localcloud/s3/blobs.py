"""Object bytes as files. A file is named by us, never by a key, and goes when nobody needs its bytes any more.

An object is a list of pieces of files, so that completing a multipart upload and copying an object move no byte.
"""

import itertools
import weakref
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.localcloud.s3 import checksums

CHUNK = 1 << 20


class StoredFile:
    """A file of the store, which is removed when the last object that needs it has gone.

    Args:
        path: the file.
        digests: what is known of all its bytes.
    """

    def __init__(self, path: Path, digests: Mapping[str, bytes]) -> None:
        self.path = path
        self.digests = dict(digests)
        # Not at the end of the process: the whole folder goes then.
        weakref.finalize(self, path.unlink, missing_ok=True).atexit = False


@dataclass(frozen=True)
class Piece:
    """Some bytes of a file; ``whole`` where they are all it has."""

    file: StoredFile
    start: int
    size: int
    whole: bool = True

    def cut(self, start: int, stop: int) -> "Piece":
        """What of it lies between two places, counted from its own first byte."""
        start, stop = max(0, start), min(self.size, stop)
        return Piece(self.file, self.start + start, stop - start, self.whole and stop - start == self.size)


@dataclass(frozen=True)
class Blob:
    """The bytes of an object or of a part."""

    pieces: tuple[Piece, ...] = ()

    @property
    def size(self) -> int:
        """How many bytes."""
        return sum(piece.size for piece in self.pieces)

    def cut(self, start: int, stop: int) -> "Blob":
        """The bytes from ``start`` up to, and without, ``stop``."""
        pieces, place = [], 0
        for piece in self.pieces:
            if start < place + piece.size and place < stop:
                pieces.append(piece.cut(start - place, stop - place))
            place += piece.size
        return Blob(tuple(pieces))

    def chunks(self) -> Iterator[bytes]:
        """All bytes, in an amount at a time that is no burden."""
        for piece in self.pieces:
            with piece.file.path.open("rb", buffering=0) as file:
                file.seek(piece.start)
                left = piece.size
                while left and (chunk := file.read(min(left, CHUNK))):
                    left -= len(chunk)
                    yield chunk

    def read(self) -> bytes:
        """All bytes at once."""
        return b"".join(self.chunks())

    def digest(self, algorithm: str) -> bytes:
        """Its digest; what was computed before is not computed again."""
        whole = len(self.pieces) == 1 and self.pieces[0].whole
        known = self.pieces[0].file.digests if whole else {}
        if algorithm not in known:
            known[algorithm] = checksums.digests(self.chunks(), [algorithm])[algorithm]
        return known[algorithm]


def joined(blobs: Iterable[Blob]) -> Blob:
    """Several one after the other."""
    return Blob(tuple(piece for blob in blobs for piece in blob.pieces))


class Store:
    """Makes blobs.

    Args:
        folder: where the files are; it is made when there is something to keep.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count()

    def write(self, chunks: Iterable[bytes], algorithms: Iterable[str] = ("md5",)) -> tuple[Blob, dict[str, bytes]]:
        """Keep bytes.

        Args:
            chunks: the bytes; what they raise goes through, and nothing is kept.
            algorithms: the digests that are wanted.

        Returns:
            The blob, and those digests.
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
