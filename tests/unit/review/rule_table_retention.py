"""For each rule on retention, encryption, logs and the plan itself: a plan that triggers it, and a similar one."""

from typing import Any

from scripts.review.model import Action, FailedCheck, OutputChange
from tests.unit.review.rule_plans import (
    Case,
    change,
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


def encryption(algorithm: str, key: str | None = None) -> dict[str, Any]:
    default = {"sse_algorithm": algorithm, "kms_master_key_id": key}
    return {"bucket": "b", "rule": [{"apply_server_side_encryption_by_default": [default]}]}


def versioning(status: str) -> dict[str, Any]:
    return {"bucket": "b", "versioning_configuration": [{"status": status}]}


def expiry(days: int) -> dict[str, Any]:
    return {"bucket": "b", "rule": [{"id": "old", "status": "Enabled", "expiration": [{"days": days}]}]}


def lock(days: int) -> dict[str, Any]:
    return {"bucket": "b", "rule": [{"default_retention": [{"mode": "COMPLIANCE", "days": days}]}]}


def job(count: int) -> dict[str, Any]:
    return {"job_resources": [{"cluster_config": [{"instance_count": count}]}], "network_config": []}


RETENTION: dict[str, Case] = {
    "plan-errored": Case(plan(errored=True, complete=False), plan(errored=False)),
    "plan-incomplete": Case(plan(complete=False), plan(complete=False, errored=True)),
    "change-deferred": Case(plan(deferred=(("instance_count_unknown", created("aws_s3_bucket_acl")),)), plan()),
    "check-failed": Case(plan(failed_checks=(FailedCheck("check.health"),)), plan(failed_checks=())),
    "data-destroyed": Case(
        plan(destroyed("aws_s3_bucket", bucket="b", force_destroy=True)),
        plan(change("aws_s3_bucket.x", Action.FORGET, {"bucket": "b", "force_destroy": True}, None)),
    ),
    "destroyed-if-empty": Case(
        plan(destroyed("aws_ecr_repository", name="r", force_delete=False)),
        plan(destroyed("aws_ecr_repository", name="r", force_delete=True)),
    ),
    "destruction-refused": Case(
        plan(destroyed("aws_db_instance", deletion_protection=True)),
        plan(destroyed("aws_db_instance", deletion_protection=False)),
    ),
    "data-replaced": Case(
        plan(replaced("aws_dynamodb_table", {"name": "a"}, {"name": "b"}, replace_paths=(("name",),))),
        plan(replaced("aws_dynamodb_table", {"name": "a"}, {"name": "b"}, leaves_old=True)),
    ),
    "contents-lost": Case(
        plan(destroyed("aws_sqs_queue", name="q")), plan(updated("aws_sqs_queue", {"name": "q"}, {"name": "q"}))
    ),
    "resource-forgotten": Case(
        plan(change("aws_iam_role.x", Action.FORGET, {"id": "r"}, None)), plan(destroyed("aws_iam_role", id="r"))
    ),
    "encryption-weakened": update_case(
        "aws_cloudwatch_log_group", {"kms_key_id": "arn:key"}, {"kms_key_id": ""}, {"kms_key_id": "arn:other"}
    ),
    "deletion-protection-off": update_case(
        "aws_db_instance",
        {"deletion_protection": True},
        {"deletion_protection": False},
        {"deletion_protection": True, "tags": {"a": "b"}},
    ),
    "retention-shortened": update_case(
        "aws_cloudwatch_log_group", {"retention_in_days": 0}, {"retention_in_days": 30}, {"retention_in_days": 0}
    ),
    "output-renamed": Case(
        plan(
            updated("aws_s3_bucket", {"bucket": "old"}, {"bucket": "new"}),
            outputs=(OutputChange("bucket", Action.UPDATE, "old", "new"),),
        ),
        plan(
            updated("aws_s3_bucket", {"bucket": "old"}, {"bucket": "new"}),
            outputs=(OutputChange("greeting", Action.UPDATE, "hello", "hi"),),
        ),
    ),
    "unknown-until-apply": Case(
        plan(created("aws_iam_role_policy", {"policy": True}, role="r")),
        plan(created("aws_iam_role_policy", {"id": True}, role="r", policy=policy({"Resource": "arn:aws:s3:::b/*"}))),
    ),
    "s3-versioning-suspended": update_case(
        "aws_s3_bucket_versioning", versioning("Enabled"), versioning("Suspended"), versioning("Enabled")
    ),
    "s3-encryption-weakened": update_case(
        "aws_s3_bucket_server_side_encryption_configuration",
        encryption("aws:kms", "k"),
        encryption("AES256"),
        encryption("aws:kms:dsse", "k"),
    ),
    "s3-force-destroy": create_case("aws_s3_bucket", {"force_destroy": True}, {"force_destroy": False}),
    "s3-logging-removed": Case(
        plan(destroyed("aws_s3_bucket_logging", bucket="b")),
        plan(destroyed("aws_s3_bucket_logging", bucket="b"), created("aws_s3_bucket_logging.y", bucket="b")),
    ),
    "s3-expires-sooner": update_case("aws_s3_bucket_lifecycle_configuration", expiry(30), expiry(7), expiry(60)),
    "s3-object-lock-weakened": update_case("aws_s3_bucket_object_lock_configuration", lock(30), lock(7), lock(60)),
    "ecr-mutable-tags": create_case(
        "aws_ecr_repository", {"image_tag_mutability": "MUTABLE"}, {"image_tag_mutability": "IMMUTABLE"}
    ),
    "ecr-no-scan": create_case(
        "aws_ecr_repository",
        {"image_scanning_configuration": []},
        {"image_scanning_configuration": [{"scan_on_push": True}]},
    ),
    "ecr-no-lifecycle": Case(
        plan(
            untouched("aws_ecr_repository", name="r"),
            destroyed("aws_ecr_lifecycle_policy", repository="r", policy="{}"),
        ),
        plan(untouched("aws_ecr_repository", name="r")),
    ),
    "ecr-force-delete": create_case("aws_ecr_repository", {"force_delete": True}, {"force_delete": False}),
    "kms-key-deleted": Case(
        plan(destroyed("aws_kms_key", deletion_window_in_days=7)),
        plan(updated("aws_kms_key", {"deletion_window_in_days": 7}, {"deletion_window_in_days": 30})),
    ),
    "kms-no-rotation": create_case(
        "aws_kms_key",
        {"enable_key_rotation": False},
        {"enable_key_rotation": False, "customer_master_key_spec": "RSA_4096", "key_usage": "SIGN_VERIFY"},
    ),
    "kms-short-deletion-window": create_case(
        "aws_kms_key", {"deletion_window_in_days": 7}, {"deletion_window_in_days": 30}
    ),
    "kms-key-disabled": create_case("aws_kms_key", {"is_enabled": False}, {"is_enabled": True}),
    "logs-kept-forever": create_case("aws_cloudwatch_log_group", {"retention_in_days": 0}, {"retention_in_days": 30}),
    "audit-stopped": update_case(
        "aws_cloudtrail", {"enable_logging": True}, {"enable_logging": False}, {"enable_logging": True}
    ),
    "sns-not-encrypted": Case(
        plan(created("aws_sns_topic", name="t")), plan(created("aws_sns_topic", {"kms_master_key_id": True}, name="t"))
    ),
    "sqs-not-encrypted": create_case(
        "aws_sqs_queue",
        {"sqs_managed_sse_enabled": False},
        {"sqs_managed_sse_enabled": False, "kms_master_key_id": "alias/aws/sqs"},
    ),
    "ebs-not-encrypted": Case(
        plan(created("aws_ebs_volume", encrypted=False)),
        plan(created("aws_ebs_volume", encrypted=False), created("aws_ebs_encryption_by_default", enabled=True)),
    ),
    "rds-not-encrypted": create_case(
        "aws_db_instance", {"storage_encrypted": False}, {"storage_encrypted": False, "replicate_source_db": "other"}
    ),
    "rds-no-deletion-protection": create_case(
        "aws_db_instance", {"deletion_protection": False}, {"deletion_protection": True}
    ),
    "rds-no-backups": create_case("aws_db_instance", {"backup_retention_period": 0}, {"backup_retention_period": 7}),
    "rds-no-final-snapshot": create_case(
        "aws_db_instance", {"skip_final_snapshot": True}, {"skip_final_snapshot": False}
    ),
    "dynamodb-no-recovery": create_case(
        "aws_dynamodb_table", {"point_in_time_recovery": []}, {"point_in_time_recovery": [{"enabled": True}]}
    ),
    "efs-not-encrypted": create_case("aws_efs_file_system", {"encrypted": False}, {"encrypted": True}),
    "secret-deleted-at-once": create_case(
        "aws_secretsmanager_secret", {"recovery_window_in_days": 0}, {"recovery_window_in_days": 7}
    ),
    "sagemaker-traffic-in-clear": create_case("aws_sagemaker_data_quality_job_definition", job(2), job(1)),
    "sagemaker-endpoint-no-key": Case(
        plan(created("aws_sagemaker_endpoint_configuration", production_variants=[{"model_name": "m"}])),
        plan(
            created(
                "aws_sagemaker_endpoint_configuration",
                production_variants=[{"model_name": "m", "serverless_config": [{"max_concurrency": 1}]}],
            )
        ),
    ),
}
