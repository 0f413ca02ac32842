"""The IAM permission that an AWS call needs: action and resource, as in a policy. Pure functions.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The operations whose IAM action has another name.
ACTIONS = {
    ("s3", "CompleteMultipartUpload"): "PutObject",
    ("s3", "CreateMultipartUpload"): "PutObject",
    ("s3", "DeleteObjects"): "DeleteObject",
    ("s3", "HeadBucket"): "ListBucket",
    ("s3", "HeadObject"): "GetObject",
    ("s3", "ListObjectVersions"): "ListBucketVersions",
    ("s3", "ListObjectsV2"): "ListBucket",
    ("s3", "PutBucketEncryption"): "PutEncryptionConfiguration",
    ("s3", "PutPublicAccessBlock"): "PutBucketPublicAccessBlock",
    ("s3", "UploadPart"): "PutObject",
}


@dataclass(frozen=True)
class Permission:
    """An IAM action on a resource."""

    action: str = "the call"
    resource: str = "*"


def required_permission(
    service: str, operation: str, parameters: Mapping[str, Any], partition: str, region: str
) -> Permission:
    """The permission that a call needs.

    Args:
        service: the service's signing name, such as ``s3`` or ``sagemaker``.
        operation: the operation, such as ``HeadBucket``.
        parameters: the parameters of the boto3 call.
        partition: the partition, such as ``aws``.
        region: the region of the call.
    """
    action = f"{service}:{ACTIONS.get((service, operation), operation)}"
    if service == "s3":
        bucket = f"arn:{partition}:s3:::{parameters.get('Bucket', '*')}"
        is_on_object = "Object" in action and not action.endswith("Versions")
        return Permission(action, f"{bucket}/{parameters.get('Key', '*')}" if is_on_object else bucket)
    places = {
        "sagemaker": ("TrainingJobName", f"{region}:*:training-job/"),
        "logs": ("logGroupName", f"{region}:*:log-group:"),
        "ecr": ("repositoryName", f"{region}:{parameters.get('registryId', '*')}:repository/"),
        "iam": ("RoleName", ":*:role/"),
    }
    member, place = places.get(service, ("", ""))
    if member not in parameters:
        return Permission(action)
    return Permission(action, f"arn:{partition}:{service}:{place}{parameters[member]}")
