"""Describes which data is lost with a resource that is destroyed or replaced."""

from collections.abc import Mapping
from typing import NamedTuple

from .model import Change
from .refusals import is_destroyed, refused_by


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
_STAYS = "it stays in the account without Terraform"

# The gravest first: databases and keys, then what people made, then copies and what is made anew.
# The provider's page of each resource says what a destruction does:
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs
DATA_RESOURCES: Mapping[str, DataResource] = {
    "aws_db_instance": DataResource("database", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_rds_cluster": DataResource("database cluster", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_docdb_cluster": DataResource("database cluster", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_neptune_cluster": DataResource(
        "database cluster", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT
    ),
    "aws_neptunegraph_graph": DataResource("graph", "its data is lost"),
    "aws_dsql_cluster": DataResource("database cluster", "its data is lost"),
    "aws_redshift_cluster": DataResource("warehouse", "its data is lost", "skip_final_snapshot", False, _SNAPSHOT),
    "aws_dynamodb_table": DataResource("table", "its items are lost"),
    "aws_qldb_ledger": DataResource("ledger", "its journal is lost"),
    "aws_kms_key": DataResource("key", "nobody can read what it encrypted"),
    "aws_kms_replica_key": DataResource("key", "nobody can read what it encrypted"),
    "aws_kms_external_key": DataResource("key", "nobody can read what it encrypted"),
    "aws_cognito_user_pool": DataResource("user pool", "its users are lost"),
    "aws_s3_bucket": DataResource("bucket", "its objects are lost", "force_destroy", False, _FAILS),
    "aws_s3_directory_bucket": DataResource("bucket", "its objects are lost", "force_destroy", False, _FAILS),
    "aws_s3tables_table_bucket": DataResource("table bucket", "its tables are lost", "force_destroy", False, _FAILS),
    "aws_efs_file_system": DataResource("file system", "its files are lost"),
    "aws_fsx_lustre_file_system": DataResource("file system", "its files are lost"),
    "aws_ebs_volume": DataResource("volume", "its data is lost", "final_snapshot", True, _SNAPSHOT),
    "aws_backup_vault": DataResource("backup vault", "its backups are lost", "force_destroy", False, _FAILS),
    "aws_ebs_snapshot": DataResource("snapshot", "it is lost"),
    # https://docs.aws.amazon.com/amazonglacier/latest/dev/api-vault-delete.html
    "aws_glacier_vault": DataResource("vault", _FAILS),
    "aws_secretsmanager_secret": DataResource("secret", "its value is lost after the recovery window"),
    "aws_route53_zone": DataResource("hosted zone", "its records are lost", "force_destroy", False, _FAILS),
    "aws_opensearch_domain": DataResource("search domain", "its indices are lost"),
    "aws_sagemaker_model_package_group": DataResource("model package group", "its model versions are lost"),
    "aws_sagemaker_feature_group": DataResource("feature group", "its online store is lost"),
    "aws_ecr_repository": DataResource("repository", "its images are lost", "force_delete", False, _FAILS),
    "aws_ecrpublic_repository": DataResource("repository", "its images are lost", "force_destroy", False, _FAILS),
    "aws_athena_workgroup": DataResource("workgroup", "its saved queries are lost", "force_destroy", False, _FAILS),
    "aws_cloudtrail_event_data_store": DataResource("event data store", "its events are lost after 7 days"),
    "aws_cloudwatch_log_group": DataResource("log group", "its logs are lost", "skip_destroy", True, _STAYS),
    "aws_kinesis_stream": DataResource("stream", "its records are lost"),
    "aws_sqs_queue": DataResource("queue", "its messages are lost"),
    "aws_sagemaker_notebook_instance": DataResource("notebook instance", "the data on its volume is lost"),
    "aws_s3_object": DataResource("object", "its content is lost"),
    "aws_ssm_parameter": DataResource("parameter", "its value and history are lost"),
    "aws_elasticache_replication_group": DataResource("cache", "its cached data is lost"),
}
_GRAVITY = {kind: place for place, kind in enumerate(DATA_RESOURCES)}


def must_be_empty(change: Change) -> bool:
    """Whether AWS refuses to delete the resource while it holds anything."""
    return data_loss(change) == _FAILS


def loses_data(change: Change) -> bool:
    """Whether a change may lose data: AWS carries it out, and nothing keeps the data."""
    return bool(data_loss(change)) and not (change.before or {}).get("skip_destroy")


def gravity(change: Change) -> tuple[int, int]:
    """The order of losses of the same severity: those without a snapshot first, then by what the resource holds."""
    kept = data_loss(change) in (_SNAPSHOT, _FAILS)
    return kept, _GRAVITY.get(change.type, len(_GRAVITY))


def data_loss(change: Change) -> str:
    """What happens to a resource's data, in a few words; empty if no data is lost."""
    resource = DATA_RESOURCES.get(change.type)
    if resource is None or not is_destroyed(change) or refused_by(change):
        return ""
    is_on = bool((change.before or {}).get(resource.guard))
    return resource.loss_when_guarded if resource.guard and is_on is resource.guarded else resource.loss
