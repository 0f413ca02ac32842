"""For each rule on access: a plan that triggers it, and a similar one that does not."""

import base64
import json
from typing import Any

from scripts.review.model import Plan
from tests.unit.review.rule_plans import (
    Case,
    create_case,
    created,
    destroyed,
    plan,
    policy,
    replaced,
    untouched,
    update_case,
    updated,
)

EVERYBODY: dict[str, Any] = {"Principal": "*"}
OURS: dict[str, Any] = {"Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}}
OWN = "111122223333"
ROLE = "arn:aws:iam::111122223333:role/worker"


def public(kind: str, attribute: str = "policy") -> Case:
    return create_case(kind, {attribute: policy(EVERYBODY)}, {attribute: policy(OURS)})


def trust(hit: dict[str, Any], miss: dict[str, Any]) -> Case:
    both = ({"Action": "sts:AssumeRole", **each} for each in (hit, miss))
    first, second = ({"assume_role_policy": policy(each)} for each in both)
    return create_case("aws_iam_role", first, second)


def allows(hit: dict[str, Any], miss: dict[str, Any]) -> Case:
    return create_case("aws_iam_role_policy", {"policy": policy(hit)}, {"policy": policy(miss)})


def between(kind: str, action: str) -> Case:
    """A policy that grants access to another account, and one for the plan's own account."""
    others, own = (
        plan(created(kind, policy=policy({"Principal": {"AWS": who}, "Action": action})), accounts=frozenset({OWN}))
        for who in ("444455556666", OWN)
    )
    return Case(others, own)


def writes_out(attribute: str, text: str) -> Plan:
    """A plan whose configuration writes out a database's attribute."""
    database = created("aws_db_instance", **{attribute: text})
    return plan(database, literals={database.address: ((attribute, text),)})


def build(kind: str) -> dict[str, Any]:
    """A build project with one environment variable of this type."""
    variable = {"name": "DB_PASSWORD", "value": "hunter2", "type": kind}
    return {"environment": [{"environment_variable": [variable]}]}


def containers(password: str | None) -> dict[str, Any]:
    """A task whose container gets a password in clear, or by reference."""
    kept = {"name": "DB_PASSWORD", "valueFrom": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:db-AbCdEf"}
    mode = {"name": "MODE", "value": "fast"}
    clear = [mode, {"name": "DB_PASSWORD", "value": password}] if password else [mode]
    return {"container_definitions": json.dumps([{"name": "web", "environment": clear, "secrets": [kept]}])}


def ingress(low: int, high: int, network: str, protocol: str = "tcp") -> dict[str, Any]:
    rule = {"protocol": protocol, "from_port": low, "to_port": high, "cidr_blocks": [network], "ipv6_cidr_blocks": []}
    return {"ingress": [rule]}


SAGEMAKER = {"Principal": {"Service": "sagemaker.amazonaws.com"}}
GITHUB = "token.actions.githubusercontent.com"
FEDERATED = {"Principal": {"Federated": f"arn:aws:iam::111122223333:oidc-provider/{GITHUB}"}}
_FOUR = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
BLOCKS = dict.fromkeys(_FOUR, True)

ACCESS: dict[str, Case] = {
    "s3-public-policy": public("aws_s3_bucket_policy"),
    "s3-public-acl": create_case("aws_s3_bucket_acl", {"acl": "public-read"}, {"acl": "private"}),
    "s3-public-access-open": create_case(
        "aws_s3_bucket_public_access_block", {**BLOCKS, "block_public_acls": False, "bucket": "b"}, BLOCKS
    ),
    "s3-public-access-not-blocked": Case(
        plan(created("aws_s3_bucket", bucket="b"), created("aws_s3_bucket_public_access_block", bucket="c", **BLOCKS)),
        plan(created("aws_s3_bucket", bucket="b"), created("aws_s3_bucket_public_access_block", bucket="b", **BLOCKS)),
    ),
    "s3-public-access-block-removed": Case(
        plan(destroyed("aws_s3_bucket_public_access_block", bucket="b", **BLOCKS)),
        plan(
            destroyed("aws_s3_bucket_public_access_block", bucket="b", **BLOCKS),
            destroyed("aws_s3_bucket", bucket="b"),
        ),
    ),
    "s3-tls-not-required": Case(
        plan(
            updated(
                "aws_s3_bucket_policy",
                {
                    "bucket": "b",
                    "policy": policy({"Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}),
                },
                {"bucket": "b", "policy": policy(OURS)},
            )
        ),
        plan(
            updated(
                "aws_s3_bucket_policy",
                {"bucket": "b", "policy": policy(OURS)},
                {"bucket": "b", "policy": policy({"Effect": "Deny"})},
            )
        ),
    ),
    "s3-acls-enabled": create_case(
        "aws_s3_bucket_ownership_controls",
        {"rule": [{"object_ownership": "ObjectWriter"}]},
        {"rule": [{"object_ownership": "BucketOwnerEnforced"}]},
    ),
    "iam-admin-policy": allows({"Action": "*"}, {"Action": "*", "Resource": "arn:aws:s3:::b/*"}),
    "iam-service-wildcard": allows({"Action": "s3:*"}, {"Action": "s3:*", "Resource": "arn:aws:s3:::b/*"}),
    "iam-data-everywhere": allows(
        {"Action": ["secretsmanager:Get*", "s3:*"]}, {"Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}
    ),
    "iam-allow-not-action": Case(
        plan(created("aws_iam_policy", policy='{"Statement":{"Effect":"Allow","NotAction":"iam:*","Resource":"*"}}')),
        plan(created("aws_iam_policy", policy='{"Statement":{"Effect":"Deny","NotAction":"iam:*","Resource":"*"}}')),
    ),
    "iam-pass-role": allows({"Action": "iam:Pass*"}, {"Action": "iam:PassRole", "Resource": ROLE}),
    "iam-escalation": allows(
        {"Action": ["iam:createpolicyVersion"]}, {"Action": ["iam:CreatePolicyVersion"], "Resource": ROLE}
    ),
    "iam-admin-attachment": create_case(
        "aws_iam_role_policy_attachment",
        {"policy_arn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        {"policy_arn": "arn:aws:iam::111122223333:policy/AdministratorAccess"},
    ),
    "iam-access-key": create_case("aws_iam_access_key", {"status": "Active"}, {"status": "Inactive"}),
    "iam-user": Case(plan(created("aws_iam_user", name="ada")), plan(created("aws_iam_role", name="ada"))),
    "iam-boundary-removed": update_case(
        "aws_iam_role", {"permissions_boundary": ROLE}, {"permissions_boundary": ""}, {"permissions_boundary": "other"}
    ),
    "iam-exclusive-policies": Case(
        plan(created("aws_iam_role_policies_exclusive", role_name="r", policy_names=["p"])),
        plan(
            created("aws_iam_role_policies_exclusive", role_name="r", policy_names=["p"]),
            untouched("aws_iam_role", name="r", inline_policy=[{"name": "p"}]),
        ),
    ),
    "iam-trust-public": trust({"Principal": {"AWS": "*"}}, {"Principal": {"AWS": "111122223333"}}),
    "iam-trust-account": trust(
        {"Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
        {"Principal": {"AWS": "arn:aws:iam::111122223333:role/deploy"}},
    ),
    "iam-confused-deputy": trust(
        SAGEMAKER, {**SAGEMAKER, "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}}}
    ),
    "iam-oidc-unbound": trust(
        {**FEDERATED, "Condition": {"StringLike": {f"{GITHUB}:sub": "repo:*"}}},
        {**FEDERATED, "Condition": {"StringEquals": {f"{GITHUB}:sub": "repo:a/b:environment:prod"}}},
    ),
    "outside-account-rights": between("aws_kms_key_policy", "kms:Decrypt"),
    "outside-account-access": between("aws_ecr_repository_policy", "ecr:BatchGetImage"),
    "ecr-public-policy": public("aws_ecr_repository_policy"),
    "kms-public-policy": public("aws_kms_key_policy"),
    "logs-public-policy": public("aws_cloudwatch_log_resource_policy", "policy_document"),
    "sns-public-policy": public("aws_sns_topic_policy"),
    "sqs-public-policy": public("aws_sqs_queue_policy"),
    "events-public-bus": public("aws_cloudwatch_event_bus_policy"),
    "secret-public-policy": public("aws_secretsmanager_secret_policy"),
    "dynamodb-public-policy": public("aws_dynamodb_resource_policy"),
    "efs-public-policy": create_case(
        "aws_efs_file_system_policy",
        {"policy": policy(EVERYBODY)},
        {"policy": policy({**EVERYBODY, "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}})},
    ),
    "endpoint-open-policy": create_case(
        "aws_vpc_endpoint", {"policy": policy({**EVERYBODY, "Action": "*"})}, {"policy": policy(EVERYBODY)}
    ),
    "lambda-public-permission": create_case(
        "aws_lambda_permission",
        {"principal": "*", "action": "lambda:InvokeFunction"},
        {"principal": "*", "action": "lambda:InvokeFunction", "principal_org_id": "o-a1b2c3d4e5"},
    ),
    "lambda-any-source": create_case(
        "aws_lambda_permission",
        {"principal": "s3.amazonaws.com"},
        {"principal": "s3.amazonaws.com", "source_account": "111122223333"},
    ),
    "lambda-url-without-auth": create_case(
        "aws_lambda_function_url", {"authorization_type": "NONE"}, {"authorization_type": "AWS_IAM"}
    ),
    "lambda-secret-in-environment": create_case(
        "aws_lambda_function",
        {"environment": [{"variables": {"DB_PASSWORD": "hunter2"}}]},
        {"environment": [{"variables": {"DB_PASSWORD_ARN": "arn:aws:secretsmanager:…", "MODE": "fast"}}]},
    ),
    "sagemaker-secret-in-environment": create_case(
        "aws_sagemaker_model",
        {"primary_container": [{"image": "i", "environment": {"HF_TOKEN": "hunter2"}}]},
        {"primary_container": [{"image": "i", "environment": {"PAD_TOKEN": "[PAD]", "HF_TOKEN": "none"}}]},
    ),
    "codebuild-secret-in-environment": create_case(
        "aws_codebuild_project", build("PLAINTEXT"), build("SECRETS_MANAGER")
    ),
    "ecs-secret-in-environment": create_case("aws_ecs_task_definition", containers("hunter2"), containers(None)),
    "sg-open-everything": create_case(
        "aws_security_group", ingress(0, 0, "0.0.0.0/0", "-1"), ingress(0, 0, "10.0.0.0/8", "-1")
    ),
    "sg-open-admin-port": create_case(
        "aws_security_group", ingress(20, 30, "0.0.0.0/0"), ingress(23, 23, "10.1.0.0/16")
    ),
    "sg-open-port": create_case("aws_security_group", ingress(8080, 8080, "0.0.0.0/0"), ingress(443, 443, "0.0.0.0/0")),
    "sg-open-web": create_case("aws_security_group", ingress(443, 443, "0.0.0.0/0"), ingress(443, 443, "192.0.2.0/24")),
    "nacl-open-admin-port": create_case(
        "aws_network_acl_rule",
        {"rule_action": "allow", "protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_block": "0.0.0.0/0"},
        {"rule_action": "deny", "protocol": "tcp", "from_port": 22, "to_port": 22, "cidr_block": "0.0.0.0/0"},
    ),
    "nacl-open-everything": create_case(
        "aws_network_acl_rule",
        {"rule_action": "allow", "protocol": "-1", "from_port": 0, "to_port": 0, "cidr_block": "0.0.0.0/0"},
        {"rule_action": "allow", "protocol": "-1", "from_port": 0, "to_port": 0, "cidr_block": "10.0.0.0/8"},
    ),
    "subnet-public-addresses": create_case(
        "aws_subnet", {"map_public_ip_on_launch": True}, {"map_public_ip_on_launch": False}
    ),
    "ec2-imds-v1": create_case(
        "aws_instance",
        {"metadata_options": [{"http_tokens": "optional"}]},
        {"metadata_options": [{"http_tokens": "required"}]},
    ),
    "ec2-public-address": create_case(
        "aws_instance", {"associate_public_ip_address": True}, {"associate_public_ip_address": False}
    ),
    "snapshot-public": create_case("aws_ami_launch_permission", {"group": "all"}, {"account_id": "111122223333"}),
    "rds-public": create_case("aws_db_instance", {"publicly_accessible": True}, {"publicly_accessible": False}),
    "secret-in-configuration": Case(writes_out("password", "made-up-example"), writes_out("password", "")),
    "secret-in-script": create_case(
        "aws_launch_template",
        {"user_data": base64.b64encode(b"#!/bin/sh\nexport DB_PASSWORD=made-up-example\n").decode()},
        {"user_data": base64.b64encode(b"#!/bin/sh\nexport DB_PASSWORD=$(fetch password)\n").decode()},
    ),
    "ssm-secret-in-clear": create_case(
        "aws_ssm_parameter",
        {"type": "String", "name": "/app/db/password"},
        {"type": "SecureString", "name": "/app/db/password"},
    ),
    "sagemaker-full-access": create_case(
        "aws_iam_role_policy_attachment",
        {"policy_arn": "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"},
        {"policy_arn": "arn:aws:iam::aws:policy/AmazonSageMakerReadOnly"},
    ),
    "sagemaker-notebook-internet": create_case(
        "aws_sagemaker_notebook_instance",
        {"direct_internet_access": "Enabled"},
        {"direct_internet_access": "Disabled"},
    ),
    "sagemaker-notebook-root": create_case(
        "aws_sagemaker_notebook_instance", {"root_access": "Enabled"}, {"root_access": "Disabled"}
    ),
    "sagemaker-notebook-imds-v1": create_case(
        "aws_sagemaker_notebook_instance",
        {"instance_metadata_service_configuration": [{"minimum_instance_metadata_service_version": "1"}]},
        {"instance_metadata_service_configuration": [{"minimum_instance_metadata_service_version": "2"}]},
    ),
    "sagemaker-no-isolation": create_case(
        "aws_sagemaker_model", {"enable_network_isolation": False}, {"enable_network_isolation": True}
    ),
    "sagemaker-domain-internet": create_case(
        "aws_sagemaker_domain", {"app_network_access_type": None}, {"app_network_access_type": "VpcOnly"}
    ),
    "identity-replaced": Case(
        plan(replaced("aws_iam_role", {"arn": ROLE, "name": "a"}, {"name": "b"}, replace_paths=(("name",),))),
        plan(updated("aws_iam_role", {"arn": ROLE, "path": "/"}, {"arn": ROLE, "path": "/"})),
    ),
}
