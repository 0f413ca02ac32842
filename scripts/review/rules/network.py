"""Rules for VPCs: security groups, network ACLs, subnets, endpoints."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ...policies.documents import ANYONE
from ..model import Severity
from .blocks import Block
from .policies import on_everything, policy_of, public_statements
from .registry import Family
from .resources import Resource

_VPC = Family("VPC")
_GUIDE = "https://docs.aws.amazon.com/vpc/latest/userguide"
_GROUPS = (
    "aws_security_group",
    "aws_default_security_group",
    "aws_security_group_rule",
    "aws_vpc_security_group_ingress_rule",
)
_ACLS = ("aws_network_acl", "aws_default_network_acl", "aws_network_acl_rule")
_SENSITIVE = {
    20: "FTP", 21: "FTP", 22: "SSH", 23: "Telnet", 135: "RPC", 445: "SMB", 1433: "SQL Server", 1521: "Oracle",
    2049: "NFS", 2375: "Docker", 2376: "Docker", 3306: "MySQL", 3389: "RDP", 5432: "PostgreSQL", 5439: "Redshift",
    5900: "VNC", 5985: "WinRM", 5986: "WinRM", 6379: "Redis", 6443: "Kubernetes", 8888: "Jupyter", 9200: "OpenSearch",
    10250: "kubelet", 11211: "memcached", 27017: "MongoDB",
}  # fmt: skip
_WEB = frozenset({80, 443})


@dataclass(frozen=True, slots=True)
class Opening:
    """A network that is the whole internet, and the ports that a rule opens to it (None for all ports)."""

    network: str
    ports: tuple[int, int] | None

    def __str__(self) -> str:
        if self.ports is None:
            return f"all ports to {self.network}"
        low, high = self.ports
        names = sorted({name for port, name in _SENSITIVE.items() if low <= port <= high})
        services = f" ({', '.join(names[:3])}{' …' * (len(names) > 3)})" if names else ""
        return f"port {low}{f'-{high}' * (high != low)}{services} to {self.network}"

    @property
    def sensitive(self) -> bool:
        """Whether one of the ports is for administration or a database."""
        return self.ports is not None and any(self.ports[0] <= port <= self.ports[1] for port in _SENSITIVE)

    @property
    def web(self) -> bool:
        """Whether it is only the port of a web server."""
        return self.ports is not None and self.ports[0] == self.ports[1] and self.ports[0] in _WEB


@lru_cache(maxsize=65_536)
def is_everywhere(network: str) -> bool:
    """Whether a CIDR block contains the internet or half of it."""
    try:
        return ipaddress.ip_network(network, strict=False).prefixlen <= 1
    except ValueError:
        return False


def openings(resource: Resource) -> Iterator[Opening]:
    """What a security group, or one of its rules, opens to the internet."""
    kind = resource.change.type
    if kind == "aws_vpc_security_group_ingress_rule":
        networks = [resource.text("cidr_ipv4"), resource.text("cidr_ipv6")]
        yield from _openings(resource, "ip_protocol", networks)
    elif kind == "aws_security_group_rule":
        if resource.text("type") == "ingress":
            yield from _openings(resource, "protocol", _networks(resource))
    else:
        for rule in resource.blocks("ingress"):
            yield from _openings(rule, "protocol", _networks(rule))


def _networks(rule: Block) -> list[str]:
    return [*rule.texts("cidr_blocks"), *rule.texts("ipv6_cidr_blocks")]


def _openings(rule: Block, protocol: str, networks: list[str]) -> Iterator[Opening]:
    wide = [network for network in networks if is_everywhere(network)]
    if not wide or rule.text(protocol).lower() in ("icmp", "icmpv6", "1", "58"):
        return
    low, high = rule.number("from_port"), rule.number("to_port")
    every = rule.text(protocol) in ("-1", "all") or low is None or high is None or (low <= 1 and high >= 65_535)
    for network in wide:
        yield Opening(network, None if every else (int(low or 0), int(high or 0)))


@_VPC.state(
    _GROUPS,
    "sg-open-everything",
    Severity.CRITICAL,
    "A security group opens every port to the internet",
    why="Attackers find every service behind it, now or later, within minutes.",
    fix="Open only the ports that are needed, to the networks or security groups that need them.",
    page=f"{_GUIDE}/security-group-rules.html",
)
def open_everything(resource: Resource) -> Iterator[str]:
    """Reports all ports or protocols, open to the internet."""
    for opening in openings(resource):
        if opening.ports is None:
            yield f"Opens {opening}."


@_VPC.state(
    _GROUPS,
    "sg-open-admin-port",
    Severity.HIGH,
    "A security group opens an administration or database port to the internet",
    why="Attackers scan such ports all day. A weak password or an old version is enough for them.",
    fix="Use Session Manager or a VPN, and open the port only to their network or security group.",
    page="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-19",
)
def open_admin_port(resource: Resource) -> Iterator[str]:
    """Reports SSH, RDP, databases …, open to the internet."""
    for opening in openings(resource):
        if opening.sensitive:
            yield f"Opens {opening}."


@_VPC.state(
    _GROUPS,
    "sg-open-port",
    Severity.MEDIUM,
    "A security group opens a port to the internet",
    why="Everybody can connect to the program on that port.",
    fix="Restrict it to the networks or security groups that need it.",
    page="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-18",
)
def open_port(resource: Resource) -> Iterator[str]:
    """Reports any other port that is open to the internet, except 80 and 443."""
    for opening in openings(resource):
        if opening.ports is not None and not opening.sensitive and not opening.web:
            yield f"Opens {opening}."


@_VPC.state(
    _GROUPS,
    "sg-open-web",
    Severity.LOW,
    "A security group opens HTTP or HTTPS to the internet",
    why="Only a public web server or load balancer needs this.",
    fix="Restrict it to the networks or security groups that need it, unless it is meant to be public.",
    page="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-18",
)
def open_web(resource: Resource) -> Iterator[str]:
    """Reports ports 80 and 443, open to the internet."""
    for opening in openings(resource):
        if opening.web:
            yield f"Opens {opening}."


@_VPC.state(
    _ACLS,
    "nacl-open-admin-port",
    Severity.MEDIUM,
    "A network ACL opens SSH or RDP to the internet",
    why="The network ACL is the subnet's second line of defence if a security group is too open.",
    fix="Allow these ports from your own networks only.",
    page="https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-21",
)
def acl_open(resource: Resource) -> Iterator[str]:
    """Reports ports 22 and 3389 if open to the internet; `nacl-open-everything` reports all ports at once."""
    for opening in _acl_openings(resource):
        if opening.ports and any(opening.ports[0] <= port <= opening.ports[1] for port in (22, 3389)):
            yield f"Opens {opening}."


def _acl_openings(resource: Resource) -> Iterator[Opening]:
    if resource.change.type == "aws_network_acl_rule":
        rules: list[tuple[Block, str]] = [] if resource.is_on("egress") else [(resource, "rule_action")]
    else:
        rules = [(rule, "action") for rule in resource.blocks("ingress")]
    for rule, action in rules:
        if rule.text(action).lower() == "allow":
            yield from _openings(rule, "protocol", [rule.text("cidr_block"), rule.text("ipv6_cidr_block")])


@_VPC.state(
    ("aws_network_acl", "aws_network_acl_rule"),
    "nacl-open-everything",
    Severity.LOW,
    "A network ACL opens every port to the internet",
    why="It then adds nothing to the security groups: if one of them is too open, nothing else stops a connection.",
    fix="Allow the ports that are needed, and the ephemeral ports for answers.",
    page=f"{_GUIDE}/vpc-network-acls.html",
)
def acl_open_everything(resource: Resource) -> Iterator[str]:
    """Reports all ports or protocols. A VPC's default network ACL is open, unless somebody narrows it."""
    for opening in _acl_openings(resource):
        if opening.ports is None:
            yield f"Opens {opening}."


