"""The IAM permissions that an AWS call needs: actions and resources, as in a policy. Pure functions.

The messages of refused calls use it, and the local cloud decides each call by it. An operation that is not in the
tables needs the action of its own name, on the ARN that it names or on `*`.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from scripts.core import network_permissions
from scripts.core.action_names import ACTIONS, PREFIXES, versioned

# https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html: it cannot be denied.
FREE = {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken"), ("registry", "GetVersion")}
SAGEMAKER = "sagemaker.amazonaws.com"


@dataclass(frozen=True)
class Permission:
    """An IAM action on a resource.

    Attributes:
        action: such as `s3:GetObject`.
        resource: its ARN, or `*`.
        context: condition keys of this action alone, in lower case, and their values.
    """

    action: str = "the call"
    resource: str = "*"
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Place:
    """Where a call is made: the partition, the region and the account, `*` if it is not known."""

    partition: str = "aws"
    region: str = "us-east-1"
    account: str = "*"

    def arn(self, service: str, resource: str, region: str | None = None) -> str:
        """The ARN of a resource of the account, in the place's region or in another one (empty for IAM)."""
        where = self.region if region is None else region
        return f"arn:{self.partition}:{service}:{where}:{self.account}:{resource}"

    def session_arn(self, role_arn: str, session: str) -> str:
        """The ARN of a role's session, which has the role's name without its path.

        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-arns
        """
        return self.arn("sts", f"assumed-role/{role_arn.rpartition('/')[2]}/{session}", region="")

    def key_arn(self, key: str) -> str:
        """The ARN of a KMS key or alias, which a request may name by its ARN, its ID or its alias.

        https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#key-id
        """
        if key.startswith("arn:"):
            return key
        return self.arn("kms", key if key.startswith("alias/") else f"key/{key}")


def required_permissions(
    service: str, operation: str, parameters: Mapping[str, Any], place: Place
) -> tuple[Permission, ...]:
    """The permissions that a call needs, all of them; the first is the one of its own name.

    Args:
        service: the service's signing name, such as ``s3`` or ``sagemaker``; ``registry`` for docker's requests.
        operation: the operation, such as ``HeadBucket``.
        parameters: the parameters of the boto3 call.
        place: where it is made.

    Returns:
        The permissions; empty for a call that everybody may make.
    """
    if (service, operation) in FREE:
        return ()
    prefix = PREFIXES.get(service, service)
    names = ACTIONS.get((service, operation), (operation,))
    resources = _RESOURCES.get(prefix, _plain)
    if (service, operation) == ("s3", "DeleteObjects"):
        return _of_deletion(parameters, place)
    found = [
        Permission(f"{prefix}:{versioned(name, parameters) if prefix == 's3' else name}", arn)
        for arn in resources(operation, parameters, place)
        for name in names
    ]
    if prefix == "ec2":
        found += _of_network_tags(operation, parameters, place)
    return (*found, *_MORE.get((service, operation), _nothing)(parameters, place))


def _of_deletion(parameters: Mapping[str, Any], place: Place) -> tuple[Permission, ...]:
    """Each object of a DeleteObjects, or all of the bucket if the call names none."""
    listed = parameters.get("Delete", {}).get("Objects") or [{"Key": "*"}]
    bucket = _s3("DeleteObjects", parameters, place)[0]
    return tuple(Permission(f"s3:{versioned('DeleteObject', entry)}", f"{bucket}/{entry['Key']}") for entry in listed)


def _s3(operation: str, parameters: Mapping[str, Any], place: Place) -> list[str]:
    if operation == "ListBuckets":
        return ["*"]
    bucket = f"arn:{place.partition}:s3:::{parameters.get('Bucket', '*')}"
    return [f"{bucket}/{parameters['Key']}" if "Key" in parameters else bucket]


# The resource of an IAM operation, by the member that names it.
_OF_IAM = {
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
    "InstanceProfileName": "instance-profile",
    "PolicyName": "policy",
}


def _iam(operation: str, parameters: Mapping[str, Any], place: Place) -> list[str]:
    for member in ("PolicySourceArn", "PolicyArn"):  # a policy that is attached to something comes second
        if member in parameters and not operation.startswith(("Attach", "Detach")):
            return [parameters[member]]
    path = parameters.get("Path", "/") if operation.startswith("Create") else "/"
    for member, kind in _OF_IAM.items():
        if member in parameters:
            return [place.arn("iam", f"{kind}{path}{parameters[member]}", region="")]
    return ["*"]


def _ecr(_: str, parameters: Mapping[str, Any], place: Place) -> list[str]:
    owner = Place(place.partition, place.region, parameters.get("registryId", place.account))
    names = parameters.get("repositoryNames") or [parameters.get("repositoryName", "")]
    return [owner.arn("ecr", f"repository/{name}") for name in names if name] or [parameters.get("resourceArn", "*")]


def _logs(_: str, parameters: Mapping[str, Any], place: Place) -> list[str]:
    """CloudWatch Logs names every resource as a stream, in its refusals too; that of a group is the empty one.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
    """
    if "resourceArn" in parameters:
        return [parameters["resourceArn"]]
    group = parameters.get("logGroupName") or parameters.get("logGroupNamePrefix") or ""
    return [place.arn("logs", f"log-group:{group}:log-stream:{parameters.get('logStreamName', '')}")]


