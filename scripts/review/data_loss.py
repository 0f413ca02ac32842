"""Describes which data is lost with a resource that is destroyed or replaced."""

from collections.abc import Mapping
from typing import NamedTuple

from .model import NOTHING, Change, Shown
from .refusals import is_destroyed, refused_by
from .secrets.shown import said


class DataResource(NamedTuple):
    """A type of resource that holds data.

    Attributes:
        noun: the usual name for such a resource.
        loss: which data a destruction loses.
        guard: the attribute that prevents the loss; empty if there is none.
        guarded: the guard's value that prevents the loss; unset counts as False.
        loss_when_guarded: what a destruction does then.
    """

    noun: Shown
    loss: Shown
    guard: str = ""
    guarded: bool = False
    loss_when_guarded: Shown = NOTHING


_FAILS = said("the apply fails unless it is empty")
_SNAPSHOT = said("only its final snapshot is left")
_STAYS = said("it stays in the account without Terraform")

# The gravest first: databases and keys, then what people made, then copies and what is made anew.
# The provider's page of each resource says what a destruction does:
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs
DATA_RESOURCES: Mapping[str, DataResource] = {
    "aws_db_instance": DataResource(
        said("database"), said("its data is lost"), "skip_final_snapshot", False, _SNAPSHOT
    ),
    "aws_rds_cluster": DataResource(
        said("database cluster"), said("its data is lost"), "skip_final_snapshot", False, _SNAPSHOT
    ),
    "aws_docdb_cluster": DataResource(
        said("database cluster"), said("its data is lost"), "skip_final_snapshot", False, _SNAPSHOT
    ),
    "aws_neptune_cluster": DataResource(
        said("database cluster"), said("its data is lost"), "skip_final_snapshot", False, _SNAPSHOT
    ),
    "aws_neptunegraph_graph": DataResource(said("graph"), said("its data is lost")),
    "aws_dsql_cluster": DataResource(said("database cluster"), said("its data is lost")),
    "aws_redshift_cluster": DataResource(
        said("warehouse"), said("its data is lost"), "skip_final_snapshot", False, _SNAPSHOT
    ),
    "aws_dynamodb_table": DataResource(said("table"), said("its items are lost")),
    "aws_qldb_ledger": DataResource(said("ledger"), said("its journal is lost")),
    "aws_kms_key": DataResource(said("key"), said("nobody can read what it encrypted")),
    "aws_kms_replica_key": DataResource(said("key"), said("nobody can read what it encrypted")),
    "aws_kms_external_key": DataResource(said("key"), said("nobody can read what it encrypted")),
    "aws_cognito_user_pool": DataResource(said("user pool"), said("its users are lost")),
    "aws_s3_bucket": DataResource(said("bucket"), said("its objects are lost"), "force_destroy", False, _FAILS),
    "aws_s3_directory_bucket": DataResource(
        said("bucket"), said("its objects are lost"), "force_destroy", False, _FAILS
    ),
    "aws_s3tables_table_bucket": DataResource(
        said("table bucket"), said("its tables are lost"), "force_destroy", False, _FAILS
    ),
    "aws_efs_file_system": DataResource(said("file system"), said("its files are lost")),
    "aws_fsx_lustre_file_system": DataResource(said("file system"), said("its files are lost")),
    "aws_ebs_volume": DataResource(said("volume"), said("its data is lost"), "final_snapshot", True, _SNAPSHOT),
    "aws_backup_vault": DataResource(
        said("backup vault"), said("its backups are lost"), "force_destroy", False, _FAILS
    ),
    "aws_ebs_snapshot": DataResource(said("snapshot"), said("it is lost")),
    # https://docs.aws.amazon.com/amazonglacier/latest/dev/api-vault-delete.html
    "aws_glacier_vault": DataResource(said("vault"), _FAILS),
    "aws_secretsmanager_secret": DataResource(said("secret"), said("its value is lost after the recovery window")),
    "aws_route53_zone": DataResource(said("hosted zone"), said("its records are lost"), "force_destroy", False, _FAILS),
    "aws_opensearch_domain": DataResource(said("search domain"), said("its indices are lost")),
    "aws_sagemaker_model_package_group": DataResource(said("model package group"), said("its model versions are lost")),
    "aws_sagemaker_feature_group": DataResource(said("feature group"), said("its online store is lost")),
    "aws_ecr_repository": DataResource(said("repository"), said("its images are lost"), "force_delete", False, _FAILS),
    "aws_ecrpublic_repository": DataResource(
        said("repository"), said("its images are lost"), "force_destroy", False, _FAILS
    ),
    "aws_athena_workgroup": DataResource(
        said("workgroup"), said("its saved queries are lost"), "force_destroy", False, _FAILS
    ),
    "aws_cloudtrail_event_data_store": DataResource(said("event data store"), said("its events are lost after 7 days")),
    "aws_cloudwatch_log_group": DataResource(
        said("log group"), said("its logs are lost"), "skip_destroy", True, _STAYS
    ),
    "aws_kinesis_stream": DataResource(said("stream"), said("its records are lost")),
    "aws_sqs_queue": DataResource(said("queue"), said("its messages are lost")),
    "aws_sagemaker_notebook_instance": DataResource(said("notebook instance"), said("the data on its volume is lost")),
    "aws_s3_object": DataResource(said("object"), said("its content is lost")),
    "aws_ssm_parameter": DataResource(said("parameter"), said("its value and history are lost")),
    "aws_elasticache_replication_group": DataResource(said("cache"), said("its cached data is lost")),
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


def data_loss(change: Change) -> Shown:
    """What happens to a resource's data, in a few words; empty if no data is lost."""
    resource = DATA_RESOURCES.get(change.type)
    if resource is None or not is_destroyed(change) or refused_by(change):
        return NOTHING
    is_on = bool((change.before or {}).get(resource.guard))
    return resource.loss_when_guarded if resource.guard and is_on is resource.guarded else resource.loss
