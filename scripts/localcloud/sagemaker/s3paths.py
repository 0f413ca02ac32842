"""``s3://bucket/key`` taken apart and put together."""


def split(uri: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of an S3 URI."""
    bucket, _, key = uri.partition("://")[2].partition("/")
    return bucket, key


def join(uri: str, *parts: str) -> str:
    """A URI further down, with single slashes between."""
    return "/".join([uri.rstrip("/"), *parts])
