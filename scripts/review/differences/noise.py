"""Recognises differences without meaning: copies of other resources, and attributes that the provider computes."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from ..canonical import ordered, parsed
from ..model import Action, Change, Plan
from ..reading.references import without_keys

# Attributes that the provider fills with the settings of other resources, and the types of those resources:
# https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/s3_bucket
MIRRORS: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("aws_iam_role", "inline_policy"): ("aws_iam_role_policy", "aws_iam_role_policies_exclusive"),
    ("aws_iam_role", "managed_policy_arns"): ("aws_iam_role_policy_attachment", "aws_iam_policy_attachment"),
    ("aws_iam_policy", "attachment_count"): (
        "aws_iam_role_policy_attachment",
        "aws_iam_user_policy_attachment",
        "aws_iam_group_policy_attachment",
        "aws_iam_policy_attachment",
    ),
    ("aws_s3_bucket", "policy"): ("aws_s3_bucket_policy",),
    ("aws_s3_bucket", "acl"): ("aws_s3_bucket_acl",),
    ("aws_s3_bucket", "grant"): ("aws_s3_bucket_acl",),
    ("aws_s3_bucket", "versioning"): ("aws_s3_bucket_versioning",),
    ("aws_s3_bucket", "server_side_encryption_configuration"): ("aws_s3_bucket_server_side_encryption_configuration",),
    ("aws_s3_bucket", "lifecycle_rule"): ("aws_s3_bucket_lifecycle_configuration",),
    ("aws_s3_bucket", "logging"): ("aws_s3_bucket_logging",),
    ("aws_s3_bucket", "cors_rule"): ("aws_s3_bucket_cors_configuration",),
    ("aws_s3_bucket", "website"): ("aws_s3_bucket_website_configuration",),
    ("aws_s3_bucket", "replication_configuration"): ("aws_s3_bucket_replication_configuration",),
    ("aws_s3_bucket", "object_lock_configuration"): ("aws_s3_bucket_object_lock_configuration",),
    ("aws_s3_bucket", "acceleration_status"): ("aws_s3_bucket_accelerate_configuration",),
    ("aws_s3_bucket", "request_payer"): ("aws_s3_bucket_request_payment_configuration",),
    ("aws_security_group", "ingress"): ("aws_security_group_rule", "aws_vpc_security_group_ingress_rule"),
    ("aws_security_group", "egress"): ("aws_security_group_rule", "aws_vpc_security_group_egress_rule"),
    ("aws_route_table", "route"): ("aws_route",),
    ("aws_sns_topic", "policy"): ("aws_sns_topic_policy",),
    ("aws_sqs_queue", "policy"): ("aws_sqs_queue_policy",),
    ("aws_kms_key", "policy"): ("aws_kms_key_policy",),
    ("aws_secretsmanager_secret", "policy"): ("aws_secretsmanager_secret_policy",),
}
_ALWAYS_COMPUTED = {"id", "arn", "tags_all"}


class Noise:
    """Recognises noise in the differences of a plan.

    Args:
        plan: the plan.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._references = plan.references

    @cached_property
    def _set_by(self) -> dict[str, set[str]]:
        """The texts in the resources that other attributes copy, by their type."""
        wanted = {each for mirrored in MIRRORS.values() for each in mirrored}
        found: dict[str, set[str]] = {}
        for change in (*self._plan.changes, *self._plan.drift):
            if change.type in wanted:
                texts = found.setdefault(change.type, set())
                for values in (change.before, change.after):
                    texts.update(_texts(values))
        return found

    def computed(self, change: Change, attribute: str) -> bool:
        """Whether the provider computes an attribute, because the configuration does not set it."""
        if self._references is None:
            return attribute in _ALWAYS_COMPUTED
        return (without_keys(change.address), attribute) not in self._references

    def unknown(self, change: Change, attribute: str) -> bool:
        """Whether an unknown attribute is only noise.

        The ARN of a new resource is always unknown, and so is an attribute without a value that nobody sets.
        """
        fresh = change.action in (Action.CREATE, Action.REPLACE, Action.READ)
        return (fresh or empty(_part(change.before, attribute))) and self.computed(change, attribute)

    def mirror(self, change: Change, attribute: str) -> bool:
        """Whether an attribute only copies other resources of this plan: it contains no text that they do not set.

        A value that was added outside of Terraform is not a copy, because no resource of the plan sets it.
        """
        others = MIRRORS.get((change.type, attribute))
        if others is None or (self._references is not None and not self.computed(change, attribute)):
            return False
        set_by = [self._set_by[each] for each in others if each in self._set_by]
        if not set_by:
            return False
        sides = [_part(values, attribute) for values in (change.before, change.after)]
        gone, come = (set(_texts(side)) for side in sides)
        return all(any(text in texts for texts in set_by) for text in come ^ gone)


def empty(value: Any) -> bool:
    """Whether a value is empty: providers use null, "", [] and {} for the same."""
    return value is None or (isinstance(value, str | list | dict) and not value)


def _part(values: Mapping[str, Any] | None, attribute: str) -> Any:
    return values.get(attribute) if values else None


def _texts(value: Any) -> Iterator[str]:
    """The non-empty texts in a value, JSON in canonical form."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str) and value:
        document = parsed(value)
        yield value if document is None else ordered(document)
