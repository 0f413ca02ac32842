"""For each rule about a setting: a plan that triggers it, and a similar one that does not."""

import json
from typing import Any

from scripts.review.model import Plan
from tests.unit.review.rule_plans import Case, create_case, created, destroyed, plan, update_case, updated

OWN, OTHER = "111122223333", "444455556666"


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
SETTINGS: dict[str, Case] = {
    "ebs-default-encryption-off": update_case(
        "aws_ebs_encryption_by_default", {"enabled": True}, {"enabled": False}, {"enabled": True}
    ),
    "lb-weak-tls": create_case(
        "aws_lb_listener",
        {"ssl_policy": "ELBSecurityPolicy-2016-08"},
        {"ssl_policy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    ),
    "cdn-weak-tls": create_case(
        "aws_cloudfront_distribution",
        {"viewer_certificate": [{"minimum_protocol_version": "TLSv1.1_2016"}]},
        {"viewer_certificate": [{"minimum_protocol_version": "TLSv1.2_2021"}]},
    ),
    "search-weak-tls": create_case(
        "aws_opensearch_domain",
        {"domain_endpoint_options": [{"tls_security_policy": "Policy-Min-TLS-1-0-2019-07"}]},
        {"domain_endpoint_options": [{"tls_security_policy": "Policy-Min-TLS-1-2-PFS-2023-10"}]},
    ),
    "eks-endpoint-open": update_case(
        "aws_eks_cluster",
        cluster(endpoint_public_access=False),
        EVERYWHERE,
        cluster(endpoint_public_access=False, public_access_cidrs=["0.0.0.0/0"]),
    ),
    "eks-cluster-admin": create_case(
        "aws_eks_access_policy_association",
        {"policy_arn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"},
        {"policy_arn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"},
    ),
    "cognito-unauthenticated": create_case(
        "aws_cognito_identity_pool",
        {"allow_unauthenticated_identities": True},
        {"allow_unauthenticated_identities": False},
    ),
    "endpoint-service-open": create_case(
        "aws_vpc_endpoint_service",
        {"allowed_principals": [f"arn:aws:iam::{OWN}:root", "*"], "acceptance_required": True},
        {"allowed_principals": [f"arn:aws:iam::{OWN}:root"], "acceptance_required": True},
    ),
    "endpoint-service-unattended": create_case(
        "aws_vpc_endpoint_service", {"acceptance_required": False}, {"acceptance_required": True}
    ),
    "endpoint-service-for-all": create_case(
        "aws_vpc_endpoint_service_allowed_principal",
        {"principal_arn": "*"},
        {"principal_arn": f"arn:aws:iam::{OWN}:root"},
    ),
    "ecs-host-processes": create_case("aws_ecs_task_definition", {"pid_mode": "host"}, {"pid_mode": "task"}),
    "ecs-host-mounted": create_case(
        "aws_ecs_task_definition",
        {"volume": [{"name": "data"}, {"host_path": "/var/run/docker.sock"}]},
        {"volume": [{"host_path": "/srv/data"}]},
    ),
    "ecs-privileged": create_case("aws_ecs_task_definition", task(privileged=True), task(privileged=False)),
    "trail-off": create_case("aws_cloudtrail", {"enable_logging": False}, {"enable_logging": True}),
    "guardduty-off": create_case("aws_guardduty_detector", {"enable": False}, {"enable": True}),
    "snapshot-shared": shares("aws_snapshot_create_volume_permission", {"account_id": OWN}, {"account_id": OTHER}),
    "db-snapshot-shared": shares("aws_db_snapshot", {"shared_accounts": [OWN]}, {"shared_accounts": [OWN, OTHER]}),
    "key-granted-outside": shares(
        "aws_kms_grant",
        {"grantee_principal": f"arn:aws:iam::{OWN}:root"},
        {"grantee_principal": f"arn:aws:iam::{OTHER}:root"},
    ),
    "s3-replicated-outside": shares(
        "aws_s3_bucket_replication_configuration",
        {"rule": [{"destination": [{"bucket": "arn:aws:s3:::b"}]}]},
        {"rule": [{"destination": [{"account": OTHER, "bucket": "arn:aws:s3:::b"}]}]},
    ),
    "logs-sent-outside": shares(
        "aws_cloudwatch_log_subscription_filter",
        {"destination_arn": f"arn:aws:logs:eu-west-1:{OWN}:destination:d"},
        {"destination_arn": f"arn:aws:logs:eu-west-1:{OTHER}:destination:d"},
    ),
    "eks-access-outside": shares(
        "aws_eks_access_entry",
        {"principal_arn": f"arn:aws:iam::{OWN}:role/x"},
        {"principal_arn": f"arn:aws:iam::{OTHER}:role/x"},
    ),
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
}
