"""Reads the objects of a job inside the server. A channel may have thousands of small ones.

The gate decides about each read as about the same call over HTTP. Most of such a call's time is HTTP, the SDK and moto.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from moto.s3.models import ARCHIVE_STORAGE_CLASSES, FakeKey, s3_backends
from werkzeug.wrappers import Request

from scripts.localcloud.access import callers, context, gate
from scripts.localcloud.access.callers import InvalidKeyError
from scripts.localcloud.access.requests import AwsRequest
from scripts.localcloud.clients import Keys
from scripts.localcloud.environment import ACCOUNT, OWN_CALLS
from scripts.localcloud.faults.operations import Call, Protocol
from scripts.localcloud.s3.blobs import CHUNK, Blob
from scripts.policies.documents import InvalidPolicyError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_GET = Call("s3", "GetObject", Protocol.REST_XML)
_REQUEST = Request({"REQUEST_METHOD": "GET", "REMOTE_ADDR": "127.0.0.1", "HTTP_USER_AGENT": OWN_CALLS})


def read(s3: "S3Client", keys: Keys, bucket: str, key: str) -> Iterable[bytes]:
    """Return an object's bytes in chunks.

    Args:
        s3: a client with these keys. It is asked for what cannot be read here, so that S3's own error is raised.
        keys: the keys of a role's session.
        bucket: the bucket's name.
        key: the object's key.

    Raises:
        ClientError: the role may not read the object, or there is none.
    """
    blob = _blob(keys, s3.meta.region_name, bucket, key)
    return s3.get_object(Bucket=bucket, Key=key)["Body"].iter_chunks(CHUNK) if blob is None else blob.chunks()


def _blob(keys: Keys, region: str, bucket: str, key: str) -> Blob | None:
    """Return an object's bytes; None if GetObject would answer with an error."""
    asked = AwsRequest(_GET, {"Bucket": bucket, "Key": key}, region, keys.access_key, keys.token)
    try:
        caller = callers.find(keys.access_key, keys.token)
        if gate.denial(caller, asked, _REQUEST, context.of_request(caller, asked, _REQUEST)):
            return None
    except (InvalidKeyError, InvalidPolicyError):
        return None
    found = s3_backends[ACCOUNT][callers.PARTITION].buckets.get(bucket)
    stored = found.keys.get(key) if found else None
    if not isinstance(stored, FakeKey) or stored.storage_class in ARCHIVE_STORAGE_CLASSES:
        return None
    blob: Blob = stored.blob
    return blob
