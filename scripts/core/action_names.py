"""The names of the IAM actions that an AWS call needs, where they are not the operation's own.

An operation that is not in the table needs the action of its own name.
"""

from collections.abc import Mapping
from typing import Any

# The operations whose IAM actions have other names. Operations in one row need all its actions.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
ACTIONS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("s3", "CompleteMultipartUpload"): ("PutObject",),
    ("s3", "CopyObject"): ("PutObject",),
    ("s3", "CreateMultipartUpload"): ("PutObject",),
    ("s3", "DeleteBucketCors"): ("PutBucketCORS",),
    ("s3", "DeleteBucketEncryption"): ("PutEncryptionConfiguration",),
    ("s3", "DeleteBucketLifecycle"): ("PutLifecycleConfiguration",),
    ("s3", "DeleteBucketOwnershipControls"): ("PutBucketOwnershipControls",),
    ("s3", "DeleteBucketReplication"): ("PutReplicationConfiguration",),
    ("s3", "DeleteBucketTagging"): ("PutBucketTagging",),
    ("s3", "DeletePublicAccessBlock"): ("PutBucketPublicAccessBlock",),
    ("s3", "GetBucketAccelerateConfiguration"): ("GetAccelerateConfiguration",),
    ("s3", "GetBucketCors"): ("GetBucketCORS",),
    ("s3", "GetBucketEncryption"): ("GetEncryptionConfiguration",),
    ("s3", "GetBucketLifecycleConfiguration"): ("GetLifecycleConfiguration",),
    ("s3", "GetBucketNotificationConfiguration"): ("GetBucketNotification",),
    ("s3", "GetBucketReplication"): ("GetReplicationConfiguration",),
    ("s3", "GetObjectAttributes"): ("GetObject", "GetObjectAttributes"),
    ("s3", "GetObjectLockConfiguration"): ("GetBucketObjectLockConfiguration",),
    ("s3", "GetPublicAccessBlock"): ("GetBucketPublicAccessBlock",),
    ("s3", "HeadBucket"): ("ListBucket",),
    ("s3", "HeadObject"): ("GetObject",),
    ("s3", "ListBuckets"): ("ListAllMyBuckets",),
    ("s3", "ListMultipartUploads"): ("ListBucketMultipartUploads",),
    ("s3", "ListObjects"): ("ListBucket",),
    ("s3", "ListObjectsV2"): ("ListBucket",),
    ("s3", "ListObjectVersions"): ("ListBucketVersions",),
    ("s3", "ListParts"): ("ListMultipartUploadParts",),
    ("s3", "PutBucketAccelerateConfiguration"): ("PutAccelerateConfiguration",),
    ("s3", "PutBucketCors"): ("PutBucketCORS",),
    ("s3", "PutBucketEncryption"): ("PutEncryptionConfiguration",),
    ("s3", "PutBucketLifecycleConfiguration"): ("PutLifecycleConfiguration",),
    ("s3", "PutBucketNotificationConfiguration"): ("PutBucketNotification",),
    ("s3", "PutBucketReplication"): ("PutReplicationConfiguration",),
    ("s3", "PutObjectLockConfiguration"): ("PutBucketObjectLockConfiguration",),
    ("s3", "PutPublicAccessBlock"): ("PutBucketPublicAccessBlock",),
    ("s3", "UploadPart"): ("PutObject",),
    ("s3", "UploadPartCopy"): ("PutObject",),
    # What docker's requests need: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
    ("registry", "GetBlob"): ("GetDownloadUrlForLayer",),
    ("registry", "GetManifest"): ("BatchGetImage",),
    ("registry", "GetTag"): ("ListImages",),
    ("registry", "GetUpload"): ("UploadLayerPart",),
    ("registry", "HeadBlob"): ("BatchCheckLayerAvailability",),
    ("registry", "HeadManifest"): ("BatchGetImage",),
    ("registry", "PatchUpload"): ("UploadLayerPart",),
    ("registry", "PostUpload"): ("InitiateLayerUpload",),
    ("registry", "PutManifest"): ("PutImage",),
    ("registry", "PutUpload"): ("CompleteLayerUpload",),
}
# Their actions have a "Version" in the name if the call names a version of the object.
_OF_VERSIONS = {
    name: name.replace("Object", "ObjectVersion")
    for name in (
        *("DeleteObject", "DeleteObjectTagging", "GetObject", "GetObjectAcl", "GetObjectAttributes"),
        *("GetObjectTagging", "PutObjectAcl", "PutObjectTagging"),
    )
}
# The prefix of actions, where it is not the name in signatures.
PREFIXES = {"monitoring": "cloudwatch", "registry": "ecr"}


def versioned(name: str, parameters: Mapping[str, Any]) -> str:
    """The action of S3 on an object, or on its version if the call names one.

    Args:
        name: such as ``GetObject``.
        parameters: those of the call.
    """
    return _OF_VERSIONS.get(name, name) if parameters.get("VersionId") else name
