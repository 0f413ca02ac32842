"""Says what data is lost with a resource that is destroyed or replaced."""

from collections.abc import Mapping
from typing import NamedTuple

from scripts.review.model import Action, Change


class Holding(NamedTuple):
    """What resources of one type hold.

    Attributes:
        noun: what people call such a resource.
        lost: what a destruction does to what it holds.
        guard: the attribute that keeps it from being lost; empty where there is none.
        guarded: the value of the guard that keeps it; one that is not set counts as off.
        instead: what the destruction does then.
    """

    noun: str
    lost: str
    guard: str = ""
    guarded: bool = False
    instead: str = ""


_FAILS = "the apply fails unless it is empty"
_SNAPSHOT = "only its final snapshot is left"

# What each destruction does is in the provider's page of the resource:
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs
HOLDINGS: Mapping[str, Holding] = {
    "aws_s3_bucket": Holding("bucket", "its objects are lost", "force_destroy", False, _FAILS),
    "aws_s3_directory_bucket": Holding("bucket", "its objects are lost", "force_destroy", False, _FAILS),
    "aws_s3_object": Holding("object", "its content is lost"),
    "aws_ecr_repository": Holding("repository", "its images are lost", "force_delete", False, _FAILS),
    "aws_kms_key": Holding("key", "what it encrypts cannot be read any more"),
    "aws_cloudwatch_log_group": Holding(
        "log group", "its logs are lost", "skip_destroy", True, "it stays in the account, out of Terraform's sight"
    ),
    "aws_dynamodb_table": Holding("table", "its items are lost"),
    "aws_db_instance": Holding("database", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_rds_cluster": Holding("database cluster", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_docdb_cluster": Holding("database cluster", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_neptune_cluster": Holding("database cluster", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_redshift_cluster": Holding("warehouse", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_elasticache_replication_group": Holding("cache", "what it holds is lost"),
    "aws_opensearch_domain": Holding("search domain", "its indices are lost"),
    "aws_efs_file_system": Holding("file system", "its files are lost"),
    "aws_fsx_lustre_file_system": Holding("file system", "its files are lost"),
    "aws_ebs_volume": Holding("volume", "its data is lost", "final_snapshot", True, _SNAPSHOT),
    "aws_ebs_snapshot": Holding("snapshot", "it is lost"),
    "aws_sqs_queue": Holding("queue", "its messages are lost"),
    "aws_kinesis_stream": Holding("stream", "its records are lost"),
    "aws_secretsmanager_secret": Holding("secret", "its value is lost after the recovery window"),
    "aws_ssm_parameter": Holding("parameter", "its value and history are lost"),
    "aws_cognito_user_pool": Holding("user pool", "its users are lost"),
    "aws_backup_vault": Holding("backup vault", "its backups are lost", "force_destroy", False, _FAILS),
    "aws_sagemaker_notebook_instance": Holding("notebook instance", "what is on its volume is lost"),
    "aws_sagemaker_feature_group": Holding("feature group", "its online store is lost"),
    "aws_sagemaker_model_package_group": Holding("model package group", "its model versions are lost"),
}


def refused(change: Change) -> bool:
    """Whether AWS refuses to delete what is destroyed or replaced for as long as it holds something."""
    return lost(change) == _FAILS


def lost(change: Change) -> str:
    """What becomes of the data that a resource holds, in a few words; empty where none is concerned."""
    holding = HOLDINGS.get(change.type)
    gone = change.action is Action.DESTROY or (change.action is Action.REPLACE and not change.leaves_old)
    if holding is None or not gone or change.mode != "managed":
        return ""
    is_on = bool((change.before or {}).get(holding.guard))
    return holding.instead if holding.guard and is_on is holding.guarded else holding.lost
