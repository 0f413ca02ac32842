"""The condition keys of a request, with the values that they would have on AWS.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html (s3, and so on for each service)
"""

from datetime import UTC, datetime

from werkzeug.wrappers import Request

from scripts.core import condition_keys
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
    if asked.call.service == "s3":
        found |= _of_s3(request)
    return found | condition_keys.of_call(asked.call.service, asked.parameters)


def _of_s3(request: Request) -> dict[str, tuple[str, ...]]:
    in_address = {f"s3:{name}": (request.args[name],) for name in _OF_LISTS if name in request.args}
    in_headers = {f"s3:{name}": (request.headers[name],) for name in _OF_OBJECTS if name in request.headers}
    version = {"s3:versionid": (request.args["versionId"],)} if "versionId" in request.args else {}
    return {**in_address, **in_headers, **version}
