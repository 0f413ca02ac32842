"""Classifies the error messages of a push, and reads the compressed sizes of an image's layers. Pure.

The messages come from the registry or from the engine's HTTP client, without an error code:
https://docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors-docker.html
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Any


class PushError(Enum):
    """Why a push failed."""

    BAD_TOKEN = auto()
    """The registry refuses the token, or it has expired: try again with a new one."""
    DISCONNECTED = auto()
    """The connection broke, or the registry is busy: try again a little later."""
    TAG_EXISTS = auto()
    """The tag is immutable and exists: somebody else has just pushed the same tree."""
    NO_REPOSITORY = auto()
    DENIED = auto()
    OTHER = auto()


# The order matters: ECR's message about an expired token also contains "denied".
PATTERNS = (
    (PushError.TAG_EXISTS, r"tag.*immutable|already exists in the '.*' repository"),
    (PushError.BAD_TOKEN, r"token has expired|no basic auth credentials|unauthorized|authentication required|\b401\b"),
    (PushError.NO_REPOSITORY, r"name unknown|repository .*does not exist|repository .*not found"),
    (PushError.DENIED, r"denied|forbidden|not authorized|\b403\b"),
    (
        PushError.DISCONNECTED,
        r"\bEOF\b|connection reset|connection refused|broken pipe|closed network connection|server closed|timeout"
        r"|timed out|deadline exceeded|network is unreachable|no route to host|no such host|name resolution"
        r"|toomanyrequests|too many requests|\b429\b|\b50[0234]\b|unexpected HTTP status: 5",
    ),
)


def classify(message: str) -> PushError:
    """The kind of a push's error message."""
    for kind, pattern in PATTERNS:
        if re.search(pattern, message, re.IGNORECASE):
            return kind
    return PushError.OTHER


def compressed_sizes(manifest: Mapping[str, Any], diff_ids: Iterable[str]) -> dict[str, int]:
    """The compressed size of each layer, by the ids that an engine may show for it.

    Args:
        manifest: the image's manifest.
        diff_ids: the digests of its unpacked layers, in the manifest's order.

    Returns:
        Two entries for each layer, because some engines show the unpacked layer's id and some the packed layer's.
    """
    sizes: dict[str, int] = {}
    for layer, unpacked in zip(manifest["layers"], diff_ids, strict=False):
        for name in (unpacked, layer["digest"]):
            sizes[name.removeprefix("sha256:")[:12]] = layer["size"]
    return sizes
