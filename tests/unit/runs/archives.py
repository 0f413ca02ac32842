"""Archives for the tests, with any member that a program could write."""

import gzip
import io
import struct
import tarfile
from pathlib import Path

Member = tuple[tarfile.TarInfo, bytes]


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", content: bytes = b"model") -> Member:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    content = content if kind == tarfile.REGTYPE else b""
    info.size = len(content)
    return info, content


def link(name: str, target: str) -> Member:
    return member(name, tarfile.SYMTYPE, target)


def archive(path: Path, *members: Member) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    return path


def packed(path: Path, *blocks: bytes) -> Path:
    """Write a .tar.gz of raw blocks."""
    path.write_bytes(gzip.compress(b"".join(blocks) + bytes(1024), 1))
    return path


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    """The header of a member whose content is somewhere else, or nowhere."""
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def sparse(name: str, size: int) -> bytes:
    """A file of GNU's old sparse format, all of it a hole."""
    block = bytearray(header(name, 0, tarfile.GNUTYPE_SPARSE))
    block[386:398] = b"0" * 11 + b"\0"
    block[398:410] = b"0" * 11 + b"\0"
    block[483:495] = b"\x80" + bytes(3) + struct.pack(">Q", size)
    block[148:156] = b"%06o\0 " % (sum(block[:148]) + 8 * 32 + sum(block[156:512]))
    return bytes(block)
