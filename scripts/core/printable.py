r"""Makes text harmless for a terminal, and for a file that a person opens.

Log lines, FailureReason, tags, error messages of AWS, of Docker and of Terraform: others wrote these texts. A terminal
obeys the control characters in them: it clears the screen, writes into the clipboard, shows one text in place of
another. So every text goes through this module before it is printed. ``console`` does that for all that verbs print.

A control character is shown as its escape, such as ``\u001b``: nothing is hidden, and nothing is obeyed. Only complete
colours (SGR, ECMA-48) are left out, because programs colour their log lines as a matter of course.
"""

import io
import json
import re
import unicodedata
from typing import TextIO

# Control and direction characters, surrogates, unassigned and private characters, line and paragraph separators.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SUSPECT = re.compile(r"[^ -~]")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_RETURNS_AT_END = re.compile(r"\r+(?=\n|\Z)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
# Weights, underlines and foreground colours: those of `console.styled` and of Terraform. Not concealed, not black, no
# background: none of them hides a text.
_OWN_COLOUR = re.compile(r"(\x1b\[(?:0|1|2|4|22|24|3[1-79]|9[0-7])?(?:;(?:0|1|2|4|22|24|3[1-79]|9[0-7]))*m)")
RESET = "\x1b[0m"


def printable(text: str) -> str:
    """Return a text without colours and with its control characters as escapes; line breaks and tabs stay."""
    if text.isascii() and text.isprintable():  # the usual case
        return text
    return visible(_COLOUR.sub("", _RETURNS_AT_END.sub("", text)), keep="\n\t")


def one_line(text: str) -> str:
    """Return a text as `printable` does, with its line breaks as spaces: for a table, or within a sentence."""
    return " ".join(part.strip() for part in printable(text).split("\n") if part.strip())


def in_colour(text: str) -> str:
    """Return a text as `printable` does, but with its simple colours; they end with the text."""
    if text.isascii() and text.isprintable():
        return text
    # Split by a group: every second part is a colour.
    parts = _OWN_COLOUR.split(text)
    whole = "".join(part if number % 2 else printable(part) for number, part in enumerate(parts))
    return whole if len(parts) == 1 or parts[-2] in {RESET, "\x1b[m"} else whole + RESET


def visible(text: str, keep: str = "") -> str:
    r"""Write invisible characters as ``\n``, ``\u202e``.

    Args:
        text: any text.
        keep: characters to leave unchanged.
    """
    if text.isascii() and text.replace("\n", "").isprintable():  # the usual case
        return text if "\n" in keep else text.replace("\n", "\\n")
    return _SUSPECT.sub(lambda found: _escape(found[0], keep), text)


def json_text(value: object, indent: int | None = None) -> str:
    """Return a value as JSON that is readable in every language and harmless to print; it parses to the same value."""
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    if text.isprintable():  # the usual case of a long one
        return text
    return _SUSPECT.sub(lambda found: json.dumps(found[0])[1:-1] if _is_hidden(found[0]) else found[0], text)


class PrintableStream(io.TextIOBase):
    """Writes to another stream what `printable` makes of each text."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text; returns the length that it had before."""
        self._stream.write(printable(text))
        return len(text)

    def flush(self) -> None:
        """Flush the other stream."""
        self._stream.flush()


def _is_hidden(character: str) -> bool:
    return character != "\n" and unicodedata.category(character) in _INVISIBLE


def _escape(character: str, keep: str) -> str:
    if character in keep or unicodedata.category(character) not in _INVISIBLE:
        return character
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