@_VPC.state(
    ("aws_subnet", "aws_default_subnet"),
    "subnet-public-addresses",
    Severity.LOW,
    "Every instance in a subnet gets a public address",
    why="An instance is on the internet although nobody asked for it.",
    fix="Set `map_public_ip_on_launch = false`, and assign public addresses only to the instances that need one.",
    page=f"{_GUIDE}/subnet-public-ip.html",
)
def public_addresses(resource: Resource) -> Iterator[str]:
    """Reports `map_public_ip_on_launch = true`."""
    if resource.is_on("map_public_ip_on_launch"):
        yield "Instances in the subnet get public addresses."


@_VPC.state(
    ("aws_vpc_endpoint", "aws_vpc_endpoint_policy"),
    "endpoint-open-policy",
    Severity.LOW,
    "An endpoint's policy allows everything to everybody",
    why="Data can leave through the endpoint to a bucket of any other account.",
    fix="Name the actions and resources, or add a condition on aws:PrincipalOrgID and aws:ResourceOrgID.",
    page="https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
)
def endpoint_policy(resource: Resource) -> Iterator[str]:
    """Reports `*` on `*` for everybody."""
    for statement in public_statements(policy_of(resource)):
        if ANYONE in statement.actions.patterns and on_everything(statement) and not statement.conditions:
            yield "The endpoint's policy allows everything to everybody."
