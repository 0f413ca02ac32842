"""For each rule about a setting: a plan that triggers it, and a similar one that does not."""

import json
from typing import Any

from scripts.review.model import Plan
from scripts.review.rules.settings.table import ROWS, Setting
from tests.unit.review.rule_plans import Case, create_case, created, destroyed, plan, update_case, updated

OWN, OTHER = "111122223333", "444455556666"
EKS_POLICY = "arn:aws:eks::aws:cluster-access-policy"


def shares(kind: str, own: dict[str, Any], other: dict[str, Any]) -> Case:
    """Plans of the account `OWN` in which a resource names another account, and its own."""
    hit, miss = (plan(created(kind, **values), accounts=frozenset({OWN})) for values in (other, own))
    return Case(hit, miss)


def cluster(**network: Any) -> dict[str, Any]:
    return {"vpc_config": [network]}


def parameters(name: str, value: str) -> dict[str, Any]:
    return {"parameter": [{"name": "max_connections", "value": "0"}, {"name": name, "value": value}]}


def task(**container: Any) -> dict[str, Any]:
    return {"container_definitions": json.dumps([{"name": "web", **container}])}


def firewall() -> Plan:
    return plan(destroyed("aws_wafv2_web_acl_association", resource_arn="arn:x", web_acl_arn="w"))


EVERYWHERE = cluster(endpoint_public_access=True, public_access_cidrs=["10.0.0.0/8", "0.0.0.0/0"])
LISTENER = {"protocol": "HTTP", "default_action": [{"type": "forward"}]}
REDIRECT = {"protocol": "HTTP", "default_action": [{"type": "redirect", "redirect": [{"protocol": "HTTPS"}]}]}
SEVERAL_VALUES: dict[str, Case] = {
    "eks-endpoint-open": update_case(
        "aws_eks_cluster",
        cluster(endpoint_public_access=False),
        EVERYWHERE,
        cluster(endpoint_public_access=False, public_access_cidrs=["0.0.0.0/0"]),
    ),
    "eks-nodes-open": create_case(
        "aws_eks_node_group",
        {"remote_access": [{"ec2_ssh_key": "k"}]},
        {"remote_access": [{"ec2_ssh_key": "k", "source_security_group_ids": ["sg-1"]}]},
    ),
    "ecs-privileged": create_case("aws_ecs_task_definition", task(privileged=True), task(privileged=False)),
    "batch-privileged": create_case(
        "aws_batch_job_definition",
        {"container_properties": json.dumps({"privileged": True})},
        {"container_properties": json.dumps({"privileged": False})},
    ),
    "search-public": create_case(
        "aws_opensearch_domain", {"vpc_options": []}, {"vpc_options": [{"subnet_ids": ["subnet-1"]}]}
    ),
    "search-not-encrypted": create_case(
        "aws_opensearch_domain", {"encrypt_at_rest": []}, {"encrypt_at_rest": [{"enabled": True}]}
    ),
    "dax-not-encrypted": create_case(
        "aws_dax_cluster", {"server_side_encryption": []}, {"server_side_encryption": [{"enabled": True}]}
    ),
    "lb-plain-http": create_case("aws_lb_listener", LISTENER, REDIRECT),
    "database-tls-optional": create_case(
        "aws_db_parameter_group", parameters("rds.force_ssl", "0"), parameters("rds.force_ssl", "1")
    ),
    "document-shared-with-all": create_case(
        "aws_ssm_document",
        {"permissions": {"type": "Share", "account_ids": "All"}},
        {"permissions": {"type": "Share", "account_ids": OTHER}},
    ),
    "firewall-detached": Case(
        firewall(), plan(updated("aws_wafv2_web_acl_association", {"web_acl_arn": "v"}, {"web_acl_arn": "w"}))
    ),
    "safeguard-removed": Case(
        plan(destroyed("aws_securityhub_account", enable_default_standards=True)),
        plan(created("aws_securityhub_account", enable_default_standards=True)),
    ),
}

