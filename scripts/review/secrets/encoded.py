"""Decodes texts in base64, also with gzip inside, as user data and lifecycle scripts hold them.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
https://cloudinit.readthedocs.io/en/latest/explanation/format.html
"""

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Sequence

MOST_BYTES = 256 * 1024
"""The most bytes that one text may decode to. EC2 and SageMaker accept 16 KiB; gzip could claim gigabytes."""

TOO_LONG = f"(compressed text of more than {MOST_BYTES // 1024} KiB, not shown)"
NO_TEXT = "(compressed data, not shown)"
TOO_DEEP = "(base64 within base64, not shown)"

_BLOCK = re.compile(r"(?<![\w+/=.-])[A-Za-z0-9+/]{40,}+(?:[ \t]*\r?\n[ \t]*[A-Za-z0-9+/]{16,}+)*+={0,2}(?![\w+/=-])")
_WHOLE = re.compile(r"[A-Za-z0-9+/\s]++={0,2}\s*")
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\u00a0-\U0010ffff]")
_STARTS = ("#!", "#cloud-", "#include", "<powershell", "<script", "{", "[", "MIME-Version", "Content-Type")
_MIN_LENGTH = 16
_GZIP = b"\x1f\x8b"
_WBITS = 31  # zlib's value for data with a header of gzip
_MOST_LEVELS = 3


def decoded(text: str, most: int = MOST_BYTES) -> str | None:
    """The text that a text in base64 stands for.

    Args:
        text: any text.
        most: the most bytes to decode to.

    Returns:
        The decoded text; for compressed data that is too long or no text, a note that says so. None if the text is not
        base64, or stands for something that is not a text for people: a key, an image, one word.
    """
    if len(text) < _MIN_LENGTH or len(text) > 2 * MOST_BYTES or not _WHOLE.fullmatch(text):
        return None
    packed = "".join(text.split()).rstrip("=")
    try:
        raw = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    if not raw.startswith(_GZIP):
        return _readable(raw)
    unpacked = _unpacked(raw, most)
    return TOO_LONG if len(unpacked) > most else _readable(unpacked) or NO_TEXT


def expanded(text: str, keep: Callable[[str], Sequence[tuple[int, int]]]) -> str:
    """A text with the texts in base64 that it holds decoded: `(base64: …)`.

    Args:
        text: the text.
        keep: gives the places in a text that stay as they are, because they are secrets.
    """
    return _Expansion(keep).expanded(text, _MOST_LEVELS)


class _Expansion:
    """Decodes what is in a text, and in that, up to some levels and bytes in all."""

    def __init__(self, keep: Callable[[str], Sequence[tuple[int, int]]]) -> None:
        self._keep = keep
        self._left = MOST_BYTES

    def expanded(self, text: str, levels: int) -> str:
        blocks = list(_BLOCK.finditer(text))
        if not blocks:
            return text
        parts, at, kept = [], 0, iter(self._keep(text))
        span = next(kept, None)
        for block in blocks:
            while span is not None and span[1] <= block.start():
                span = next(kept, None)
            inner = None if span is not None and span[0] < block.end() else decoded(block[0], self._left)
            if inner is not None:
                self._left = max(0, self._left - len(inner))
                shown = self.expanded(inner, levels - 1) if levels else TOO_DEEP
                parts += [text[at : block.start()], f"(base64: {shown})"]
                at = block.end()
        return "".join([*parts, text[at:]])


def _unpacked(raw: bytes, most: int) -> bytes:
    """The content of all members of gzip, cut one byte after the limit; what comes before the damage, if damaged."""
    unpacked = b""
    while raw.startswith(_GZIP) and len(unpacked) <= most:
        stream = zlib.decompressobj(_WBITS)
        try:
            unpacked += stream.decompress(raw, most + 1 - len(unpacked))
        except zlib.error:
            break
        raw = stream.unused_data
    return unpacked


def _readable(raw: bytes) -> str | None:
    """Bytes as a text, if they are one with several words. PowerShell encodes commands in UTF-16."""
    wide = len(raw) > _MIN_LENGTH and not len(raw) % 2 and not any(raw[1::2])
    try:
        text = raw.decode("utf-16-le" if wide else "utf-8")
    except UnicodeDecodeError:
        return None
    if _UNPRINTABLE.search(text):
        return None
    return text if "\n" in text.strip() or text.count(" ") > 1 or text.startswith(_STARTS) else None
