"""Rules for settings of other services that need more than one value; the table has those that need one."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..canonical import parsed
from ..json_values import objects_of
from ..model import Action, Change, Severity
from .registry import Family
from .resources import PlanIndex, Resource

_SETTINGS = Family("Settings of other services")
_AWS = "https://docs.aws.amazon.com"
_EVERYWHERE = ("0.0.0.0/0", "::/0")
_TLS_PARAMETERS = ("rds.force_ssl", "require_secure_transport", "require_ssl", "tls")
_OFF = ("0", "off", "false", "disabled")


@_SETTINGS.state(
    ("aws_eks_cluster",),
    "eks-endpoint-open",
    Severity.HIGH,
    "The API of an EKS cluster answers the whole internet",
    why="Anyone can try stolen credentials and new vulnerabilities on it.",
    fix="Name your networks in `public_access_cidrs`, or set `endpoint_public_access = false`.",
    page=f"{_AWS}/eks/latest/userguide/cluster-endpoint.html",
)
def eks_endpoint_open(resource: Resource) -> Iterator[str]:
    """Reports a public endpoint for every address. Both are EKS's defaults."""
    network = resource.block("vpc_config")
    if network.is_set("endpoint_public_access") and not network.is_on("endpoint_public_access"):
        return
    open_to = network.texts("public_access_cidrs") if network.is_set("public_access_cidrs") else [_EVERYWHERE[0]]
    if any(each in _EVERYWHERE for each in open_to):
        yield "The EKS cluster's API answers the whole internet."


@_SETTINGS.state(
    ("aws_db_parameter_group", "aws_rds_cluster_parameter_group", "aws_redshift_parameter_group",
     "aws_docdb_cluster_parameter_group"),
    "database-tls-optional",
    Severity.HIGH,
    "A database accepts connections without TLS",
    why="Passwords and data cross the network in clear when a client does not ask for TLS.",
    fix="Set the parameter to 1 (or `ON`, `enabled`).",
    page=f"{_AWS}/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html",
)  # fmt: skip
def database_tls_optional(resource: Resource) -> Iterator[str]:
    """Reports a parameter that demands TLS and is switched off."""
    for parameter in resource.blocks("parameter") if resource.is_set("parameter") else ():
        name, value = parameter.text("name"), str(parameter.get("value", "")).lower()
        if name in _TLS_PARAMETERS and value in _OFF:
            yield f"The database's parameter {name} is {value}: it accepts connections without TLS."


@_SETTINGS.state(
    ("aws_ecs_task_definition",),
    "ecs-privileged",
    Severity.HIGH,
    "A container of an ECS task is privileged",
    why="A privileged container controls its host: a flaw in its program gives away every task there.",
    fix="Remove `privileged`. Where a program needs one capability, add that one (`linuxParameters.capabilities`).",
    page=f"{_AWS}/AmazonECS/latest/developerguide/task_definition_parameters.html#container_definition_security",
)
def ecs_privileged(resource: Resource) -> Iterator[str]:
    """Reports each privileged container."""
    for container in objects_of(parsed(resource.text("container_definitions"))):
        if container.get("privileged") is True:
            yield f"The container {container.get('name')} of the ECS task is privileged."


@_SETTINGS.state(
    ("aws_ssm_document",),
    "document-shared-with-all",
    Severity.HIGH,
    "A Systems Manager document is shared with every AWS account",
    why="Anyone reads its commands, and with them names, paths and often secrets of your machines.",
    fix="Name the accounts in `account_ids`.",
    page=f"{_AWS}/systems-manager/latest/userguide/documents-ssm-sharing.html",
)
def document_shared(resource: Resource) -> Iterator[str]:
    """Reports `account_ids = "All"`."""
    permissions: Any = resource.get("permissions")
    if isinstance(permissions, Mapping) and str(permissions.get("account_ids", "")).lower() == "all":
        yield "The Systems Manager document is shared with every AWS account."


@_SETTINGS.change(
    ("aws_wafv2_web_acl_association", "aws_wafregional_web_acl_association"),
    "firewall-detached",
    Severity.HIGH,
    "A web application firewall is detached",
    why="Requests reach the resource without the firewall's rules.",
    fix="Keep the association, or make sure that another web ACL protects the resource.",
    page=f"{_AWS}/waf/latest/developerguide/web-acl-associating.html",
)
def firewall_detached(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports an association that is destroyed."""
    if change.action is Action.DESTROY:
        yield f"The web application firewall is detached from `{index.value(change, 'before', 'resource_arn')}`."
