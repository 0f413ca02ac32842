"""GetObject's answer: the whole of an object, a range of it, or one of its parts.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

import re
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from scripts.localcloud.s3.errors import S3Error
from scripts.localcloud.s3.keys import Taken

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def download(head: Response, taken: Taken, environ: Mapping[str, Any], part: int | None) -> Response:
    """An answer with bytes in it.

    Args:
        head: moto's answer, without them.
        taken: the key and its bytes.
        environ: the request.
        part: partNumber, where one was asked for.

    Raises:
        S3Error: InvalidRange, InvalidPartNumber.
    """
    whole = taken.blob
    bounds = _part(taken, part) if part else _wanted(environ, head, whole.size)
    blob = whole if bounds is None else whole.cut(*bounds)
    response = Response(blob.chunks(), head.status, head.headers, direct_passthrough=True)
    response.headers["Content-Length"] = str(blob.size)
    if bounds:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {bounds[0]}-{bounds[1] - 1}/{whole.size}"
        if blob.size < whole.size:
            # A checksum is of all the bytes, and callers hold what they get against it.
            for name in [name for name, _ in response.headers if name.lower().startswith("x-amz-checksum-")]:
                del response.headers[name]
        if part and taken.key.multipart:
            response.headers["x-amz-mp-parts-count"] = str(len(taken.key.multipart.partlist))
    return response


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """The bytes, from and up to, that a Range header means; None for all, which several ranges get too.

    Raises:
        S3Error: InvalidRange.
    """
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return None
    if start >= stop:
        raise S3Error("InvalidRange", "The requested range is not satisfiable", 416)
    return start, stop


def _wanted(environ: Mapping[str, Any], head: Response, size: int) -> tuple[int, int] | None:
    header = environ.get("HTTP_RANGE", "")
    unless = environ.get("HTTP_IF_RANGE")
    if unless is not None and unless not in (head.headers.get("ETag"), head.headers.get("Last-Modified")):
        return None
    return byte_range(header, size)


def _part(taken: Taken, number: int) -> tuple[int, int]:
    upload = taken.key.multipart
    sizes = [upload.parts[name].contentsize for name in upload.partlist] if upload else [taken.blob.size]
    if number > len(sizes):
        raise S3Error("InvalidPartNumber", "The requested partnumber is not satisfiable", 416)
    start = sum(sizes[: number - 1])
    return start, start + sizes[number - 1]
