"""The condition keys of a request, with the values that they would have on AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html (s3, and so on for each service)
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request

from scripts.localcloud.access.callers import Caller
from scripts.localcloud.access.requests import AwsRequest

# Parameters in the address of S3's lists that are keys of their own.
_OF_LISTS = ("prefix", "delimiter", "max-keys")
# Headers of S3 that are keys of their own.
_OF_OBJECTS = (
    "x-amz-acl",
    "x-amz-copy-source",
    "x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-storage-class",
)


def of_caller(caller: Caller, region: str) -> dict[str, tuple[str, ...]]:
    """The global keys of every call.

    A call of this machine counts as one with TLS: it does not leave the machine, and on AWS the same SDK uses TLS.
    """
    now = datetime.now(UTC)
    session = {"aws:multifactorauthpresent": ("false",)} if caller.principal.role else {}
    return {
        **caller.facts,
        **session,
        "aws:currenttime": (now.strftime("%Y-%m-%dT%H:%M:%SZ"),),
        "aws:epochtime": (str(int(now.timestamp())),),
        "aws:principalisawsservice": ("false",),
        "aws:requestedregion": (region,),
        "aws:securetransport": ("true",),
        "aws:viaawsservice": ("false",),
    }


def of_request(caller: Caller, asked: AwsRequest, request: Request) -> dict[str, tuple[str, ...]]:
    """All keys of a request."""
    found = of_caller(caller, asked.region)
    found["aws:sourceip"] = (request.remote_addr or "127.0.0.1",)
    found["aws:useragent"] = (request.headers.get("User-Agent", ""),)
    match asked.call.service:
        case "s3":
            found |= _of_s3(request)
        case "sagemaker":
            found |= of_job(asked.parameters)
        case "monitoring" if "Namespace" in asked.parameters:
            found["cloudwatch:namespace"] = (str(asked.parameters["Namespace"]),)
    return found | _tags(asked.parameters)


def _of_s3(request: Request) -> dict[str, tuple[str, ...]]:
    in_address = {f"s3:{name}": (request.args[name],) for name in _OF_LISTS if name in request.args}
    in_headers = {f"s3:{name}": (request.headers[name],) for name in _OF_OBJECTS if name in request.headers}
    version = {"s3:versionid": (request.args["versionId"],)} if "versionId" in request.args else {}
    return {**in_address, **in_headers, **version}


def of_job(parameters: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The keys of CreateTrainingJob.

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


def _tags(parameters: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The tags that a request gives."""
    listed = parameters.get("Tags", parameters.get("tags"))
    pairs = [(tag.get("Key"), tag.get("Value")) for tag in listed] if isinstance(listed, list) else []
    if not pairs:
        return {}
    values = {f"aws:requesttag/{key}".lower(): (str(value),) for key, value in pairs}
    return {**values, "aws:tagkeys": tuple(str(key) for key, _ in pairs)}
