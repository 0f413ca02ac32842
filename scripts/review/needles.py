"""Finds secrets in texts, in clear and encoded, in time that hardly grows with their number.

Every form of every secret becomes a needle. A text is cut into all its pieces of a needle's first few characters; only
where one of them is known is a needle compared. Terraform's jsonencode and AWS write the same text in several ways, so
case is not looked at: an encoding in other letters is found as well.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""Secrets shorter than this are found only where they are the whole text: they are part of half the words there are."""

_HALVED = 16
_BEGINNINGS = (4, 12)
_SLICES = {size: tuple(slice(at, at + size) for at in range(2048)) for size in _BEGINNINGS}


class Needles:
    """The forms of secrets, ready to be looked for.

    Args:
        secrets: the texts to find.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._short: set[str] = set()
        self._needles: set[str] = set()
        for secret in secrets:
            if len(secret) < SHORTEST:
                self._short.add(secret)
            else:
                self._needles.update(form.lower() for form in _forms(secret))
        self._lengths: dict[int, dict[str, set[int]]] = {size: defaultdict(set) for size in _BEGINNINGS}
        for needle in self._needles:
            size = max((each for each in _BEGINNINGS if each <= len(needle)), default=0)
            if size:
                self._lengths[size][needle[:size]].add(len(needle))

    def within(self, text: str) -> bool:
        """Whether a text is, holds, or holds an encoding of, a secret."""
        if text in self._short:
            return True
        if not self._needles:
            return False
        small = text.lower()
        return any(self._found(small, size, self._lengths[size]) for size in _BEGINNINGS)

    def _found(self, text: str, size: int, known: dict[str, set[int]]) -> bool:
        places = len(text) - size + 1
        if places <= 0 or not known:
            return False
        slices = _SLICES[size]
        cuts: Iterable[slice] = (
            slices[:places] if places <= len(slices) else (slice(at, at + size) for at in range(places))
        )
        if known.keys().isdisjoint(map(text.__getitem__, cuts)):
            return False
        for at in range(places):
            for length in known.get(text[at : at + size], ()):
                if text[at : at + length] in self._needles:
                    return True
        return False


def _forms(secret: str) -> Iterator[str]:
    """A secret in clear and as it looks inside of JSON, an address, a query, hexadecimal and base64 text."""
    yield secret
    for part in {secret.strip(), *_parts(secret)} - {secret}:
        if len(part) >= SHORTEST:
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
        if len(form) >= SHORTEST:
            yield form
            yield form.replace("+", "-").replace("/", "_")


def _parts(secret: str) -> Iterator[str]:
    """Lines of a long text that say enough by themselves, and the halves of one long word.

    Halves of addresses and paths are left out: the first half of an ARN is that of every ARN in the account.
    """
    if "\n" in secret:
        yield from (line.strip() for line in secret.splitlines() if len(line.strip()) >= _HALVED)
    elif len(secret) >= _HALVED and not any(letter in ":/ ,{" for letter in secret):
        middle = len(secret) // 2
        yield secret[:middle]
        yield secret[middle:]


def _json_forms(text: str) -> set[str]:
    """A text inside of a JSON string, as Python, Terraform and others escape it; without the text itself."""
    readable = json.dumps(text, ensure_ascii=False)[1:-1]
    ascii_only = json.dumps(text)[1:-1]
    forms = {readable, ascii_only}
    for form in (readable, ascii_only):
        forms.add(form.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
    return forms - {text}


def _base64_core(raw: bytes, shift: int) -> str:
    """The part of the base64 text that stays the same whatever stands around, `shift` bytes after a multiple of 3."""
    encoded = base64.b64encode(b"\0" * shift + raw).decode()
    whole = (shift + len(raw)) * 8 // 6
    return encoded[-(-shift * 8 // 6) : whole]
