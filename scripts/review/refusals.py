"""Says which destructions AWS refuses, because the resource is protected against them.

AWS compares with the resource as it is, so only the value before the change counts: a plan cannot switch a protection
off and destroy the resource at once.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from .model import Action, Change, Shown
from .secrets.shown import said


class Protection(NamedTuple):
    """What protects a type of resource.

    Attributes:
        noun: the usual name for such a resource.
        attribute: the attribute that switches the protection on.
        on: the values that do so.
        override: an attribute with which the provider switches the protection off before it destroys.
        known_to: an attribute that only those versions of the provider have that keep to the protection.
    """

    noun: Shown
    attribute: str
    on: tuple[Any, ...] = (True,)
    override: str = ""
    known_to: str = ""


_CLUSTER = Protection(said("database cluster"), "deletion_protection")
_GLOBAL = Protection(said("global database cluster"), "deletion_protection")
_BALANCER = Protection(said("load balancer"), "enable_deletion_protection")

# What AWS does is on these pages, under https://docs.aws.amazon.com/; the attributes are on the provider's page of each
# resource, https://registry.terraform.io/providers/hashicorp/aws/latest/docs (5.100 and 6).
PROTECTIONS: Mapping[str, Protection] = {
    # AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
    "aws_db_instance": Protection(said("database"), "deletion_protection"),
    # AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html
    "aws_rds_cluster": _CLUSTER,
    "aws_rds_global_cluster": _GLOBAL,
    # documentdb/latest/developerguide/db-cluster-delete.html
    "aws_docdb_cluster": _CLUSTER,
    "aws_docdb_global_cluster": _GLOBAL,
    # neptune/latest/userguide/manage-console-instances-delete.html
    "aws_neptune_cluster": _CLUSTER,
    "aws_neptune_global_cluster": _GLOBAL,
    # neptune-analytics/latest/apiref/API_DeleteGraph.html
    "aws_neptunegraph_graph": Protection(said("graph"), "deletion_protection"),
    # aurora-dsql/latest/APIReference/API_DeleteCluster.html
    "aws_dsql_cluster": Protection(said("database cluster"), "deletion_protection_enabled", override="force_destroy"),
    # amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html#WorkingWithTables.Basics.DeletionProtection
    "aws_dynamodb_table": Protection(said("table"), "deletion_protection_enabled"),
    "aws_dynamodb_table_replica": Protection(said("table replica"), "deletion_protection_enabled"),
    # qldb/latest/developerguide/API_DeleteLedger.html
    "aws_qldb_ledger": Protection(said("ledger"), "deletion_protection"),
    # cognito/latest/developerguide/user-pool-settings-deletion-protection.html
    "aws_cognito_user_pool": Protection(said("user pool"), "deletion_protection", ("ACTIVE",)),
    # AmazonCloudWatch/latest/logs/protecting-log-groups-from-deletion.html
    "aws_cloudwatch_log_group": Protection(said("log group"), "deletion_protection_enabled"),
    # awscloudtrail/latest/APIReference/API_DeleteEventDataStore.html
    "aws_cloudtrail_event_data_store": Protection(said("event data store"), "termination_protection_enabled"),
    # eks/latest/userguide/deletion-protection.html
    "aws_eks_cluster": Protection(said("Kubernetes cluster"), "deletion_protection"),
    # AWSEC2/latest/UserGuide/Using_ChangingDisableAPITermination.html. Before version 6 and its force_destroy, the
    # provider switched the protection off by itself (internal/service/ec2/ec2_instance.go, resourceInstanceDelete).
    "aws_instance": Protection(said("instance"), "disable_api_termination", (True,), "force_destroy", "force_destroy"),
    # autoscaling/ec2/userguide/resource-deletion-protection.html
    "aws_autoscaling_group": Protection(said("Auto Scaling group"), "deletion_protection", ("prevent-all-deletion",)),
    # emr/latest/ManagementGuide/UsingEMR_TerminationProtection.html
    "aws_emr_cluster": Protection(said("EMR cluster"), "termination_protection"),
    # elasticloadbalancing/latest/application/load-balancer-delete.html
    "aws_lb": _BALANCER,
    "aws_alb": _BALANCER,
    # network-firewall/latest/APIReference/API_DeleteFirewall.html
    "aws_networkfirewall_firewall": Protection(said("firewall"), "delete_protection"),
    # verifiedpermissions/latest/apireference/API_DeletePolicyStore.html
    "aws_verifiedpermissions_policy_store": Protection(said("policy store"), "deletion_protection", ("ENABLED",)),
    # pinpoint/latest/apireference_smsvoicev2/API_ReleasePhoneNumber.html
    "aws_pinpointsmsvoicev2_phone_number": Protection(said("phone number"), "deletion_protection_enabled"),
    # incident-manager/latest/APIReference/API_UpdateDeletionProtection.html
    "aws_ssmincidents_replication_set": Protection(said("replication set"), "deletion_protected"),
}


def is_destroyed(change: Change) -> bool:
    """Whether a change destroys a managed resource: alone, or to replace it."""
    gone = change.action is Action.DESTROY or (change.action is Action.REPLACE and not change.leaves_old)
    return gone and change.mode == "managed"


def refused_by(change: Change) -> str:
    """The attribute for which AWS refuses a destruction; empty if AWS carries it out."""
    protection = PROTECTIONS.get(change.type)
    before = change.before or {}
    if protection is None or not is_destroyed(change) or before.get(protection.attribute) not in protection.on:
        return ""
    if before.get(protection.override) is True or (protection.known_to and protection.known_to not in before):
        return ""
    return protection.attribute
