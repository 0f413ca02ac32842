"""The condition keys that a service sets from a call's parameters. Pure functions.

The local cloud decides calls with them, and the checks before a job simulate calls with them.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import re
from collections.abc import Mapping
from typing import Any

from scripts.core.permissions import definitions

_FLAT_TAG = re.compile(r"(TagSpecification\.\d+\.)?Tag\.\d+\.Key")
Keys = dict[str, tuple[str, ...]]
"""The values by key; the keys are in lower case, as IAM ignores their case."""


def of_call(service: str, parameters: Mapping[str, Any]) -> Keys:
    """The keys of a call, apart from those of S3, which depend on its headers.

    Args:
        service: the service's signing name.
        parameters: the parameters of the boto3 call.
    """
    found = _tags(parameters)
    match service:
        case "sagemaker":
            for one in definitions(parameters):
                found |= _of_job(one)
        case "iam":
            found |= _of_iam(parameters)
        case "monitoring" if "Namespace" in parameters:
            found["cloudwatch:namespace"] = (str(parameters["Namespace"]),)
    return found


def _of_iam(parameters: Mapping[str, Any]) -> Keys:
    """The keys of a new role's boundary and of a policy that is attached.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
    """
    members = {"iam:permissionsboundary": "PermissionsBoundary", "iam:policyarn": "PolicyArn"}
    return {key: (str(parameters[name]),) for key, name in members.items() if name in parameters}


def _of_job(parameters: Mapping[str, Any]) -> Keys:
    """The keys of CreateTrainingJob, and of a definition of CreateHyperParameterTuningJob.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsagemaker.html
    """
    resources, network = parameters.get("ResourceConfig", {}), parameters.get("VpcConfig", {})
    values: Mapping[str, Any] = {
        "sagemaker:instancetypes": resources.get("InstanceType"),
        "sagemaker:intercontainertrafficencryption": parameters.get("EnableInterContainerTrafficEncryption"),
        "sagemaker:keepaliveperiod": resources.get("KeepAlivePeriodInSeconds"),
        "sagemaker:maxruntimeinseconds": parameters.get("StoppingCondition", {}).get("MaxRuntimeInSeconds"),
        "sagemaker:networkisolation": parameters.get("EnableNetworkIsolation"),
        "sagemaker:outputkmskey": parameters.get("OutputDataConfig", {}).get("KmsKeyId"),
        "sagemaker:volumekmskey": resources.get("VolumeKmsKeyId"),
        "sagemaker:vpcsecuritygroupids": network.get("SecurityGroupIds"),
        "sagemaker:vpcsubnets": network.get("Subnets"),
    }
    return {key: _texts(value) for key, value in values.items() if value is not None}


def _texts(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [value]
    return tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in listed)


def _tags(parameters: Mapping[str, Any]) -> Keys:
    """The tags that a call gives."""
    listed = parameters.get("Tags", parameters.get("tags"))
    pairs = {_of_tag(tag, "Key"): _of_tag(tag, "Value") for tag in listed} if isinstance(listed, list) else {}
    pairs |= _flat_tags(parameters)
    if not pairs:
        return {}
    values = {f"aws:requesttag/{key}".lower(): (value,) for key, value in pairs.items()}
    return {**values, "aws:tagkeys": tuple(pairs)}


def _of_tag(tag: Any, member: str) -> str:
    """A tag's key or value; KMS names them TagKey and TagValue."""
    return str(tag.get(member, tag.get(f"Tag{member}")))


def _flat_tags(parameters: Mapping[str, Any]) -> dict[str, str]:
    """The tags as EC2 gets them: `Tag.1.Key`, and `TagSpecification.1.Tag.1.Key` of what is created."""
    keys = [name for name in parameters if _FLAT_TAG.fullmatch(name)]
    return {str(parameters[name]): str(parameters.get(f"{name[:-3]}Value", "")) for name in keys}
