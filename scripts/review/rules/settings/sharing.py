"""Settings that give another account data or access, outside of policies."""

from .table import AWS, HIGH, MEDIUM, Setting, foreign, on, one_of, register

_OUTSIDE = "The owner of that account decides who there may use it, and no plan of yours shows that."
_OURS = "Make sure that the account is yours or a partner's."
_COPY = "It can read everything in it, and keeps its copy for ever."

register((
    Setting(
        ("aws_snapshot_create_volume_permission",), "account_id", foreign, "snapshot-shared", HIGH,
        "Another account may copy the EBS snapshot (`{value}`).", _COPY, _OURS,
        f"{AWS}/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html",
    ),
    Setting(
        ("aws_db_snapshot", "aws_db_snapshot_copy", "aws_db_cluster_snapshot"), "shared_accounts", foreign,
        "db-snapshot-shared", HIGH, "Another account may copy the database's snapshot (`{value}`).", _COPY, _OURS,
        f"{AWS}/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html",
    ),
    Setting(
        ("aws_ami_launch_permission",), "account_id", foreign, "image-shared", HIGH,
        "Another account may start and copy the machine image (`{value}`).", _COPY, _OURS,
        f"{AWS}/AWSEC2/latest/UserGuide/sharingamis-explicit.html",
    ),
    Setting(
        ("aws_kms_grant",), "grantee_principal", foreign, "key-granted-outside", HIGH,
        "A KMS grant lets another account use the key (`{value}`).", _OUTSIDE, _OURS,
        f"{AWS}/kms/latest/developerguide/grants.html",
    ),
    Setting(
        ("aws_s3_bucket_replication_configuration",), "rule.destination.account", foreign, "s3-replicated-outside",
        HIGH, "S3 copies every new object to a bucket of another account (`{value}`).",
        "The owner of that account reads your data, and deleting yours deletes nothing there.", _OURS,
        f"{AWS}/AmazonS3/latest/userguide/replication-walkthrough-2.html",
    ),
    Setting(
        ("aws_s3_bucket_inventory",), "destination.bucket.account_id", foreign, "s3-inventory-outside", MEDIUM,
        "S3 writes the list of all objects to a bucket of another account (`{value}`).",
        "Names of objects often say what they hold and about whom.", _OURS,
        f"{AWS}/AmazonS3/latest/userguide/configure-inventory.html",
    ),
    Setting(
        ("aws_ecr_replication_configuration",), "replication_configuration.rule.destination.registry_id", foreign,
        "images-replicated-outside", HIGH, "ECR copies every new image to the registry of another account (`{value}`).",
        "The owner of that account reads your images, with the code and the models in them.", _OURS,
        f"{AWS}/AmazonECR/latest/userguide/replication.html",
    ),
    Setting(
        ("aws_backup_plan",), "rule.copy_action.destination_vault_arn", foreign, "backups-copied-outside", HIGH,
        "AWS Backup copies backups to a vault of another account (`{value}`).", _COPY, _OURS,
        f"{AWS}/aws-backup/latest/devguide/create-cross-account-backup.html",
    ),
    Setting(
        ("aws_cloudwatch_log_subscription_filter",), "destination_arn", foreign, "logs-sent-outside", HIGH,
        "CloudWatch Logs sends log lines to another account (`{value}`).",
        "The owner of that account reads whatever your programs log.", _OURS,
        f"{AWS}/AmazonCloudWatch/latest/logs/CrossAccountSubscriptions.html",
    ),
    Setting(
        ("aws_cloudwatch_event_target",), "arn", foreign, "events-sent-outside", HIGH,
        "EventBridge sends events to another account (`{value}`).",
        "The owner of that account learns what happens in yours, and can act on it.", _OURS,
        f"{AWS}/eventbridge/latest/userguide/eb-cross-account.html",
    ),
    Setting(
        ("aws_sns_topic_subscription",), "endpoint", foreign, "messages-sent-outside", HIGH,
        "The SNS topic sends every message to another account (`{value}`).",
        "The owner of that account reads all that is published.", _OURS,
        f"{AWS}/sns/latest/dg/sns-send-message-to-sqs-cross-account.html",
    ),
    Setting(
        ("aws_oam_link",), "sink_identifier", foreign, "metrics-shared", MEDIUM,
        "CloudWatch shares metrics, logs or traces with another account (`{value}`).", _OUTSIDE, _OURS,
        f"{AWS}/AmazonCloudWatch/latest/monitoring/CloudWatch-Unified-Cross-Account.html",
    ),
    Setting(
        ("aws_config_aggregate_authorization",), "account_id", foreign, "config-shared", MEDIUM,
        "AWS Config shows another account all resources of this one (`{value}`).", _OUTSIDE, _OURS,
        f"{AWS}/config/latest/developerguide/aggregate-data.html",
    ),
    Setting(
        ("aws_ram_principal_association",), "principal", foreign, "shared-by-ram", HIGH,
        "Resource Access Manager shares resources with another account (`{value}`).", _OUTSIDE, _OURS,
        f"{AWS}/ram/latest/userguide/getting-started-sharing.html",
    ),
    Setting(
        ("aws_ram_resource_share",), "allow_external_principals", on, "share-leaves-organization", MEDIUM,
        "The resource share may be used by accounts outside of the organization.",
        "A number that is mistyped gives strangers access.", "Set `allow_external_principals = false`.",
        f"{AWS}/ram/latest/userguide/getting-started-sharing.html",
    ),
    Setting(
        ("aws_lakeformation_permissions",), "principal", foreign, "lake-shared", HIGH,
        "Lake Formation gives another account rights on data (`{value}`).", _OUTSIDE, _OURS,
        f"{AWS}/lake-formation/latest/dg/cross-account-permissions.html",
    ),
    Setting(
        ("aws_redshift_endpoint_authorization",), "account", foreign, "redshift-shared", HIGH,
        "Another account may connect to the Redshift cluster (`{value}`).", _OUTSIDE, _OURS,
        f"{AWS}/redshift/latest/mgmt/managing-cluster-cross-vpc.html",
    ),
    Setting(
        ("aws_vpc_peering_connection",), "peer_owner_id", foreign, "network-joined", MEDIUM,
        "A peering connection joins the VPC with one of another account (`{value}`).",
        "Where routes and security groups allow it, its machines reach yours.", _OURS,
        f"{AWS}/vpc/latest/peering/vpc-peering-basics.html",
    ),
    Setting(
        ("aws_eks_access_entry", "aws_eks_access_policy_association"), "principal_arn", foreign,
        "eks-access-outside", HIGH, "A principal of another account gets access to the EKS cluster (`{value}`).",
        _OUTSIDE, _OURS, f"{AWS}/eks/latest/userguide/access-entries.html",
    ),
    Setting(
        ("aws_eks_access_policy_association",), "policy_arn",
        one_of("arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"), "eks-cluster-admin", HIGH,
        "The principal becomes an administrator of the EKS cluster.",
        "It can read every secret in the cluster and run anything on its nodes.",
        "Use AmazonEKSEditPolicy or AmazonEKSViewPolicy with a scope of namespaces.",
        f"{AWS}/eks/latest/userguide/access-policy-permissions.html",
    ),
))  # fmt: skip
