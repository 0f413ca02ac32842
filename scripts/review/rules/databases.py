"""Rules for RDS, DynamoDB and EFS."""

from collections.abc import Iterator

from ..model import Severity
from .policies import allowed_access, policy_of, public_statements
from .registry import Family
from .resources import Resource
from .services import service

_RDS = Family("RDS")
_DYNAMODB = Family("DynamoDB")
_EFS = Family("EFS")
_RDS_GUIDE = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide"
_DYNAMODB_GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"
_EFS_GUIDE = "https://docs.aws.amazon.com/efs/latest/ug"
_DATABASES = ("aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster")


@_RDS.state(
    ("aws_db_instance", "aws_rds_cluster_instance", "aws_redshift_cluster", "aws_neptune_cluster_instance"),
    "rds-public",
    Severity.HIGH,
    "A database has a public address",
    why="The internet can reach it on every port that its security groups open.",
    fix="Set `publicly_accessible = false`, and connect from within the VPC.",
    page=f"{_RDS_GUIDE}/USER_VPC.WorkingWithRDSInstanceinaVPC.html#USER_VPC.Hiding",
)
def is_public(resource: Resource) -> Iterator[str]:
    """Reports `publicly_accessible = true`."""
    if resource.is_on("publicly_accessible"):
        yield "The database has a public address."


@_RDS.state(
    _DATABASES,
    "rds-not-encrypted",
    Severity.HIGH,
    "A database is not encrypted",
    why="Its storage, backups and snapshots are stored in clear. Later you can encrypt it only by copying a snapshot.",
    fix="Set `storage_encrypted = true` before you create the database.",
    page=f"{_RDS_GUIDE}/Overview.Encryption.html",
)
def not_encrypted(resource: Resource) -> Iterator[str]:
    """Reports storage encryption that is off or unset. A replica or a restored snapshot follows its source."""
    replica = any(map(resource.is_set, ("replicate_source_db", "replication_source_identifier", "snapshot_identifier")))
    serverless = resource.text("engine_mode") == "serverless"  # always encrypted
    if not resource.is_on("storage_encrypted") and not replica and not serverless:
        yield f"{service(resource.change.type)} storage encryption of the database is off."


@_RDS.state(
    _DATABASES,
    "rds-no-deletion-protection",
    Severity.LOW,
    "A database without deletion protection",
    why="One wrong plan or one click destroys it.",
    fix="Set `deletion_protection = true`.",
    page=f"{_RDS_GUIDE}/USER_DeleteInstance.html#USER_DeleteInstance.DeletionProtection",
)
def no_deletion_protection(resource: Resource) -> Iterator[str]:
    """Reports deletion protection that is off or unset."""
    if not resource.is_on("deletion_protection") and not resource.is_set("replicate_source_db"):
        yield f"{service(resource.change.type)} deletion protection of the database is off."


@_RDS.state(
    _DATABASES,
    "rds-no-backups",
    Severity.HIGH,
    "A database without automatic backups",
    why="You cannot restore lost or damaged data to a point in time.",
    fix="Set `backup_retention_period` to 7 or more.",
    page=f"{_RDS_GUIDE}/USER_WorkingWithAutomatedBackups.html",
)
def no_backups(resource: Resource) -> Iterator[str]:
    """Reports a retention of 0 days."""
    if resource.number("backup_retention_period") == 0 and not resource.is_set("replicate_source_db"):
        yield f"{service(resource.change.type)} automatic backups of the database are off."


@_RDS.state(
    _DATABASES,
    "rds-no-final-snapshot",
    Severity.MEDIUM,
    "A database is deleted without a final snapshot",
    why="When it is destroyed or replaced, its data and its automatic backups are lost.",
    fix="Set `skip_final_snapshot = false` and a `final_snapshot_identifier`.",
    page=f"{_RDS_GUIDE}/USER_DeleteInstance.html",
)
def no_final_snapshot(resource: Resource) -> Iterator[str]:
    """Reports `skip_final_snapshot = true`."""
    if resource.is_on("skip_final_snapshot") and not resource.is_set("replicate_source_db"):
        yield "skip_final_snapshot is on: AWS deletes the database without a final snapshot."


@_DYNAMODB.state(
    ("aws_dynamodb_table",),
    "dynamodb-no-recovery",
    Severity.LOW,
    "A table without point-in-time recovery",
    why="You cannot restore items that somebody overwrites or deletes by mistake.",
    fix="Add `point_in_time_recovery { enabled = true }`.",
    page=f"{_DYNAMODB_GUIDE}/Point-in-time-recovery.html",
)
def no_recovery(resource: Resource) -> Iterator[str]:
    """Reports point-in-time recovery that is off or unset."""
    if not resource.block("point_in_time_recovery").is_on("enabled"):
        yield "DynamoDB point-in-time recovery is off."


@_DYNAMODB.state(
    ("aws_dynamodb_resource_policy",),
    "dynamodb-public-policy",
    Severity.CRITICAL,
    "A table's policy grants access to everybody",
    why="Any AWS account can read or change the items.",
    fix="Name the principals, or add a condition on aws:PrincipalOrgID.",
    page=f"{_DYNAMODB_GUIDE}/access-control-resource-based.html",
)
def table_policy(resource: Resource) -> Iterator[str]:
    """Reports an Allow for everybody."""
    for statement in public_statements(policy_of(resource)):
        yield f"The policy grants everybody {allowed_access(statement)}."


@_EFS.state(
    ("aws_efs_file_system",),
    "efs-not-encrypted",
    Severity.MEDIUM,
    "A file system is not encrypted",
    why="AWS stores the files in clear, and you cannot switch encryption on later.",
    fix="Set `encrypted = true` before you create the file system.",
    page=f"{_EFS_GUIDE}/encryption-at-rest.html",
)
def files_not_encrypted(resource: Resource) -> Iterator[str]:
    """Reports encryption that is off or unset."""
    if not resource.is_on("encrypted") and not resource.is_set("kms_key_id"):
        yield "EFS encryption of the file system is off."


@_EFS.state(
    ("aws_efs_file_system_policy",),
    "efs-public-policy",
    Severity.HIGH,
    "A file system's policy grants access to everybody",
    why="Anyone who can reach a mount target over the network can read and write files, even without an AWS account.",
    fix="Name the principals, or add a condition on elasticfilesystem:AccessedViaMountTarget.",
    page=f"{_EFS_GUIDE}/access-control-block-public-access.html",
)
def files_policy(resource: Resource) -> Iterator[str]:
    """Reports an Allow for everybody. A statement that requires access through a mount target is not public."""
    for statement in public_statements(policy_of(resource)):
        if not any(each.key == "elasticfilesystem:accessedviamounttarget" for each in statement.conditions):
            yield f"The policy grants everybody {allowed_access(statement)}."
