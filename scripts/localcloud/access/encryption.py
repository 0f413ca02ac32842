"""What S3 does with KMS keys for a caller: to write or read an object, the caller must be allowed to use its key.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
"""

from collections.abc import Mapping
from typing import Any

from moto.s3.models import s3_backends
from werkzeug.wrappers import Request

from scripts.core.permissions import Permission, Place
from scripts.localcloud.access.callers import PARTITION
from scripts.localcloud.access.requests import AwsRequest
from scripts.localcloud.environment import ACCOUNT

_SSE, _KEY = "x-amz-server-side-encryption", "x-amz-server-side-encryption-aws-kms-key-id"
# To complete an upload, S3 decrypts its parts.
_WRITES: Mapping[str, tuple[str, ...]] = {
    "CopyObject": ("kms:GenerateDataKey",),
    "CreateMultipartUpload": ("kms:GenerateDataKey", "kms:Decrypt"),
    "PutObject": ("kms:GenerateDataKey",),
}
_READS = ("CopyObject", "GetObject", "UploadPartCopy")


def permissions(asked: AwsRequest, request: Request) -> tuple[Permission, ...]:
    """The permissions of KMS that a call of S3 needs; empty if no key of the account takes part.

    Args:
        asked: the call.
        request: its request.
    """
    operation, parameters = asked.call.operation, asked.parameters
    bucket, name = parameters.get("Bucket", ""), parameters.get("Key", "")
    found: list[Permission] = []
    if operation in _WRITES:
        key = _new_key(request, bucket)
        found += [_permission(action, key, asked.region, f"{bucket}/{name}") for action in _WRITES[operation] if key]
    if operation in _READS:
        source = str(parameters.get("CopySource", f"{bucket}/{name}")).removeprefix("/").partition("?")[0]
        key = _key_of(source)
        found += [_permission("kms:Decrypt", key, asked.region, source)] if key else []
    return tuple(found)


def _permission(action: str, key: str, region: str, source: str) -> Permission:
    place = Place(PARTITION, region, ACCOUNT)
    bucket = source.partition("/")[0]
    arns = tuple(f"arn:{PARTITION}:s3:::{one}" for one in (bucket if _has_bucket_key(bucket) else source,))
    context = {
        "kms:calleraccount": (ACCOUNT,),
        "kms:encryptioncontext:aws:s3:arn": arns,
        "kms:viaservice": (f"s3.{region}.amazonaws.com",),
    }
    return Permission(action, place.key_arn(key), context)


def _new_key(request: Request, bucket: str) -> str:
    """The key with which a new object is encrypted; empty for S3's own keys, which everybody may use."""
    if _SSE in request.headers:
        return request.headers.get(_KEY, "") if request.headers[_SSE].startswith("aws:kms") else ""
    rule = _rule(bucket).get("ApplyServerSideEncryptionByDefault", {})
    return str(rule.get("KMSMasterKeyID") or "") if str(rule.get("SSEAlgorithm")).startswith("aws:kms") else ""


def _key_of(source: str) -> str:
    """The key of an object; empty if it has none, or does not exist."""
    bucket, _, name = source.partition("/")
    found: Any = _bucket(bucket)
    key: Any = found.keys.get(name) if found else None
    return str(key.kms_key_id or "") if key else ""


def _has_bucket_key(bucket: str) -> bool:
    """Whether a bucket uses one data key for many objects: then the key's encryption context names the bucket."""
    return str(_rule(bucket).get("BucketKeyEnabled")).lower() == "true"


def _rule(bucket: str) -> Mapping[str, Any]:
    found: Any = _bucket(bucket)
    return dict(found.encryption["Rule"]) if found and found.encryption else {}


def _bucket(name: str) -> Any:
    return s3_backends[ACCOUNT][PARTITION].buckets.get(name)
