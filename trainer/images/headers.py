"""Reads the format, size and colour channels from the first bytes of an image file, without decoding it.

https://www.w3.org/TR/png-3/#11IHDR and https://www.w3.org/Graphics/JPEG/itu-t81.pdf (B.2)
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
OTHERS = (b"GIF8", b"BM")  # TensorFlow reads these too, whatever the file's name
# The number of channels of PNG's colour types; the entries of a palette are RGB.
PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
# The markers of a frame, which contains the size. C4, C8 and CC are other markers.
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class Header:
    """Size and channels of an image; zeros for a format in which they are not read."""

    width: int = 0
    height: int = 0
    channels: int = 0


def read(path: str | Path) -> Header | None:
    """Read the header of an image file; None if the trainer cannot read this file."""
    try:
        with Path(path).open("rb") as file:
            return _read(file)
    except (struct.error, OSError):
        return None


def _read(file: BinaryIO) -> Header | None:
    start = file.read(8)
    if start == PNG:
        length, kind, width, height, _depth, colour = struct.unpack(">I4sIIBB", file.read(18))
        return Header(width, height, PNG_CHANNELS.get(colour, 0)) if (kind, length) == (b"IHDR", 13) else None
    if start.startswith(JPEG):
        file.seek(2)
        return _read_jpeg(file)
    return Header() if start.startswith(OTHERS) else None


def _read_jpeg(file: BinaryIO) -> Header | None:
    while True:
        mark, marker, length = struct.unpack(">BBH", file.read(4))
        if mark != 0xFF:
            return None
        if marker in JPEG_FRAMES:
            _precision, height, width, channels = struct.unpack(">BHHB", file.read(6))
            return Header(width, height, channels)
        file.seek(length - 2, 1)
