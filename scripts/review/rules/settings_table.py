"""Settings of which one value decides whether they are safe: each row of the table is a rule."""

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ..model import Severity
from .blocks import Block
from .registry import Family
from .resources import Resource

_SETTINGS = Family("Settings of other services")
_AWS = "https://docs.aws.amazon.com"
_WEAK_TLS = re.compile(
    r"TLS[-_]?1[-_.]0|TLS[-_]?1[-_.]1|TLSv1(\.1)?(_2016)?$|^SSLv3|Policy-(2016-08|2015-05|TLS-1-0.*)$"
)
_MODERN_LISTENER = re.compile(r"ELBSecurityPolicy-(TLS13-1-[23]|TLS-1-2|FS-1-2)")
_ACCOUNT = re.compile(r"^(?:arn:aws[\w-]*:[\w-]+:[\w-]*:)?(\d{12})(?::.*)?$", re.DOTALL)

Unsafe = Callable[[Any, Resource], bool]


class Setting(NamedTuple):
    """A setting that is unsafe at some values.

    Attributes:
        types: the resource types that have it.
        path: attribute names, through blocks; a list's items are looked at one by one.
        unsafe: whether a value is unsafe.
        rule: the rule's id.
        severity: its severity.
        what: what such a value does, as a sentence that names its service; `{value}` stands for the value.
        why: why it matters.
        fix: what to do.
        page: the AWS page that says so.
    """

    types: tuple[str, ...]
    path: str
    unsafe: Unsafe
    rule: str
    severity: Severity
    what: str
    why: str
    fix: str
    page: str


def _off(value: Any, _resource: Resource) -> bool:
    return value in (False, "false", 0, "0", "off", "OFF")


def _on(value: Any, _resource: Resource) -> bool:
    return value in (True, "true")


def _is(*unsafe: str) -> Unsafe:
    return lambda value, _resource: value in unsafe


def _foreign(value: Any, resource: Resource) -> bool:
    """Whether a value is another account, or an ARN in one. Unknown if the plan does not tell its own account."""
    own = resource.side.index.accounts
    found = _ACCOUNT.match(value) if isinstance(value, str) else None
    return bool(own and found and found[1] not in own)


def _weak_tls(value: Any, _resource: Resource) -> bool:
    return isinstance(value, str) and bool(_WEAK_TLS.search(value))


def _old_listener(value: Any, _resource: Resource) -> bool:
    return isinstance(value, str) and value != "" and not _MODERN_LISTENER.match(value)


_OUTSIDE = "The owner of that account decides who there may use it, and no plan of yours shows that."
_OURS = "Make sure that the account is yours or a partner's."
_HIGH, _MEDIUM, _CRITICAL = Severity.HIGH, Severity.MEDIUM, Severity.CRITICAL

TABLE = (
    Setting(
        ("aws_ebs_encryption_by_default",), "enabled", _off, "ebs-default-encryption-off", _HIGH,
        "EBS encryption by default is off.",
        "New volumes and snapshots of the whole region are stored in clear unless each one asks for encryption.",
        "Set `enabled = true`.", f"{_AWS}/ebs/latest/userguide/encryption-by-default.html",
    ),
    Setting(
        ("aws_lb_listener", "aws_alb_listener"), "ssl_policy", _old_listener, "lb-weak-tls", _MEDIUM,
        "The load balancer's listener accepts old versions of TLS (`{value}`).",
        "TLS 1.0 and 1.1 have known weaknesses, and standards such as PCI DSS forbid them.",
        "Use a policy such as ELBSecurityPolicy-TLS13-1-2-2021-06.",
        f"{_AWS}/elasticloadbalancing/latest/application/describe-ssl-policies.html",
    ),
    Setting(
        ("aws_cloudfront_distribution",), "viewer_certificate.minimum_protocol_version", _weak_tls, "cdn-weak-tls",
        _MEDIUM, "The CloudFront distribution accepts old versions of TLS (`{value}`).",
        "TLS 1.0 and 1.1 have known weaknesses, and standards such as PCI DSS forbid them.",
        "Set it to TLSv1.2_2021.",
        f"{_AWS}/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html",
    ),
    Setting(
        ("aws_opensearch_domain", "aws_elasticsearch_domain"), "domain_endpoint_options.tls_security_policy",
        _weak_tls, "search-weak-tls", _MEDIUM, "The search domain accepts old versions of TLS (`{value}`).",
        "TLS 1.0 and 1.1 have known weaknesses, and standards such as PCI DSS forbid them.",
        "Set it to Policy-Min-TLS-1-2-PFS-2023-10.",
        f"{_AWS}/opensearch-service/latest/developerguide/infrastructure-security.html",
    ),
    Setting(
        ("aws_eks_access_policy_association",), "policy_arn",
        _is("arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"), "eks-cluster-admin", _HIGH,
        "The principal becomes an administrator of the EKS cluster.",
        "It can read every secret in the cluster and run anything on its nodes.",
        "Use AmazonEKSEditPolicy or AmazonEKSViewPolicy with a scope of namespaces.",
        f"{_AWS}/eks/latest/userguide/access-policy-permissions.html",
    ),
    Setting(
        ("aws_cognito_identity_pool",), "allow_unauthenticated_identities", _on, "cognito-unauthenticated", _HIGH,
        "The Cognito identity pool gives AWS credentials to people who have not signed in.",
        "Anyone who knows the pool's id gets the rights of its unauthenticated role.",
        "Set `allow_unauthenticated_identities = false`.",
        f"{_AWS}/cognito/latest/developerguide/identity-pools.html",
    ),
    Setting(
        ("aws_vpc_endpoint_service",), "allowed_principals", _is("*", "arn:aws:iam::*:root"), "endpoint-service-open",
        _HIGH, "Every AWS account may connect to the VPC endpoint service.",
        "Strangers reach the service behind it over AWS's network.",
        "Name the accounts, and set `acceptance_required = true`.",
        f"{_AWS}/vpc/latest/privatelink/configure-endpoint-service.html",
    ),
    Setting(
        ("aws_vpc_endpoint_service",), "acceptance_required", _off, "endpoint-service-unattended", _MEDIUM,
        "The VPC endpoint service accepts connections without anybody's consent.",
        "Whoever is allowed to connect does so at once, and nobody looks at the request.",
        "Set `acceptance_required = true`.", f"{_AWS}/vpc/latest/privatelink/configure-endpoint-service.html",
    ),
    Setting(
        ("aws_vpc_endpoint_service_allowed_principal",), "principal_arn", _is("*"), "endpoint-service-for-all", _HIGH,
        "Every AWS account may connect to the VPC endpoint service.",
        "Strangers reach the service behind it over AWS's network.", "Name the accounts.",
        f"{_AWS}/vpc/latest/privatelink/configure-endpoint-service.html",
    ),
    Setting(
        ("aws_ecs_task_definition",), "pid_mode", _is("host"), "ecs-host-processes", _HIGH,
        "The ECS task sees all processes of its host.",
        "A program in it can read the memory and the secrets of other tasks on the host.", "Remove `pid_mode`.",
        f"{_AWS}/AmazonECS/latest/developerguide/task_definition_parameters.html#task_definition_pidmode",
    ),
    Setting(
        ("aws_ecs_task_definition",), "volume.host_path", _is("/var/run/docker.sock", "/run/docker.sock", "/"),
        "ecs-host-mounted", _HIGH, "The ECS task gets `{value}` of its host.",
        "With it, a program in the task controls the host and every other task on it.", "Remove the volume.",
        f"{_AWS}/AmazonECS/latest/bestpracticesguide/security-tasks-containers.html",
    ),
    Setting(
        ("aws_cloudtrail",), "enable_logging", _off, "trail-off", _HIGH, "The CloudTrail trail records nothing.",
        "Nobody can say later who did what.", "Set `enable_logging = true`.",
        f"{_AWS}/awscloudtrail/latest/userguide/best-practices-security.html",
    ),
    Setting(
        ("aws_guardduty_detector",), "enable", _off, "guardduty-off", _HIGH, "The GuardDuty detector is off.",
        "No one is warned of attacks on this account.", "Set `enable = true`.",
        f"{_AWS}/guardduty/latest/ug/guardduty_suspend-disable.html",
    ),
    Setting(
        ("aws_snapshot_create_volume_permission",), "account_id", _foreign, "snapshot-shared", _HIGH,
        "The account {value} may copy the EBS snapshot.",
        "It can read everything on the volume, and keeps its copy for ever.", _OURS,
        f"{_AWS}/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html",
    ),
    Setting(
        ("aws_db_snapshot", "aws_db_snapshot_copy", "aws_db_cluster_snapshot"), "shared_accounts", _foreign,
        "db-snapshot-shared", _HIGH, "The account {value} may copy the database's snapshot.",
        "It can read everything in the database, and keeps its copy for ever.", _OURS,
        f"{_AWS}/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html",
    ),
    Setting(
        ("aws_kms_grant",), "grantee_principal", _foreign, "key-granted-outside", _HIGH,
        "A KMS grant lets `{value}` use the key.", _OUTSIDE, _OURS, f"{_AWS}/kms/latest/developerguide/grants.html",
    ),
    Setting(
        ("aws_s3_bucket_replication_configuration",), "rule.destination.account", _foreign, "s3-replicated-outside",
        _HIGH, "S3 copies every new object to a bucket of the account {value}.",
        "The owner of that account reads your data, and deleting yours deletes nothing there.", _OURS,
        f"{_AWS}/AmazonS3/latest/userguide/replication-walkthrough-2.html",
    ),
    Setting(
        ("aws_cloudwatch_log_subscription_filter",), "destination_arn", _foreign, "logs-sent-outside", _HIGH,
        "CloudWatch Logs sends log lines to another account (`{value}`).",
        "The owner of that account reads whatever your programs log.", _OURS,
        f"{_AWS}/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions.html",
    ),
    Setting(
        ("aws_eks_access_entry", "aws_eks_access_policy_association"), "principal_arn", _foreign,
        "eks-access-outside", _HIGH, "`{value}` of another account gets access to the EKS cluster.", _OUTSIDE, _OURS,
        f"{_AWS}/eks/latest/userguide/access-entries.html",
    ),
)  # fmt: skip
"""The rows. A rule that needs more than one value has a function of its own in another file."""


def _leaves(block: Block, path: str) -> Iterator[Any]:
    name, _, rest = path.partition(".")
    if rest:
        for inner in block.blocks(name) if block.is_set(name) else ():
            yield from _leaves(inner, rest)
        return
    value = block.get(name)
    yield from value if isinstance(value, list) else [value]


def _check(setting: Setting) -> Callable[[Resource], Iterator[str]]:
    def check(resource: Resource) -> Iterator[str]:
        for value in _leaves(resource, setting.path):
            if setting.unsafe(value, resource):
                yield setting.what.format(value=value)

    return check


def _title(setting: Setting) -> str:
    words = re.sub(r" \(`?\{value\}`?\)", "", setting.what).replace("`{value}`", "a part").replace("{value}", "")
    return " ".join(words.removesuffix(".").split())


for _row in TABLE:
    _SETTINGS.state(_row.types, _row.rule, _row.severity, _title(_row), why=_row.why, fix=_row.fix, page=_row.page)(
        _check(_row)
    )
