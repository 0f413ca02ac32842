"""The name that IAM has for a call of AWS: its action and resource, as a policy would write them. Pure.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Where the action is called otherwise than the operation.
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
class Asked:
    """What a call needs the right to."""

    action: str = "the call"
    resource: str = "*"


def asked(service: str, operation: str, parameters: Mapping[str, Any], partition: str, region: str) -> Asked:
    """The right that a call needs.

    Args:
        service: as it signs, such as ``s3`` or ``sagemaker``.
        operation: such as ``HeadBucket``.
        parameters: boto3's.
        partition: such as ``aws``.
        region: where the call goes.
    """
    action = f"{service}:{ACTIONS.get((service, operation), operation)}"
    if service == "s3":
        name = parameters.get("Bucket", "*")
        of_an_object = "Object" in action and not action.endswith("Versions")
        key = parameters.get("Key", "*")
        return Asked(action, f"arn:{partition}:s3:::{name}/{key}" if of_an_object else f"arn:{partition}:s3:::{name}")
    places = {
        "sagemaker": ("TrainingJobName", f"{region}:*:training-job/"),
        "logs": ("logGroupName", f"{region}:*:log-group:"),
        "ecr": ("repositoryName", f"{region}:{parameters.get('registryId', '*')}:repository/"),
        "iam": ("RoleName", ":*:role/"),
    }
    member, place = places.get(service, ("", ""))
    if member not in parameters:
        return Asked(action)
    return Asked(action, f"arn:{partition}:{service}:{place}{parameters[member]}")
