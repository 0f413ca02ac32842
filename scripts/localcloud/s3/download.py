"""GetObject's response: a whole object, a range of it, or one of its parts.

https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
"""

import re
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Response

from scripts.localcloud.s3.errors import S3Error
from scripts.localcloud.s3.keys import StoredObject

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def download(head: Response, stored: StoredObject, environ: Mapping[str, Any], part: int | None) -> Response:
    """Return a response with an object's bytes.

    Args:
        head: moto's response, which lacks the bytes.
        stored: the object.
        environ: the request.
        part: the request's partNumber, or None.

    Raises:
        S3Error: InvalidRange, InvalidPartNumber.
    """
    whole = stored.blob
    bounds = _part_range(stored, part) if part else _requested_range(environ, head, whole.size)
    blob = whole if bounds is None else whole.cut(*bounds)
    response = Response(blob.chunks(), head.status, head.headers, direct_passthrough=True)
    response.headers["Content-Length"] = str(blob.size)
    if bounds:
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {bounds[0]}-{bounds[1] - 1}/{whole.size}"
        if blob.size < whole.size:
            # These are checksums of the whole object, and callers would compare them with the part that they get.
            for name in [name for name, _ in response.headers if name.lower().startswith("x-amz-checksum-")]:
                del response.headers[name]
        if part and stored.key.multipart:
            response.headers["x-amz-mp-parts-count"] = str(len(stored.key.multipart.partlist))
    return response


def byte_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte of a Range header and the one after its last. None means all bytes.

    A header with several ranges or of another form gets all bytes, too.

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


def _requested_range(environ: Mapping[str, Any], head: Response, size: int) -> tuple[int, int] | None:
    header = environ.get("HTTP_RANGE", "")
    condition = environ.get("HTTP_IF_RANGE")
    if condition is not None and condition not in (head.headers.get("ETag"), head.headers.get("Last-Modified")):
        return None
    return byte_range(header, size)


def _part_range(stored: StoredObject, number: int) -> tuple[int, int]:
    upload = stored.key.multipart
    sizes = [upload.parts[name].contentsize for name in upload.partlist] if upload else [stored.blob.size]
    if number > len(sizes):
        raise S3Error("InvalidPartNumber", "The requested partnumber is not satisfiable", 416)
    start = sum(sizes[: number - 1])
    return start, start + sizes[number - 1]
