"""Recognises words that a generator wrote, not a person."""

import itertools
import math
import re
from collections import Counter
from functools import lru_cache

MIN_LENGTH = 20
"""Shorter words are too short to tell."""

_HEX_LENGTH = 32
_HEX = re.compile(rf"[0-9a-f]{{{_HEX_LENGTH},}}|[0-9A-F]{{{_HEX_LENGTH},}}")
_UUID_OR_ID = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|[a-z]+(?:-[a-z]+)*-[0-9a-f]{8,}"
    r"|A[A-Z]{3}[A-Z0-9]{16,17}|Z[A-Z0-9]{12,31}"
)
_WORD = re.compile(
    r"[a-z]{1,14}\d{0,3}|[A-Z]{1,14}\d{0,3}|(?:[A-Z][a-z]{1,13}){1,4}\d{0,2}|v?\d{1,4}|[a-z]{2,12}(?:[A-Z][a-z]{2,12}){1,3}"
)
_VOWEL = re.compile(r"[aeiouy]", re.IGNORECASE)
_BITS = 3.4
_AWS_SECRET_KEY = 40
_AWS_SECRET_KEY_BITS = 4.2
_TURNS = 0.45
_COMMON = 0.45
# The pairs of letters that are most common in English words and in names of services.
_PAIRS = frozenset(
    [
        "th",
        "he",
        "in",
        "er",
        "an",
        "re",
        "on",
        "at",
        "en",
        "nd",
        "ti",
        "es",
        "or",
        "te",
        "of",
        "ed",
        "is",
        "it",
        "al",
        "ar",
        "st",
        "to",
        "nt",
        "ng",
        "se",
        "ha",
        "as",
        "ou",
        "io",
        "le",
        "ve",
        "co",
        "me",
        "de",
        "hi",
        "ri",
        "ro",
        "ic",
        "ne",
        "ea",
        "ra",
        "ce",
        "li",
        "ch",
        "ll",
        "be",
        "ma",
        "si",
        "om",
        "ur",
        "ca",
        "el",
        "ta",
        "la",
        "ns",
        "di",
        "fo",
        "ho",
        "pe",
        "ec",
        "pr",
        "no",
        "ct",
        "us",
        "ac",
        "ot",
        "il",
        "tr",
        "ly",
        "nc",
        "et",
        "ut",
        "ss",
        "so",
        "rs",
        "un",
        "lo",
        "wa",
        "ge",
        "ie",
        "wh",
        "ee",
        "wi",
        "em",
        "ad",
        "ol",
        "rt",
        "po",
        "we",
        "na",
        "ul",
        "ni",
        "ts",
        "mo",
        "ow",
        "pa",
        "im",
        "mi",
        "ai",
        "sh",
        "ir",
        "su",
        "id",
        "os",
        "iv",
        "ia",
        "am",
        "fi",
        "ci",
        "vi",
        "pl",
        "ig",
        "tu",
        "ev",
        "ld",
        "ry",
        "mp",
        "fe",
        "bl",
        "ab",
        "gh",
        "ty",
        "op",
        "wo",
        "sa",
        "ay",
        "ex",
        "ke",
        "fr",
        "oo",
        "av",
        "ag",
        "if",
        "ap",
        "gr",
        "od",
        "bo",
        "sp",
        "rd",
        "do",
        "uc",
        "bu",
        "ei",
        "ov",
        "by",
        "rm",
        "ep",
        "tt",
        "oc",
        "fa",
        "ef",
        "cu",
        "rn",
        "sc",
        "gi",
        "da",
        "yo",
        "cr",
        "cl",
        "du",
        "ga",
        "qu",
        "ue",
        "ff",
        "ba",
        "ey",
        "ls",
        "va",
        "um",
        "pp",
        "ua",
        "up",
        "lu",
        "go",
        "ht",
        "ru",
        "ug",
        "ds",
        "lt",
        "pi",
        "rc",
        "rr",
        "eg",
        "au",
        "ck",
        "ew",
        "mu",
        "br",
        "bi",
        "pt",
    ]
)


def may_be_random(text: str) -> bool:
    """Whether a word of a text may be random: a quick check that most words and paths fail."""
    return len(text) >= _HEX_LENGTH or not (text.islower() or text.isupper())


@lru_cache(maxsize=16384)
def is_random(word: str) -> bool:
    """Whether a word of 20 characters or more is random, not written by people."""
    word = word.rstrip("=")
    if _UUID_OR_ID.fullmatch(word) or is_readable(word):
        return False
    if _HEX.fullmatch(word):
        return len(set(word)) > 8  # not a row of zeros
    kinds = [_kind(letter) for letter in word if letter.isalnum()]
    if len(set(kinds)) < 3:
        return False
    bits = entropy(word)
    if bits < _BITS:
        return False
    if len(word) == _AWS_SECRET_KEY and bits >= _AWS_SECRET_KEY_BITS:
        return True
    # People rarely switch between lower case, upper case and digits, and write pairs of letters that are common.
    turns = sum(left != right for left, right in itertools.pairwise(kinds))
    return turns >= len(kinds) * _TURNS or (turns >= len(kinds) * 0.3 and common_pairs(word) < _COMMON)


def is_readable(part: str) -> bool:
    """Whether a part of a path or a name consists of words and short numbers."""
    return all(
        _WORD.fullmatch(word) and (len(word) < 5 or _VOWEL.search(word)) for word in re.split(r"[-_. ]", part) if word
    )


def common_pairs(word: str) -> float:
    """The share of the pairs of neighbouring letters in a word that are common in English."""
    pairs = [left + right for left, right in itertools.pairwise(word.lower()) if left.isalpha() and right.isalpha()]
    return sum(pair in _PAIRS for pair in pairs) / len(pairs) if pairs else 0.0


def entropy(word: str) -> float:
    """Shannon entropy, in bits per character."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values())


def _kind(letter: str) -> str:
    if letter.islower():
        return "small"
    if letter.isupper():
        return "capital"
    return "digit"