# The resource of an operation of SageMaker, by the member that names it.
# https://docs.aws.amazon.com/sagemaker/latest/dg/api-permissions-reference.html
_OF_SAGEMAKER = {"TrainingJobName": "training-job", "HyperParameterTuningJobName": "hyper-parameter-tuning-job"}


def _sagemaker(_: str, parameters: Mapping[str, Any], place: Place) -> list[str]:
    for member, kind in _OF_SAGEMAKER.items():
        if member in parameters:
            return [place.arn("sagemaker", f"{kind}/{parameters[member]}".lower())]
    return [parameters.get("ResourceArn", "*")]


def _kms(operation: str, parameters: Mapping[str, Any], place: Place) -> list[str]:
    key = parameters.get("KeyId")
    if key is None or operation == "CreateKey":
        return ["*"]
    return [place.key_arn(key)]


def _ec2(operation: str, parameters: Mapping[str, Any], place: Place) -> list[str]:
    named = [place.arn("ec2", name) for name in network_permissions.resources(operation, parameters)]
    return named or _plain(operation, parameters, place)


def _sts(_: str, parameters: Mapping[str, Any], __: Place) -> list[str]:
    return [parameters.get("RoleArn", "*")]


def _cloudwatch(_: str, __: Mapping[str, Any], ___: Place) -> list[str]:
    return ["*"]


def _plain(_: str, parameters: Mapping[str, Any], __: Place) -> list[str]:
    """The first ARN among the parameters, else `*`."""
    named = (value for name, value in parameters.items() if name.lower().endswith("arn") and isinstance(value, str))
    return [next(named, "*")]


_RESOURCES: Mapping[str, Callable[[str, Mapping[str, Any], Place], list[str]]] = {
    "cloudwatch": _cloudwatch,
    "ec2": _ec2,
    "ecr": _ecr,
    "iam": _iam,
    "kms": _kms,
    "logs": _logs,
    "s3": _s3,
    "sagemaker": _sagemaker,
    "sts": _sts,
}


def _source(parameters: Mapping[str, Any], place: Place) -> Iterator[Permission]:
    """To copy an object, one must be allowed to read the source.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    """
    source = parameters.get("CopySource", "")
    if isinstance(source, str):
        name, _, version = source.removeprefix("/").partition("?versionId=")
    else:
        name, version = f"{source['Bucket']}/{source['Key']}", source.get("VersionId", "")
    action = "s3:GetObjectVersion" if version else "s3:GetObject"
    yield Permission(action, f"arn:{place.partition}:s3:::{name}")


def _of_object(parameters: Mapping[str, Any], place: Place) -> Iterator[Permission]:
    """To give a new object tags or an ACL is an action of its own.

    https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
    """
    for member, action in (("Tagging", "s3:PutObjectTagging"), ("ACL", "s3:PutObjectAcl")):
        if member in parameters:
            yield Permission(action, _s3("PutObject", parameters, place)[0])


def _of_job(parameters: Mapping[str, Any], place: Place) -> Iterator[Permission]:
    """The role is handed to SageMaker, and the job or tuning may get tags.

    https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    """
    passed = {"iam:passedtoservice": (SAGEMAKER,)}
    for one in definitions(parameters):
        yield Permission("iam:PassRole", one.get("RoleArn", "*"), passed)
    if parameters.get("Tags"):
        yield Permission("sagemaker:AddTags", _sagemaker("AddTags", parameters, place)[0])


def definitions(parameters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What a request starts: the jobs of a tuning's definitions, or the one job that the request itself describes.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html
    """
    one, several = parameters.get("TrainingJobDefinition"), parameters.get("TrainingJobDefinitions")
    return [*([one] if one else []), *(several or [])] or [parameters]


def _of_network_tags(operation: str, parameters: Mapping[str, Any], place: Place) -> Iterator[Permission]:
    for name in network_permissions.tag_resources(operation, parameters):
        yield Permission("ec2:CreateTags", place.arn("ec2", name), {"ec2:createaction": (operation,)})


def _of_key(parameters: Mapping[str, Any], place: Place) -> Iterator[Permission]:
    """A new key may get tags.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
    """
    if parameters.get("Tags"):
        yield Permission("kms:TagResource", place.arn("kms", "key/*"))


def _nothing(_: Mapping[str, Any], __: Place) -> Iterator[Permission]:
    yield from ()


_MORE: Mapping[tuple[str, str], Callable[[Mapping[str, Any], Place], Iterator[Permission]]] = {
    ("s3", "CopyObject"): _source,
    ("s3", "UploadPartCopy"): _source,
    ("s3", "PutObject"): _of_object,
    ("s3", "CreateMultipartUpload"): _of_object,
    ("kms", "CreateKey"): _of_key,
    ("sagemaker", "CreateTrainingJob"): _of_job,
    ("sagemaker", "CreateHyperParameterTuningJob"): _of_job,
}
