"""The policies on resources such as buckets, keys, topics and queues, and the trust policies of roles."""

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import Any

from ...policies.documents import InvalidPolicyError, statements
from ..model import Action, Change, Plan
from .plan_values import SIDES, UNKNOWN, Directory, exists, value, values

POLICIES: Mapping[str, str] = {
    "aws_acmpca_policy": "policy",
    "aws_api_gateway_domain_name": "policy",
    "aws_api_gateway_rest_api": "policy",
    "aws_api_gateway_rest_api_policy": "policy",
    "aws_backup_vault_policy": "policy",
    "aws_cloudsearch_domain_service_access_policy": "access_policy",
    "aws_cloudwatch_event_bus_policy": "policy",
    "aws_cloudwatch_log_destination_policy": "access_policy",
    "aws_cloudwatch_log_resource_policy": "policy_document",
    "aws_codeartifact_domain_permissions_policy": "policy_document",
    "aws_codeartifact_repository_permissions_policy": "policy_document",
    "aws_codebuild_resource_policy": "policy",
    "aws_dynamodb_resource_policy": "policy",
    "aws_ecr_registry_policy": "policy",
    "aws_ecr_repository_policy": "policy",
    "aws_ecrpublic_repository_policy": "policy",
    "aws_efs_file_system_policy": "policy",
    "aws_elasticsearch_domain": "access_policies",
    "aws_elasticsearch_domain_policy": "access_policies",
    "aws_glacier_vault": "access_policy",
    "aws_glacier_vault_lock": "policy",
    "aws_glue_resource_policy": "policy",
    "aws_kinesis_resource_policy": "policy",
    "aws_kms_external_key": "policy",
    "aws_kms_key": "policy",
    "aws_kms_key_policy": "policy",
    "aws_kms_replica_external_key": "policy",
    "aws_kms_replica_key": "policy",
    "aws_media_store_container_policy": "policy",
    "aws_msk_cluster_policy": "policy",
    "aws_networkfirewall_resource_policy": "policy",
    "aws_oam_sink_policy": "policy",
    "aws_opensearch_domain": "access_policies",
    "aws_opensearch_domain_policy": "access_policies",
    "aws_redshift_resource_policy": "policy",
    "aws_redshiftserverless_resource_policy": "policy",
    "aws_s3_access_point": "policy",
    "aws_s3_bucket": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_s3control_access_grants_instance_resource_policy": "policy",
    "aws_s3control_access_point_policy": "policy",
    "aws_s3control_bucket_policy": "policy",
    "aws_s3control_object_lambda_access_point_policy": "policy",
    "aws_s3tables_table_bucket_policy": "resource_policy",
    "aws_s3tables_table_policy": "resource_policy",
    "aws_sagemaker_model_package_group_policy": "resource_policy",
    "aws_schemas_registry_policy": "policy",
    "aws_secretsmanager_secret": "policy",
    "aws_secretsmanager_secret_policy": "policy",
    "aws_ses_identity_policy": "policy",
    "aws_sesv2_email_identity_policy": "policy",
    "aws_sns_topic": "policy",
    "aws_sns_topic_policy": "policy",
    "aws_sqs_queue": "policy",
    "aws_sqs_queue_policy": "policy",
    "aws_vpc_endpoint": "policy",
    "aws_vpc_endpoint_policy": "policy",
    "aws_vpclattice_auth_policy": "policy",
    "aws_vpclattice_resource_policy": "policy",
    "aws_xray_resource_policy": "policy_document",
}
"""The types of resources with a policy, and the attribute that contains it: those of the provider's schema (5.100)."""

TRUST = ("aws_iam_role", "assume_role_policy")


def attribute_of(change: Change) -> str:
    """The attribute that contains a resource's policy; empty if its type has none."""
    return "statement" if change.type == "aws_lambda_permission" else POLICIES.get(change.type, "")


def attribute(change: Change, directory: Directory) -> str:
    """The attribute with a resource's policy; empty if it has none, or leaves it to the provider.

    The provider fills attributes such as `aws_kms_key.policy` from AWS. For a new resource it marks them as known after
    apply, although the configuration sets no policy.
    """
    name = attribute_of(change)
    if name and value(change, "after", name) is UNKNOWN and not change.type.endswith("_policy"):
        return name if directory.configured(change, name) else ""
    return name


def text(change: Change, side: str, name: str) -> Any:
    """The policy on a resource on one side: its JSON, UNKNOWN, or None if there is none."""
    if change.type == "aws_lambda_permission":
        return lambda_permission(lambda attribute: _text(change, side, attribute)) if exists(change, side) else None
    return value(change, side, name)


def _text(change: Change, side: str, name: str) -> str:
    found = value(change, side, name)
    return found.value if found is UNKNOWN else found if isinstance(found, str) else ""


