"""The IAM permissions of EC2's calls that make and change a network: on which resources. Pure functions.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

# What a call creates; some give a new resource its tags.
_NEW = {
    "AuthorizeSecurityGroupEgress": "security-group-rule",
    "AuthorizeSecurityGroupIngress": "security-group-rule",
    "CreateRouteTable": "route-table",
    "CreateSecurityGroup": "security-group",
    "CreateSubnet": "subnet",
    "CreateVpc": "vpc",
    "CreateVpcEndpoint": "vpc-endpoint",
}
_NAMING = {
    *("AssociateRouteTable", "CreateTags", "DeleteRouteTable", "DeleteSecurityGroup", "DeleteSubnet", "DeleteTags"),
    *("DeleteVpc", "DeleteVpcEndpoints", "DescribeVpcAttribute", "DisassociateRouteTable", "ModifySubnetAttribute"),
    *("ModifySecurityGroupRules", "ModifyVpcAttribute", "ModifyVpcEndpoint"),
    *("RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"),
}
_KINDS = {
    "rtb": "route-table",
    "rtbassoc": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
_ID = re.compile(r"([a-z]+)-[0-9a-f]+")
_TAGGED = re.compile(r"TagSpecification\.\d+\.Tag\.")


def resources(operation: str, parameters: Mapping[str, Any]) -> list[str]:
    """The resources of a call about a network, such as ``subnet/subnet-0a``; empty if AWS offers none for it.

    Args:
        operation: the operation, such as ``CreateSubnet``.
        parameters: the parameters in the flat form in which EC2 gets them, such as ``SecurityGroupId.1``.
    """
    if operation not in _NEW and operation not in _NAMING:
        return []
    # What a rule refers to is not a resource of the call, nor is a rule that is revoked.
    others = ("IpPermissions", "SecurityGroupRuleId") if operation.startswith("Revoke") else ("IpPermissions",)
    named = (_named(name, str(value)) for name, value in parameters.items() if not name.startswith(others))
    return [*filter(None, named), *_created(operation, parameters)]


def tag_resources(operation: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    """The new resources to which a call gives tags: that needs ec2:CreateTags.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
    """
    if operation in _NEW and any(map(_TAGGED.match, parameters)):
        yield f"{_NEW[operation]}/*"


def _named(parameter: str, value: str) -> str:
    """The resource that a parameter names; empty if it names none. Tags can be given to resources of any kind."""
    match = _ID.fullmatch(value)
    kind = _KINDS.get(match[1], match[1] if parameter.startswith("ResourceId") else "") if match else ""
    return f"{kind}/{value}" if kind else ""


def _created(operation: str, parameters: Mapping[str, Any]) -> Iterator[str]:
    kind = _NEW.get(operation)
    if kind == "security-group-rule":  # a rule counts only if it gets tags
        yield from tag_resources(operation, parameters)
    elif kind:
        yield f"{kind}/*"
