"""Finds what looks like a secret in a text although nobody marked it: by name, by format, by randomness.

This is a heuristic that prefers to mask too much: a value masked by mistake costs one look into the configuration.
"""

import re
from collections.abc import Iterable

from . import formats
from .assignments import assigned_secrets
from .lines import Span, line_by_line
from .names import is_public_name
from .randomness import MIN_LENGTH, is_random, is_readable, may_be_random

_WORD = re.compile(r"[A-Za-z0-9+/_-]{20,}={0,2}")
_PART = re.compile(r"[A-Za-z0-9+_-]{20,}={0,2}")
_PATH_PART = 4  # shorter parts of a random word may be readable by chance
_PUBLIC_TEXTS = ("arn:", "ssh-", "ecdsa-", "-----BEGIN CERTIFICATE", "-----BEGIN PUBLIC")
# What stands before a public random word: a label, a program that checks it, a reference to a commit.
_LABEL = re.compile(
    r"(?:(?:name|key)[\"']?[ \t]?[:=][ \t]?[\"']?(?P<pair>[\w.-]{2,80})[\"']?,?\s{1,20}[\"']?value[\"']?[ \t]{0,4}[:=]"
    r"|\bENV[ \t](?P<word>[\w.-]{2,80})|(?P<name>[A-Za-z_][\w.-]{0,80})[\"'\]]{0,3}[ \t]{0,4}(?::=|=>|==|=|:))"
    r"[ \t]{0,4}[\"'\[]{0,2}$"
)
_PUBLIC_BEFORE = re.compile(
    r"(?i:(?:sha(?:1|256|384|512)|md5)(?:[:=-]|sums?\b)|CanonicalUser|checksum|digest|commit|checkout|revision|fingerprint"
    r"|ssh-(?:rsa|ed25519|dss)[ \t]|ecdsa-sha2-\S+[ \t]|@sha256:|\?ref=|/commit/|/tree/|/blob/|/archive/|/\+/|@$)"
)
_PUBLIC_AFTER = re.compile(r"[ \t]+\*?[\w./-]+[\"']?[ \t]*\|[ \t]*(?:sha\d+|md5)sum|[ \t]{2}\*?[\w./-]+\.\w{2,4}\b")
_NEAR = 100


def secret_spans(text: str, name: str = "") -> list[Span]:
    """The places in a text that look like a secret, sorted and without overlaps.

    Args:
        text: the text.
        name: its name, which distinguishes hashes and ids from keys; empty if unknown.
    """
    found = named_spans(text)
    if len(text) >= MIN_LENGTH and not text.startswith(_PUBLIC_TEXTS) and not is_public_name(name):
        found += [place for place in _random_words(text) if not _is_public(text, *place)]
    return _merged(found) if found else found


def named_spans(text: str) -> list[Span]:
    """The places in a text that are secrets by their name or their format, sorted and without overlaps."""
    return _merged([*formats.found_in(text), *assigned_secrets(text)])


def secret_by_content(text: str, name: str = "") -> bool:
    """Whether a text looks like a secret or contains one.

    Args:
        text: the text.
        name: its name; empty if unknown.
    """
    return bool(secret_spans(text, name))


@line_by_line
def _random_words(line: str) -> tuple[Span, ...]:
    """The random words of a line, and the random parts of its addresses and paths."""
    return tuple(
        place.span()
        for word in _WORD.finditer(line)
        if may_be_random(word[0])
        for place in ([word] if "/" not in word[0] or _is_one_key(word[0]) else _PART.finditer(line, *word.span()))
        if is_random(place[0])
    )


def _is_one_key(word: str) -> bool:
    """Whether a word with slashes is a key in base64, and no path."""
    parts = word.rstrip("=").split("/")
    return not any(len(part) >= _PATH_PART and is_readable(part) for part in parts) and is_random(word)


def _is_public(text: str, start: int, end: int) -> bool:
    """Whether a random word is a hash or an id, by what is around it on its line."""
    label = _LABEL.search(text, max(start - _NEAR, 0), start)
    if label and is_public_name(label["pair"] or label["word"] or label["name"]):
        return True
    line = max(text.rfind("\n", 0, start) + 1, start - _NEAR)
    return bool(_PUBLIC_BEFORE.search(text, line, start) or _PUBLIC_AFTER.match(text, end, end + _NEAR))


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, with those that overlap or touch as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged
