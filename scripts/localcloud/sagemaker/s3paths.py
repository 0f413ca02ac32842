"""Splits and joins S3 URIs, ``s3://bucket/key``."""


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key (or prefix) of an S3 URI."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


def join(uri: str, *parts: str) -> str:
    """Append parts to a URI, with single slashes between them."""
    return "/".join([uri.rstrip("/"), *parts])
