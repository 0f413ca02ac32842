"""Rules for RDS, DynamoDB and EFS."""

from collections.abc import Iterator

from scripts.review.model import Severity
from scripts.review.rules.policies import let_in, policy_of, public
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Resource

_RDS = Family("RDS")
_DYNAMODB = Family("DynamoDB")
_EFS = Family("EFS")
_RDS_GUIDE = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide"
_DYNAMODB_GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"
_EFS_GUIDE = "https://docs.aws.amazon.com/efs/latest/ug"
_DATABASES = ("aws_db_instance", "aws_rds_cluster", "aws_docdb_cluster", "aws_neptune_cluster")


@_RDS.state(
    ("aws_db_instance", "aws_rds_cluster_instance", "aws_redshift_cluster"),
    "rds-public",
    Severity.HIGH,
    "A database has a public address",
    why="Whatever its security groups let in, reaches it from the internet.",
    fix="Set `publicly_accessible = false`, and reach it from within the VPC.",
    page=f"{_RDS_GUIDE}/USER_VPC.WorkingWithRDSInstanceinaVPC.html#USER_VPC.Hiding",
)
def is_public(resource: Resource) -> Iterator[str]:
    """The argument is true."""
    if resource.is_on("publicly_accessible"):
        yield "The database is publicly accessible."


@_RDS.state(
    _DATABASES,
    "rds-not-encrypted",
    Severity.HIGH,
    "A database is not encrypted",
    why="Its storage, backups and snapshots lie in clear, and can be encrypted later only by copying a snapshot.",
    fix="Set `storage_encrypted = true` before the database is made.",
    page=f"{_RDS_GUIDE}/Overview.Encryption.html",
)
def not_encrypted(resource: Resource) -> Iterator[str]:
    """Off or unset, and no replica, which is as its source is."""
    replica = any(map(resource.is_set, ("replicate_source_db", "replication_source_identifier", "snapshot_identifier")))
    serverless = resource.text("engine_mode") == "serverless"  # those are encrypted always
    if not resource.is_on("storage_encrypted") and not replica and not serverless:
        yield "The storage is not encrypted."


@_RDS.state(
    _DATABASES,
    "rds-no-deletion-protection",
    Severity.LOW,
    "A database without deletion protection",
    why="One wrong plan, or one click, destroys it.",
    fix="Set `deletion_protection = true`.",
    page=f"{_RDS_GUIDE}/USER_DeleteInstance.html#USER_DeleteInstance.DeletionProtection",
)
def no_deletion_protection(resource: Resource) -> Iterator[str]:
    """Off or unset."""
    if not resource.is_on("deletion_protection") and not resource.is_set("replicate_source_db"):
        yield "Deletion protection is off."


@_RDS.state(
    _DATABASES,
    "rds-no-backups",
    Severity.HIGH,
    "A database without automatic backups",
    why="What is lost or spoilt cannot be brought back to a point in time.",
    fix="Set `backup_retention_period` to 7 or more.",
    page=f"{_RDS_GUIDE}/USER_WorkingWithAutomatedBackups.html",
)
def no_backups(resource: Resource) -> Iterator[str]:
    """Nought days."""
    if resource.number("backup_retention_period") == 0 and not resource.is_set("replicate_source_db"):
        yield "Automatic backups are off."


@_RDS.state(
    _DATABASES,
    "rds-no-final-snapshot",
    Severity.MEDIUM,
    "A database that goes without a last snapshot",
    why="When it is destroyed or replaced, nothing of it is left; its automatic backups go too.",
    fix="Set `skip_final_snapshot = false` and a `final_snapshot_identifier`.",
    page=f"{_RDS_GUIDE}/USER_DeleteInstance.html",
)
def no_final_snapshot(resource: Resource) -> Iterator[str]:
    """The argument is true."""
    if resource.is_on("skip_final_snapshot") and not resource.is_set("replicate_source_db"):
        yield "skip_final_snapshot is on."


@_DYNAMODB.state(
    ("aws_dynamodb_table",),
    "dynamodb-no-recovery",
    Severity.LOW,
    "A table without point-in-time recovery",
    why="What is overwritten or deleted by mistake cannot be brought back.",
    fix="Add `point_in_time_recovery { enabled = true }`.",
    page=f"{_DYNAMODB_GUIDE}/Point-in-time-recovery.html",
)
def no_recovery(resource: Resource) -> Iterator[str]:
    """Off or unset."""
    if not resource.block("point_in_time_recovery").is_on("enabled"):
        yield "Point-in-time recovery is off."


@_DYNAMODB.state(
    ("aws_dynamodb_resource_policy",),
    "dynamodb-public-policy",
    Severity.CRITICAL,
    "A table's policy lets everybody in",
    why="Any AWS account can read or change the items.",
    fix="Name the principals, or add a condition on aws:PrincipalOrgID.",
    page=f"{_DYNAMODB_GUIDE}/access-control-resource-based.html",
)
def table_policy(resource: Resource) -> Iterator[str]:
    """Allow for everybody."""
    for statement in public(policy_of(resource)):
        yield f"The policy lets everybody do {let_in(statement)}."


@_EFS.state(
    ("aws_efs_file_system",),
    "efs-not-encrypted",
    Severity.MEDIUM,
    "A file system is not encrypted",
    why="Files lie in clear where AWS stores them, and encryption cannot be switched on later.",
    fix="Set `encrypted = true` before the file system is made.",
    page=f"{_EFS_GUIDE}/encryption-at-rest.html",
)
def files_not_encrypted(resource: Resource) -> Iterator[str]:
    """Off or unset."""
    if not resource.is_on("encrypted") and not resource.is_set("kms_key_id"):
        yield "The file system is not encrypted."


@_EFS.state(
    ("aws_efs_file_system_policy",),
    "efs-public-policy",
    Severity.HIGH,
    "A file system's policy lets everybody in",
    why="Whoever reaches a mount target over the network reads and writes files, with or without an account.",
    fix="Name the principals, or add a condition on elasticfilesystem:AccessedViaMountTarget.",
    page=f"{_EFS_GUIDE}/access-control-block-public-access.html",
)
def files_policy(resource: Resource) -> Iterator[str]:
    """Allow for everybody; what is reached through a mount target alone does not count as public there."""
    for statement in public(policy_of(resource)):
        if not any(each.key == "elasticfilesystem:accessedviamounttarget" for each in statement.conditions):
            yield f"The policy lets everybody do {let_in(statement)}."
