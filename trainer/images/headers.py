"""Reads the size and colour channels from the first bytes of an image file, without decoding it.

A quick look: what has no header here may still be an image, which only the decoder can tell.

PNG: https://www.w3.org/TR/png-3/#11IHDR. JPEG: https://www.w3.org/Graphics/JPEG/itu-t81.pdf (B.1.1.2 and B.2). GIF:
https://www.w3.org/Graphics/GIF/spec-gif89a.txt (18). BMP:
https://learn.microsoft.com/en-us/windows/win32/api/wingdi/ns-wingdi-bitmapinfoheader. WebP: RFC 9649, 2.4 to 2.7.
"""

import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

PNG, JPEG, GIF, BMP, RIFF, WEBP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"GIF8", b"BM", b"RIFF", b"WEBP"
# The number of channels of PNG's colour types; the entries of a palette are RGB.
PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
# The markers of a frame, which contains the size. C4, C8 and CC are other markers.
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
FILL = 0xFF
THREADS = 16
FILES_AT_ONCE = 64


@dataclass(frozen=True)
class Header:
    """Size, channels and format of an image."""

    width: int
    height: int
    channels: int
    format: str


def read_all(paths: Sequence[str]) -> list[Header | None]:
    """Read the headers of some files, several at once: threads help where each answer comes over a network."""
    parts = [paths[start : start + FILES_AT_ONCE] for start in range(0, len(paths), FILES_AT_ONCE)]
    with ThreadPoolExecutor(THREADS) as pool:
        return [header for part in pool.map(lambda part: [read(path) for path in part], parts) for header in part]


def read(path: str | Path) -> Header | None:
    """Read the header of an image file; None if it has none of the known ones."""
    try:
        # Without a buffer: most files need one read of 30 bytes.
        with Path(path).open("rb", buffering=0) as file:
            return _read(file)
    except (struct.error, OSError):
        return None


def _read(file: FileIO) -> Header | None:
    start = file.read(30)
    if start.startswith(PNG):
        length, kind, width, height, _depth, colour = struct.unpack_from(">I4sIIBB", start, 8)
        return Header(width, height, PNG_CHANNELS.get(colour, 0), "PNG") if (kind, length) == (b"IHDR", 13) else None
    if start.startswith(JPEG):
        file.seek(2)
        return _read_jpeg(file)
    if start.startswith(GIF):
        width, height = struct.unpack_from("<HH", start, 6)
        return Header(width, height, 3, "GIF")
    if start.startswith(BMP):
        width, height = struct.unpack_from("<ii", start, 18)
        return Header(width, abs(height), 3, "BMP")
    if start.startswith(RIFF) and start[8:12] == WEBP:
        return _read_webp(start)
    return None


def _read_jpeg(file: FileIO) -> Header | None:
    while True:
        mark, marker = struct.unpack(">BB", file.read(2))
        if mark != FILL:
            return None
        while marker == FILL:
            (marker,) = file.read(1) or (0,)
        (length,) = struct.unpack(">H", file.read(2))
        if marker in JPEG_FRAMES:
            _precision, height, width, channels = struct.unpack(">BHHB", file.read(6))
            return Header(width, height, channels, "JPEG")
        file.seek(length - 2, 1)


def _read_webp(start: bytes) -> Header | None:
    kind = start[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", start, 26)
        return Header(width & 0x3FFF, height & 0x3FFF, 3, "WebP")
    if kind == b"VP8L":
        (packed,) = struct.unpack_from("<I", start, 21)
        return Header((packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, 3, "WebP")
    if kind == b"VP8X":
        width, height = (int.from_bytes(start[at : at + 3], "little") + 1 for at in (24, 27))
        return Header(width, height, 3, "WebP")
    return None
