"""Reads a .tar.gz that a job's program made: forwards, in small pieces, and no more than a bounded number of members.

`tarfile` alone trusts the archive: it reads a header of any size into memory, keeps every member, and jumps wherever
the archive says.
"""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

PIECE = 1 << 16
"""No header is longer, such as one with a long name; and files are read in pieces of this size."""

MOST_MEMBERS = 100_000
# After the end of a tar follow zeros up to the next 10,240 bytes.
MOST_AFTER_END = 1 << 20
# Beside its own errors, tarfile raises these when it meets a field that it cannot interpret.
BROKEN = (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, ValueError, OverflowError, IndexError, KeyError)


class TarReader:
    """The tar in a .tar.gz. Its members can be read once, in their order; it can be used in a ``with``.

    Raises:
        Exception: one of `BROKEN`, here or while it is read.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._data = _Forward(gzip.GzipFile(fileobj=file, mode="rb"))
        self._tar = tarfile.open(fileobj=self._data, mode="r:")  # type: ignore[call-overload]  # noqa: SIM115

    def __enter__(self) -> "TarReader":
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()
        self._data.close()

    def members(self) -> Iterator[tarfile.TarInfo]:
        """Yield the members, then check that the archive ends where it says."""
        for number, member in enumerate(self._tar):
            if number >= MOST_MEMBERS:
                raise tarfile.ReadError(f"it has more than {MOST_MEMBERS:,} members")
            yield member
        # tarfile accepts a stream that ends early between two members. Reading to the end of the gzip finds that.
        left = MOST_AFTER_END
        while piece := self._data.read(PIECE):
            left -= len(piece)
            if left < 0:
                raise tarfile.ReadError("it continues after its end")

    def pieces(self, member: tarfile.TarInfo) -> Iterator[bytes]:
        """Yield the content of the member that `members` has just given."""
        file = self._tar.extractfile(member)
        left = member.size
        while file is not None and left > 0:
            piece = file.read(min(PIECE, left))
            if not piece:
                raise tarfile.ReadError(f"{member.name} ends early")
            left -= len(piece)
            yield piece


class _Forward:
    """A file that is only read forwards, a piece at a time."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file
        self._position = 0

    def read(self, size: int) -> bytes:
        if not 0 <= size <= PIECE:
            raise tarfile.ReadError(f"it has a header of {size:,} bytes")
        data = self._file.read(size)
        self._position += len(data)
        return data

    def seek(self, position: int) -> int:
        if position < self._position:
            raise tarfile.ReadError("it leads back to what was read")
        while self._position < position and self.read(min(PIECE, position - self._position)):
            pass
        return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        self._file.close()
