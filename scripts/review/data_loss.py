"""Describes which data is lost with a resource that is destroyed or replaced."""

from collections.abc import Mapping
from typing import NamedTuple

from .model import Action, Change


class DataResource(NamedTuple):
    """A type of resource that holds data.

    Attributes:
        noun: the usual name for such a resource.
        loss: which data a destruction loses.
        guard: the attribute that prevents the loss; empty if there is none.
        guarded: the guard's value that prevents the loss; unset counts as False.
        loss_when_guarded: what a destruction does then.
    """

    noun: str
    loss: str
    guard: str = ""
    guarded: bool = False
    loss_when_guarded: str = ""


_FAILS = "the apply fails unless it is empty"
_SNAPSHOT = "only its final snapshot is left"

# The provider's page of each resource says what a destruction does:
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs
DATA_RESOURCES: Mapping[str, DataResource] = {
    "aws_s3_bucket": DataResource("bucket", "its objects are lost", "force_destroy", False, _FAILS),
    "aws_s3_directory_bucket": DataResource("bucket", "its objects are lost", "force_destroy", False, _FAILS),
    "aws_s3_object": DataResource("object", "its content is lost"),
    "aws_ecr_repository": DataResource("repository", "its images are lost", "force_delete", False, _FAILS),
    "aws_kms_key": DataResource("key", "nobody can read what it encrypted"),
    "aws_cloudwatch_log_group": DataResource(
        "log group", "its logs are lost", "skip_destroy", True, "it stays in the account without Terraform"
    ),
    "aws_dynamodb_table": DataResource("table", "its items are lost"),
    "aws_db_instance": DataResource("database", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_rds_cluster": DataResource("database cluster", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_docdb_cluster": DataResource("database cluster", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_neptune_cluster": DataResource(
        "database cluster", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT
    ),
    "aws_redshift_cluster": DataResource("warehouse", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_elasticache_replication_group": DataResource("cache", "its cached data is lost"),
    "aws_opensearch_domain": DataResource("search domain", "its indices are lost"),
    "aws_efs_file_system": DataResource("file system", "its files are lost"),
    "aws_fsx_lustre_file_system": DataResource("file system", "its files are lost"),
    "aws_ebs_volume": DataResource("volume", "its data is lost", "final_snapshot", True, _SNAPSHOT),
    "aws_ebs_snapshot": DataResource("snapshot", "it is lost"),
    "aws_sqs_queue": DataResource("queue", "its messages are lost"),
    "aws_kinesis_stream": DataResource("stream", "its records are lost"),
    "aws_secretsmanager_secret": DataResource("secret", "its value is lost after the recovery window"),
    "aws_ssm_parameter": DataResource("parameter", "its value and history are lost"),
    "aws_cognito_user_pool": DataResource("user pool", "its users are lost"),
    "aws_backup_vault": DataResource("backup vault", "its backups are lost", "force_destroy", False, _FAILS),
    "aws_sagemaker_notebook_instance": DataResource("notebook instance", "the data on its volume is lost"),
    "aws_sagemaker_feature_group": DataResource("feature group", "its online store is lost"),
    "aws_sagemaker_model_package_group": DataResource("model package group", "its model versions are lost"),
}


def must_be_empty(change: Change) -> bool:
    """Whether AWS refuses to delete the resource while it holds anything."""
    return data_loss(change) == _FAILS


def data_loss(change: Change) -> str:
    """What happens to a resource's data, in a few words; empty if no data is lost."""
    resource = DATA_RESOURCES.get(change.type)
    gone = change.action is Action.DESTROY or (change.action is Action.REPLACE and not change.leaves_old)
    if resource is None or not gone or change.mode != "managed":
        return ""
    is_on = bool((change.before or {}).get(resource.guard))
    return resource.loss_when_guarded if resource.guard and is_on is resource.guarded else resource.loss