UNSAFE_AND_SAFE: dict[str, tuple[Any, Any]] = {
    "ebs-default-encryption-off": (False, True),
    "lb-weak-tls": ("ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-2-2021-06"),
    "cdn-weak-tls": ("TLSv1.1_2016", "TLSv1.2_2021"),
    "cdn-plain-http": ("allow-all", "redirect-to-https"),
    "cdn-origin-weak-tls": (["SSLv3", "TLSv1.2"], ["TLSv1.2"]),
    "api-weak-tls": ("TLS_1_0", "TLS_1_2"),
    "search-weak-tls": ("Policy-Min-TLS-1-0-2019-07", "Policy-Min-TLS-1-2-PFS-2023-10"),
    "search-plain-http": (False, True),
    "search-nodes-in-clear": (False, True),
    "kafka-plaintext": ("TLS_PLAINTEXT", "TLS"),
    "cache-in-clear": (False, True),
    "dax-in-clear": ("NONE", "TLS"),
    "ecs-files-in-clear": ("DISABLED", "ENABLED"),
    "build-insecure-source": (True, False),
    "memorydb-in-clear": (False, True),
    "proxy-tls-optional": (False, True),
    "quicksight-in-clear": (True, False),
    "transfer-by-ftp": (["SFTP", "FTP"], ["SFTP", "FTPS"]),
    "messages-in-clear": ("http", "https"),
    "service-public": (True, False),
    "kafka-public": ("SERVICE_PROVIDED_EIPS", "DISABLED"),
    "kafka-unauthenticated": (True, False),
    "airflow-public": ("PUBLIC_ONLY", "PRIVATE_ONLY"),
    "api-without-authorization": ("NONE", "AWS_IAM"),
    "route-without-authorization": (None, "JWT"),
    "graphql-key-only": ("API_KEY", "AWS_IAM"),
    "cognito-unauthenticated": (True, False),
    "endpoint-service-open": ([f"arn:aws:iam::{OWN}:root", "*"], [f"arn:aws:iam::{OWN}:root"]),
    "endpoint-service-for-all": ("*", f"arn:aws:iam::{OWN}:root"),
    "endpoint-service-unattended": (False, True),
    "transit-unattended": ("enable", "disable"),
    "lightsail-open": (["10.0.0.0/8", "0.0.0.0/0"], ["10.0.0.0/8"]),
    "s3-object-public": ("public-read", "private"),
    "access-point-policy-open": (False, True),
    "access-point-public-open": (False, True),
    "transfer-public": ("PUBLIC", "VPC"),
    "lambda-cors-open": (["*"], ["https://example.com"]),
    "api-cors-open": (["*"], ["https://example.com"]),
    "s3-cors-open": (["*"], ["https://example.com"]),
    "cdn-cors-open": (["*"], ["https://example.com"]),
    "redshift-not-encrypted": (False, True),
    "build-artifacts-in-clear": (True, False),
    "build-logs-in-clear": (True, False),
    "stream-not-encrypted": ("NONE", "KMS"),
    "cache-not-encrypted": (None, True),
    "emr-public": (False, True),
    "ecs-public-address": (True, False),
    "ecs-host-processes": ("host", "task"),
    "ecs-host-memory": ("host", "task"),
    "ecs-host-mounted": ("/var/run/docker.sock", "/srv/data"),
    "build-privileged": (True, False),
    "account-imds-v1": ("optional", "required"),
    "serial-console": (True, False),
    "trail-off": (False, True),
    "trail-one-region": (False, True),
    "trail-not-validated": (False, True),
    "password-policy-short": (8, 14),
    "config-off": (False, True),
    "guardduty-off": (False, True),
    "guardduty-feature-off": ("DISABLED", "ENABLED"),
    "macie-paused": ("PAUSED", "ENABLED"),
    "share-leaves-organization": (True, False),
    "eks-cluster-admin": (f"{EKS_POLICY}/AmazonEKSClusterAdminPolicy", f"{EKS_POLICY}/AmazonEKSViewPolicy"),
}
"""The values of rows that report them in new resources too."""

SHARED = {
    "snapshot-shared": "{}",
    "db-snapshot-shared": "{}",
    "image-shared": "{}",
    "key-granted-outside": "arn:aws:iam::{}:root",
    "s3-replicated-outside": "{}",
    "s3-inventory-outside": "{}",
    "images-replicated-outside": "{}",
    "backups-copied-outside": "arn:aws:backup:eu-west-1:{}:backup-vault:v",
    "logs-sent-outside": "arn:aws:logs:eu-west-1:{}:destination:d",
    "events-sent-outside": "arn:aws:events:eu-west-1:{}:event-bus/b",
    "messages-sent-outside": "arn:aws:sqs:eu-west-1:{}:q",
    "metrics-shared": "arn:aws:oam:eu-west-1:{}:sink/s",
    "config-shared": "{}",
    "shared-by-ram": "{}",
    "lake-shared": "arn:aws:iam::{}:role/r",
    "redshift-shared": "{}",
    "network-joined": "{}",
    "eks-access-outside": "arn:aws:iam::{}:role/x",
}
"""Rows about other accounts: `{}` stands for the account's number."""

WEAKENED: dict[str, tuple[Any, Any]] = {
    "cognito-mfa-off": ("ON", "OFF"),
    "search-access-control-off": (True, False),
    "database-iam-off": (True, False),
    "firewall-counts-only": (None, {}),
    "cdn-firewall-detached": ("arn:aws:wafv2:x", ""),
    "lb-logs-off": (True, False),
    "lb-keeps-bad-headers": (True, False),
    "api-logs-off": ("arn:aws:logs:x", None),
    "s3-mfa-delete-off": ("Enabled", "Disabled"),
    "registry-scans-less": ("ENHANCED", "BASIC"),
    "code-signing-warns": ("Enforce", "Warn"),
    "athena-not-enforced": (True, False),
    "vpc-public-access-open": ("block-bidirectional", "off"),
    "capture-off": (True, False),
    "trail-without-iam": (True, False),
}
"""The safe and the unsafe value of rows that report only a change from one to the other."""


def at(path: str, value: Any) -> dict[str, Any]:
    """The values of a resource with one setting."""
    name, _, rest = path.partition(".")
    return {name: [at(rest, value)] if rest else value}


def created_case(row: Setting) -> Case:
    unsafe, safe = UNSAFE_AND_SAFE[row.rule]
    return create_case(row.types[0], at(row.path, unsafe), at(row.path, safe))


def shared_case(row: Setting) -> Case:
    own, other = (at(row.path, SHARED[row.rule].format(account)) for account in (OWN, OTHER))
    return shares(row.types[0], own, other)


def weakened_case(row: Setting) -> Case:
    safe, unsafe = (at(row.path, value) for value in WEAKENED[row.rule])
    return update_case(row.types[0], safe, unsafe, safe)


MIGRATION = create_case(
    "aws_dms_endpoint",
    {"engine_name": "postgres", "ssl_mode": "none"},
    {"engine_name": "kinesis", "ssl_mode": "none"},
)
SETTINGS: dict[str, Case] = {
    **SEVERAL_VALUES,
    "migration-in-clear": MIGRATION,
    **{row.rule: created_case(row) for row in ROWS if row.rule in UNSAFE_AND_SAFE},
    **{row.rule: shared_case(row) for row in ROWS if row.rule in SHARED},
    **{row.rule: weakened_case(row) for row in ROWS if row.rule in WEAKENED},
}
