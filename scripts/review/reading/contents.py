"""The text of a file that should be a plan's JSON, in any encoding and packing that people store it in."""

import gzip
import io
import json
import zlib

from ...core.console import size
from ...core.errors import UserError

GZIP = b"\x1f\x8b"
SAVED_PLAN = b"PK\x03\x04"
LARGEST = 2_000_000_000
"""Bytes that a packed file may unpack to. The JSON of 50,000 changes has 160 MB."""


def decoded(content: bytes, source: str, largest: int = LARGEST) -> str:
    """The text in a file: unpacked if it is gzip, and UTF-8, UTF-16 (as PowerShell redirects output) or UTF-32.

    The encoding is found as RFC 4627, section 3, finds it: JSON begins with two ASCII characters.
    https://www.rfc-editor.org/rfc/rfc4627#section-3

    Args:
        content: the file's bytes.
        source: its name in messages.
        largest: how many bytes a packed file may unpack to.

    Returns:
        The text; bytes that are invalid in its encoding are replaced.

    Raises:
        UserError: it is a broken gzip file, or a huge one.
    """
    if content.startswith(GZIP):
        content = _unpacked(content, source, largest)
    return content.decode(json.detect_encoding(content), errors="replace")


def _unpacked(content: bytes, source: str, largest: int) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(largest + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        problem = f"{source} is a broken gzip file: {error}."
        raise UserError(problem, "Pack it again, or name the JSON itself.") from None
    if len(unpacked) > largest:
        raise UserError(f"{source} unpacks to more than {size(largest)}.", "A plan is smaller: name another file.")
    return unpacked
