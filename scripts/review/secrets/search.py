"""Finds secrets in texts, in clear and encoded, in time that hardly grows with the number of secrets.

Every form of every secret becomes a needle. A text is cut into pieces, and is searched only if one of them is a piece
of a needle. Terraform's jsonencode and AWS write the same text in several ways, so the search ignores case.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote, quote_plus

MIN_LENGTH = 4
"""A shorter secret is found only if it is the whole text, because it is part of too many ordinary words."""

_HALF_IS_ENOUGH = 16
_FEW = 16  # so many needles are found faster one by one
_PIECES = ((8, 8), (4, 4), (4, 1))  # length of pieces and distance between their starts; the fewest pieces first


class SecretSearch:
    """Searches texts for all forms of some secrets.

    Args:
        secrets: the texts to find.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._short: set[str] = set()
        self._indexes = [_PieceIndex(size, step) for size, step in _PIECES]
        for secret in secrets:
            if len(secret) < MIN_LENGTH:
                self._short.add(secret)
            else:
                for needle in {form.lower() for form in _forms(secret)}:
                    next(each for each in self._indexes if len(needle) >= each.shortest).add(needle)
        self._indexes = [each for each in self._indexes if each.needles]

    def found_in(self, text: str) -> bool:
        """Whether a text contains a secret in clear or encoded."""
        if text in self._short:
            return True
        if not self._indexes:
            return False
        lowered = text.lower()
        return any(index.found_in(lowered) for index in self._indexes)

    def found_in_lines(self, lines: Sequence[str]) -> bool:
        """Whether a line or several lines together contain a secret."""
        return not self._short.isdisjoint(lines) or self.found_in("\n".join(lines))


class _PieceIndex:
    """Finds needles in texts by pieces of `size` characters that start every `step` characters.

    If a text contains a needle of at least `size + step - 1` characters, one of the text's pieces lies within the
    needle and starts in its first `step` characters. So the index needs few pieces of a needle, and a search few of a
    text.
    """

    def __init__(self, size: int, step: int) -> None:
        self.shortest = size + step - 1
        self._size = size
        self._step = step
        self.needles: set[str] = set()
        self._pieces: set[str] = set()
        self._lengths: dict[str, set[int]] = defaultdict(set)

    def add(self, needle: str) -> None:
        self.needles.add(needle)
        self._pieces.update([needle[at : at + self._size] for at in range(self._step)])
        self._lengths[needle[: self._size]].add(len(needle))

    def found_in(self, text: str) -> bool:
        """Whether one of the needles is in a text."""
        if len(self.needles) <= _FEW:
            return any(map(text.__contains__, self.needles))
        size, places = self._size, range(len(text) - self._size + 1)
        if self._pieces.isdisjoint([text[at : at + size] for at in places[:: self._step]]):
            return False
        for at in places:
            for length in self._lengths.get(text[at : at + size], ()):
                if text[at : at + length] in self.needles:
                    return True
        return False


def _forms(secret: str) -> Iterator[str]:
    """A secret in clear, and its forms in JSON, addresses, queries, hexadecimal and base64 text."""
    yield secret
    for part in {secret.strip(), *_parts(secret)} - {secret}:
        if len(part) >= MIN_LENGTH:
            yield part
    for escaped in _json_forms(secret):
        yield escaped
        yield from _json_forms(escaped)
    raw = secret.encode("utf-8", "surrogatepass")
    for form in (quote(raw, safe=""), quote(raw), quote_plus(raw)):
        if form != secret:
            yield form
    yield raw.hex()
    for shift in range(3):
        form = _base64_core(raw, shift)
        if len(form) >= MIN_LENGTH:
            yield form
            yield form.replace("+", "-").replace("/", "_")


def _parts(secret: str) -> Iterator[str]:
    """Long lines of a text, and the halves of one long word.

    Halves of addresses and paths are left out: all ARNs of an account share their first half.
    """
    if "\n" in secret:
        yield from (line.strip() for line in secret.splitlines() if len(line.strip()) >= _HALF_IS_ENOUGH)
    elif len(secret) >= _HALF_IS_ENOUGH and not any(letter in ":/ ,{" for letter in secret):
        middle = len(secret) // 2
        yield secret[:middle]
        yield secret[middle:]


def _json_forms(text: str) -> set[str]:
    """The forms of a text in a JSON string, as Python, Terraform and others escape it, without the text itself."""
    readable = json.dumps(text, ensure_ascii=False)[1:-1]
    ascii_only = json.dumps(text)[1:-1]
    forms = {readable, ascii_only}
    for form in (readable, ascii_only):
        forms.add(form.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
    return forms - {text}


def _base64_core(raw: bytes, shift: int) -> str:
    """The part of the base64 text that does not depend on its surroundings, `shift` bytes after a multiple of 3."""
    encoded = base64.b64encode(b"\0" * shift + raw).decode()
    whole = (shift + len(raw)) * 8 // 6
    return encoded[-(-shift * 8 // 6) : whole]
