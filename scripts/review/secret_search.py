"""Finds secrets in texts, in clear and encoded, in time that hardly grows with their number.

Every form of every secret becomes a needle. A text is cut into pieces; only where one of them is a piece of a needle is
the text looked through. Terraform's jsonencode and AWS write the same text in several ways, so case is not looked at:
an encoding in other letters is found as well.
"""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

SHORTEST = 4
"""Secrets shorter than this are found only where they are the whole text: they are part of half the words there are."""

_HALVED = 16
_CUTS = ((8, 8), (4, 4), (4, 1))  # how long pieces are, and how far apart they begin: the fewest pieces first


class Needles:
    """The forms of secrets, ready to be looked for.

    Args:
        secrets: the texts to find.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._short: set[str] = set()
        self._sieves = [_Sieve(size, step) for size, step in _CUTS]
        for secret in secrets:
            if len(secret) < SHORTEST:
                self._short.add(secret)
            else:
                for needle in {form.lower() for form in _forms(secret)}:
                    next(each for each in self._sieves if len(needle) >= each.shortest).add(needle)

    def within(self, text: str) -> bool:
        """Whether a text is, holds, or holds an encoding of, a secret."""
        if text in self._short:
            return True
        small = text.lower()
        return any(sieve.holds_back(small) for sieve in self._sieves)


class _Sieve:
    """Finds needles in texts that are cut into pieces of `size` characters, `step` characters from one to the next.

    Wherever in a text a needle of `size + step - 1` characters or more stands, one of the text's pieces lies wholly
    within it, and begins in the needle before `step`. So few pieces of a needle need be known, and few of a text made.
    """

    def __init__(self, size: int, step: int) -> None:
        self.shortest = size + step - 1
        self._size = size
        self._step = step
        self._needles: set[str] = set()
        self._pieces: set[str] = set()
        self._lengths: dict[str, set[int]] = defaultdict(set)

    def add(self, needle: str) -> None:
        self._needles.add(needle)
        self._pieces.update([needle[at : at + self._size] for at in range(self._step)])
        self._lengths[needle[: self._size]].add(len(needle))

    def holds_back(self, text: str) -> bool:
        """Whether one of the needles is in a text."""
        if not self._needles:
            return False
        size, places = self._size, range(len(text) - self._size + 1)
        if self._pieces.isdisjoint([text[at : at + size] for at in places[:: self._step]]):
            return False
        for at in places:
            for length in self._lengths.get(text[at : at + size], ()):
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
