"""Tells by a name whether what it names is likely a secret."""

import re

_SECRET = re.compile(
    r"(?:^|[_\-./])(?:password|passwd|pwd|passphrase|secret|token|api_?key|access_?key|private_?key|credentials?|auth)"
    r"(?:$|[_\-./])",
    re.IGNORECASE,
)
_HARMLESS = re.compile(r"(?:arn|id|name|url|uri|path|ttl|expiry|length|policy|type|version)$", re.IGNORECASE)


def secret_name(name: str) -> bool:
    """Whether a variable or parameter of this name likely holds a secret: `DB_PASSWORD` yes, `SECRET_ARN` no."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return _SECRET.search(spaced) is not None and _HARMLESS.search(spaced) is None