_LAMBDA_CONDITIONS = (
    ("source_arn", "ArnLike", "aws:SourceArn"),
    ("source_account", "StringEquals", "aws:SourceAccount"),
    ("principal_org_id", "StringEquals", "aws:PrincipalOrgID"),
    ("function_url_auth_type", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("event_source_token", "StringEquals", "lambda:EventSourceToken"),
)


def lambda_permission(attribute_text: Callable[[str], str]) -> dict[str, Any]:
    """The policy that Lambda creates from a permission.

    https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html

    Args:
        attribute_text: gives an attribute's text; empty if it is not set.
    """
    who = attribute_text("principal")
    kind = "Service" if "." in who and not who.startswith("arn:") else "AWS"
    block: dict[str, dict[str, str]] = {}
    for name, operator, key in _LAMBDA_CONDITIONS:
        if attribute_text(name):
            block.setdefault(operator, {})[key] = attribute_text(name)
    return {
        "Statement": {
            "Effect": "Allow",
            "Action": attribute_text("action"),
            "Resource": attribute_text("function_name"),
            "Principal": {kind: who},
            "Condition": block,
        }
    }


def destroyed_names(changes: Iterable[Change]) -> frozenset[str]:
    """The ids and ARNs of the resources that a plan destroys, without those that are only a policy."""
    destroyed = [each.before or {} for each in changes if each.action is Action.DESTROY and not is_only_a_policy(each)]
    return frozenset(
        before[name] for before in destroyed for name in ("id", "arn") if isinstance(before.get(name), str)
    )


def gone_arns(changes: Iterable[Change]) -> frozenset[str]:
    """The ARNs of what a plan destroys, or replaces under another name, without what is only a policy.

    A statement about one of these says nothing any more: it protects nothing, and grants nothing.
    """
    gone = set[str]()
    for change in changes:
        before, after = change.before or {}, change.after or {}
        same = any(before.get(name) is not None and before.get(name) == after.get(name) for name in ("bucket", "name"))
        ends = change.action is Action.DESTROY or (change.action is Action.REPLACE and not same)
        if ends and not is_only_a_policy(change) and isinstance(before.get("arn"), str):
            gone.add(before["arn"])
    return frozenset(gone)


def is_about(patterns: Iterable[str], arns: Container[str]) -> bool:
    """Whether all resources of a statement are among these, or objects in them: `arn:aws:s3:::bucket/*`."""
    return all(pattern.partition("/")[0] in arns or pattern in arns for pattern in patterns)


def removes_resource(change: Change, destroyed: Container[str]) -> bool:
    """Whether a change destroys a resource, not only a policy on a resource that stays.

    Nobody needs to read that a destroyed resource grants no access and has no problems any more.
    """
    if change.action is not Action.DESTROY:
        return False
    before = (change.before or {}).values()
    return not is_only_a_policy(change) or any(isinstance(each, str) and each in destroyed for each in before)


def is_only_a_policy(change: Change) -> bool:
    """Whether a resource only grants access to another resource."""
    return change.type.endswith(("_policy", "_permission", "_attachment", "_bucket_acl", "_rule", "_function_url"))


_ARN_OF_ANOTHER = {
    "aws_cloudwatch_event_target", "aws_lakeformation_resource", "aws_notifications_channel_association",
    "aws_sns_topic_data_protection_policy", "aws_sns_topic_policy",
}  # fmt: skip
"""Types whose `arn` is an argument, which names something that may be in another account."""


def accounts(plan: Plan) -> frozenset[str]:
    """The plan's own accounts: those that Terraform was signed in to, and those in the ARNs of its resources.

    A plan that only creates resources and does not read its account has neither. Then it is the account that its
    policies mention most.
    """
    resources = [change for change in plan.changes if change.type not in _ARN_OF_ANOTHER]
    own = {_account(values(change, side).get("arn")) for change in resources for side in SIDES} - {""}
    if own or plan.accounts:
        return plan.accounts | own
    mentioned = Counter(_account(arn) for change in plan.changes for arn in _mentioned(change))
    del mentioned[""]
    return frozenset(account for account, _ in mentioned.most_common(1))


def _account(arn: Any) -> str:
    parts = arn.split(":", 5) if isinstance(arn, str) else ()
    return parts[4] if len(parts) == 6 and len(parts[4]) == 12 and parts[4].isdigit() else ""


def _mentioned(change: Change) -> Iterator[str]:
    """The resources that a policy of a role, user or group names."""
    policy = values(change, "after").get("policy") if change.type.startswith("aws_iam_") else None
    try:
        for statement in statements(policy) if isinstance(policy, str) else ():
            yield from statement.resources.patterns
    except InvalidPolicyError:
        return
