"""What a refusal means that an engine reports while it pushes, and how large what it sent is. Pure.

The messages are the registry's own or of the engine's HTTP client: no code comes with them.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Any


class Meaning(Enum):
    """What a refusal means for what to do next."""

    TOKEN = auto()
    """The token is not taken, or has run out: go on with a new one."""
    CUT = auto()
    """The connection broke, or the registry is busy: again, a little later."""
    TAKEN = auto()
    """The tag is immutable, and there: somebody else has just pushed this tree."""
    NO_REPOSITORY = auto()
    DENIED = auto()
    OTHER = auto()


# In this order: ECR words a token that has run out as a denial, too.
MEANINGS = (
    (Meaning.TAKEN, r"tag.*immutable|already exists in the '.*' repository"),
    (Meaning.TOKEN, r"token has expired|no basic auth credentials|unauthorized|authentication required|\b401\b"),
    (Meaning.NO_REPOSITORY, r"name unknown|repository .*does not exist|repository .*not found"),
    (Meaning.DENIED, r"denied|forbidden|not authorized|\b403\b"),
    (
        Meaning.CUT,
        r"\bEOF\b|connection reset|connection refused|broken pipe|closed network connection|server closed|timeout"
        r"|timed out|deadline exceeded|network is unreachable|no route to host|no such host|name resolution"
        r"|toomanyrequests|too many requests|\b429\b|\b50[0234]\b|unexpected HTTP status: 5",
    ),
)


def meaning(message: str) -> Meaning:
    """What a push's error means."""
    for found, pattern in MEANINGS:
        if re.search(pattern, message, re.IGNORECASE):
            return found
    return Meaning.OTHER


def compressed(manifest: Mapping[str, Any], diff_ids: Iterable[str]) -> dict[str, int]:
    """The size of each layer as the repository keeps it, by the ids that an engine may show it with.

    Args:
        manifest: the image's.
        diff_ids: the digests of its layers as they are unpacked, in the manifest's order.

    Returns:
        Twice as many entries as layers: engines call a layer by what it is unpacked, or packed.
    """
    sizes: dict[str, int] = {}
    for layer, unpacked in zip(manifest["layers"], diff_ids, strict=False):
        for name in (unpacked, layer["digest"]):
            sizes[name.removeprefix("sha256:")[:12]] = layer["size"]
    return sizes
