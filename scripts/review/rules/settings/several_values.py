"""Rules for settings of other services that need more than one value; the table has those that need one."""

from collections.abc import Iterator, Mapping
from typing import Any

from ...canonical import parsed
from ...json_values import object_of, objects_of
from ...model import Action, Change
from ..blocks import Block
from ..network import is_everywhere
from ..resources import PlanIndex, Resource
from .table import AWS, HIGH, MEDIUM, SETTINGS

_TLS_PARAMETERS = ("rds.force_ssl", "require_secure_transport", "require_ssl", "tls")
_OFF = ("0", "off", "false", "disabled")


@SETTINGS.state(
    ("aws_eks_cluster",),
    "eks-endpoint-open",
    HIGH,
    "The API of an EKS cluster answers the whole internet",
    why="Anyone can try stolen credentials and new vulnerabilities on it.",
    fix="Name your networks in `public_access_cidrs`, or set `endpoint_public_access = false`.",
    page=f"{AWS}/eks/latest/userguide/cluster-endpoint.html",
)
def eks_endpoint_open(resource: Resource) -> Iterator[str]:
    """Reports a public endpoint for every address. Both are EKS's defaults."""
    network = resource.block("vpc_config")
    if network.is_set("endpoint_public_access") and not network.is_on("endpoint_public_access"):
        return
    open_to = network.texts("public_access_cidrs") if network.is_set("public_access_cidrs") else ["0.0.0.0/0"]
    if any(map(is_everywhere, open_to)):
        yield "The EKS cluster's API answers the whole internet."


@SETTINGS.state(
    ("aws_opensearch_domain", "aws_elasticsearch_domain"),
    "search-public",
    HIGH,
    "A search domain answers the whole internet",
    why="Only its access policy stands between strangers and every index.",
    fix="Put it into a VPC (`vpc_options`) before you create it.",
    page=f"{AWS}/opensearch-service/latest/developerguide/vpc.html",
)
def search_public(resource: Resource) -> Iterator[str]:
    """Reports a domain outside of a VPC."""
    if not resource.is_set("vpc_options"):
        yield "The search domain answers the whole internet."


@SETTINGS.state(
    ("aws_db_parameter_group", "aws_rds_cluster_parameter_group", "aws_redshift_parameter_group",
     "aws_docdb_cluster_parameter_group"),
    "database-tls-optional",
    HIGH,
    "A database accepts connections without TLS",
    why="Passwords and data cross the network in clear when a client does not ask for TLS.",
    fix="Set the parameter to 1 (or `ON`, `enabled`).",
    page=f"{AWS}/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.SSL.html",
)  # fmt: skip
def database_tls_optional(resource: Resource) -> Iterator[str]:
    """Reports a parameter that demands TLS and is switched off."""
    for parameter in resource.blocks("parameter") if resource.is_set("parameter") else ():
        name, value = parameter.text("name"), str(parameter.get("value", "")).lower()
        if name in _TLS_PARAMETERS and value in _OFF:
            yield f"The database's parameter {name} is {value}: it accepts connections without TLS."


@SETTINGS.state(
    ("aws_ecs_task_definition",),
    "ecs-privileged",
    HIGH,
    "A container of an ECS task is privileged",
    why="A privileged container controls its host: a flaw in its program gives away every task there.",
    fix="Remove `privileged`. Where a program needs one capability, add that one (`linuxParameters.capabilities`).",
    page=f"{AWS}/AmazonECS/latest/developerguide/task_definition_parameters.html#container_definition_security",
)
def ecs_privileged(resource: Resource) -> Iterator[str]:
    """Reports each privileged container."""
    for container in objects_of(parsed(resource.text("container_definitions"))):
        if container.get("privileged") is True:
            yield f"The container {container.get('name')} of the ECS task is privileged."


@SETTINGS.state(
    ("aws_batch_job_definition",),
    "batch-privileged",
    HIGH,
    "A container of a Batch job is privileged",
    why="A privileged container controls its host: a flaw in its program gives away every job there.",
    fix="Remove `privileged`.",
    page=f"{AWS}/batch/latest/APIReference/API_ContainerProperties.html",
)
def batch_privileged(resource: Resource) -> Iterator[str]:
    """Reports a privileged container."""
    if object_of(parsed(resource.text("container_properties"))).get("privileged") is True:
        yield "The container of the Batch job is privileged."


@SETTINGS.state(
    ("aws_lb_listener", "aws_alb_listener"),
    "lb-plain-http",
    MEDIUM,
    "A load balancer passes on plain HTTP",
    why="Whoever is on the way reads passwords and data, and can change them.",
    fix="Redirect to HTTPS: `default_action` of type `redirect`.",
    page=f"{AWS}/elasticloadbalancing/latest/application/create-https-listener.html",
)
def load_balancer_plain_http(resource: Resource) -> Iterator[str]:
    """Reports a listener for HTTP that does not redirect to HTTPS."""
    if resource.text("protocol") == "HTTP" and not any(map(_goes_to_https, resource.blocks("default_action"))):
        yield "The load balancer's listener passes on plain HTTP."


def _goes_to_https(action: Block) -> bool:
    redirects = action.text("type") == "redirect" and action.block("redirect").text("protocol") == "HTTPS"
    return redirects or action.text("type") == "fixed-response"


@SETTINGS.state(
    ("aws_eks_node_group",),
    "eks-nodes-open",
    HIGH,
    "Nodes of an EKS cluster open SSH to the internet",
    why="Anyone can try stolen keys and new vulnerabilities on them.",
    fix="Name the security groups that may connect in `source_security_group_ids`, or remove `ec2_ssh_key`.",
    page=f"{AWS}/eks/latest/APIReference/API_RemoteAccessConfig.html",
)
def eks_nodes_open(resource: Resource) -> Iterator[str]:
    """Reports an SSH key without security groups: EKS then opens port 22 to every address."""
    access = resource.block("remote_access")
    if access.is_set("ec2_ssh_key") and not access.is_set("source_security_group_ids"):
        yield "The nodes of the EKS cluster open SSH to the internet."


@SETTINGS.state(
    ("aws_ssm_document",),
    "document-shared-with-all",
    HIGH,
    "A Systems Manager document is shared with every AWS account",
    why="Anyone reads its commands, and with them names, paths and often secrets of your machines.",
    fix="Name the accounts in `account_ids`.",
    page=f"{AWS}/systems-manager/latest/userguide/documents-ssm-sharing.html",
)
def document_shared(resource: Resource) -> Iterator[str]:
    """Reports `account_ids = "All"`."""
    permissions: Any = resource.get("permissions")
    if isinstance(permissions, Mapping) and str(permissions.get("account_ids", "")).lower() == "all":
        yield "The Systems Manager document is shared with every AWS account."


@SETTINGS.change(
    ("aws_wafv2_web_acl_association", "aws_wafregional_web_acl_association"),
    "firewall-detached",
    HIGH,
    "A web application firewall is detached",
    why="Requests reach the resource without the firewall's rules.",
    fix="Keep the association, or make sure that another web ACL protects the resource.",
    page=f"{AWS}/waf/latest/developerguide/web-acl-associating.html",
)
def firewall_detached(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports an association that is destroyed."""
    if change.action is Action.DESTROY:
        yield f"The web application firewall is detached from `{index.value(change, 'before', 'resource_arn')}`."
