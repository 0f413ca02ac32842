"""The first bytes of an image file: what it is, how large, and with how many colours. Nothing is decoded.

https://www.w3.org/TR/png-3/#11IHDR and https://www.w3.org/Graphics/JPEG/itu-t81.pdf (B.2)
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
OTHERS = (b"GIF8", b"BM")  # TensorFlow reads these too, whatever the file is called
# The sample counts of PNG's colour types; a palette's entries are RGB.
PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
# The markers that begin a frame, in which the size is; C4, C8 and CC among them are something else.
JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class Header:
    """What an image says of itself; zeros where it was not looked for."""

    width: int = 0
    height: int = 0
    channels: int = 0


def read(path: str | Path) -> Header | None:
    """The header of an image file; None where it is no image that the trainer reads."""
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
