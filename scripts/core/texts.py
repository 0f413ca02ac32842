"""Reads the text files that a person writes."""

from pathlib import Path

from scripts.core.errors import UserError


def read_text(path: Path, where: str | None = None) -> str:
    """Read a file that is UTF-8, also with the mark that editors of Windows begin it with.

    Args:
        path: the file.
        where: how the message names it; by default, its path.

    Raises:
        UserError: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{where or path} is not UTF-8 (byte {error.start}).", "Save it as UTF-8.") from None
