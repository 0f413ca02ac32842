"""Recognises values that look like secrets although nobody marked them sensitive: by name, shape or randomness.

This is a heuristic that prefers to mask too much: a value masked by mistake costs one look into the configuration.
"""

import itertools
import math
import re
from collections import Counter
from functools import lru_cache

# Endings of names whose value is a secret, and suffixes for the encoding of the same secret.
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:password|passwd|passphrase|pwd|secret|token|credentials?|connection_?string|dsn|jwt|bearer"
    r"|(?:api|private|secret|access|signing|encryption|master|shared|pre_?shared|account|auth|license|session)_?key"
    r"|secret_string|secret_binary)"
    r"(?:_(?:plaintext|plain|base64|b64|encrypted|pem|der|json|value|hash|old|new|current|previous|wo))*_?\d*$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
# A reference to a secret is not a secret: it only tells where the secret is stored.
_REFERENCE = re.compile(r"arn:|alias/|ssm:|/aws/|\{\{resolve:|\$\{|https?://[^@]*$", re.IGNORECASE)

# Names of values that look random but are public.
_PUBLIC_NAME = re.compile(
    r"(?:^|_)(?:arns?|ids?|etag|sha\d*|sha1sum|md5|crc\w+|hash|checksum|digest|fingerprint|thumbprints?|thumbprint_list"
    r"|version|revision|commit|image|image_uri|image_tag|serial|serial_number|public_key|certificate|certificate_body"
    r"|certificate_chain|ca_data|marker|name|name_prefix|domain|endpoint|hostname|dns_name|uri|url|bucket|key_name"
    r"|path|role|policy|user|group|filter|pattern|resources?|identifiers?|principals?|actions?|description|json)$"
)

# A cheap first check: every shape below contains one of these. Texts under 16 characters can contain only the first
# two.
_MARKERS = (
    "=", "://", "AKIA", "ASIA", "-----BEGIN", "eyJ", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-",
    "xox", "sk_live_", "rk_live_", "sk-", "AIza", "SG.", "hf_", "npm_", "earer ",
)  # fmt: skip
_SHAPE = re.compile(
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\."
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeoprs]-[\w-]{10,}"
    r"|\b[sr]k_live_\w{16,}|\bsk-[\w-]{20,}|\bAIza[\w-]{35}|\bSG\.[\w-]{16,}\.|\bhf_\w{30,}|\bnpm_\w{30,}"
    r"|://[^/\s:@]*:[^/\s@]+@"
    r"|(?i:\bbearer [\w.~+/-]{16,}=*)"
    r"|(?i:\b(?:password|passwd|pwd|secret|token|accountkey|apikey|api_key|sharedaccesskey)=[^\s;&,]{4,})"
)
_WORD = re.compile(r"[A-Za-z0-9+/_=-]{20,}")
_HEX = re.compile(r"[0-9a-f]{32,}|[0-9A-F]{32,}")
_UUID_OR_ID = re.compile(
    r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|[a-z]+(?:-[a-z]+)*-[0-9a-f]{8,}"
    r"|A[A-Z]{3}[A-Z0-9]{16,17}|Z[A-Z0-9]{12,31}"
)
_HASH = re.compile(r"\bsha(?:1|256|384|512)[:-][A-Za-z0-9+/=]+")
_MIN_SHAPE = 16
_MIN_RANDOM = 20
_RANDOM_BITS = 3.4
_AWS_SECRET_KEY = 40
_AWS_SECRET_KEY_BITS = 4.4


@lru_cache(maxsize=8192)
def secret_by_name(name: str) -> bool:
    """Whether a name is a secret's: `DB_PASSWORD`, `apiKey`, `auth_token`; not `token_ttl`, `secret_arn`."""
    words = _CAMEL.sub("_", name).strip("_").lower()
    return _SECRET_NAME.search(words) is not None


def secret_by_content(text: str, name: str = "") -> bool:
    """Whether a text looks like a secret.

    Args:
        text: the text.
        name: its name, which distinguishes hashes and ids from keys; empty if unknown.
    """
    short = len(text) < _MIN_SHAPE
    if any(map(text.__contains__, _MARKERS[:2] if short else _MARKERS)) and _SHAPE.search(text):
        return True
    if len(text) < _MIN_RANDOM or text.startswith(("arn:", "ssh-", "-----BEGIN CERTIFICATE", "-----BEGIN PUBLIC")):
        return False
    words = _WORD.findall(text)
    return bool(words) and not is_public_name(name) and any(_is_random(each) for each in _split(text, words))


def is_secret_reference(text: str) -> bool:
    """Whether a text only refers to the place where a secret is stored."""
    return _REFERENCE.match(text) is not None


@lru_cache(maxsize=8192)
def is_public_name(name: str) -> bool:
    """Whether a value with this name may look random without being a secret: an id, a hash, a name."""
    return _PUBLIC_NAME.search(_CAMEL.sub("_", name).strip("_").lower()) is not None


def _split(text: str, words: list[str]) -> list[str]:
    """The words that may be random: without labelled hashes, and the parts of addresses and paths."""
    if _HASH.search(text):
        words = _WORD.findall(_HASH.sub("", text))
    parts = [part for word in words for part in word.split("/") if len(part) >= _MIN_RANDOM]
    return parts + [word for word in words if len(word) == _AWS_SECRET_KEY and "://" not in text]


def _is_random(word: str) -> bool:
    """Whether a word of 20 characters or more is random, not written by people."""
    if _UUID_OR_ID.fullmatch(word):
        return False
    if _HEX.fullmatch(word):
        return len(set(word)) > 8  # not a row of zeros
    kinds = [_kind(letter) for letter in word if letter.isalnum()]
    if len(set(kinds)) < 3:
        return False
    # Human words rarely switch between lower case, upper case and digits; random ones do at every second character.
    turns = sum(left != right for left, right in itertools.pairwise(kinds))
    if len(word) == _AWS_SECRET_KEY and word[0] != "/" and _entropy(word) >= _AWS_SECRET_KEY_BITS:
        return True
    return turns >= len(kinds) * 0.45 and _entropy(word) >= _RANDOM_BITS


def _kind(letter: str) -> str:
    if letter.islower():
        return "small"
    if letter.isupper():
        return "capital"
    return "digit"


def _entropy(word: str) -> float:
    """Shannon entropy, in bits per character."""
    return -sum(count / len(word) * math.log2(count / len(word)) for count in Counter(word).values())
