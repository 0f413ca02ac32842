"""Rules for changes of resources that hold data, or that others refer to by name."""

from collections.abc import Iterator

from ..data_loss import DATA_RESOURCES, data_loss, loses_data, must_be_empty
from ..differences import labels
from ..model import Action, Change, Severity
from ..refusals import PROTECTIONS, refused_by
from .registry import EVERY, Family
from .resources import PlanIndex

_DATA = Family("Data and names")
_TERRAFORM = "https://developer.hashicorp.com/terraform/language"
_MINOR = (
    "aws_s3_object", "aws_sqs_queue", "aws_ssm_parameter", "aws_elasticache_replication_group",
    "aws_sagemaker_notebook_instance",
)  # fmt: skip
_KEYS = ("aws_kms_key", "aws_kms_replica_key", "aws_kms_external_key")  # they have their own rule
_GRAVE = tuple(kind for kind in DATA_RESOURCES if kind not in (*_MINOR, *_KEYS))
_NAMED = (
    "aws_iam_role", "aws_iam_user", "aws_iam_policy", "aws_security_group", "aws_sns_topic", "aws_vpc", "aws_subnet",
    "aws_lb", "aws_eip", "aws_route53_zone", "aws_lambda_function", "aws_cloudfront_distribution",
    "aws_iam_openid_connect_provider", "aws_vpc_endpoint", "aws_sagemaker_domain", "aws_sagemaker_endpoint",
)  # fmt: skip


@_DATA.change(
    _GRAVE,
    "data-destroyed",
    Severity.CRITICAL,
    "Something that holds data is destroyed",
    why="Terraform cannot restore what the resource holds.",
    fix="To keep it, put it back into the configuration, or use a `removed` block with `destroy = false`. If you "
    "renamed it, add a `moved` block. `lifecycle { prevent_destroy = true }` makes Terraform refuse the destruction "
    "while the resource's block is in the configuration.",
    page=f"{_TERRAFORM}/state/remove",
)
def data_destroyed(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports a destruction that loses data, whatever Terraform's reason."""
    if change.action is Action.DESTROY and loses_data(change) and not must_be_empty(change):
        yield _sentence(change, index)


@_DATA.change(
    _GRAVE,
    "data-replaced",
    Severity.CRITICAL,
    "Something that holds data is replaced",
    why="The new resource is empty. What the old one holds is lost, and Terraform cannot restore it.",
    fix="Leave the attribute that forces the replacement unchanged. Or copy the data first: create the new resource "
    "next to the old one, and remove the old one in a second change.",
    page=f"{_TERRAFORM}/block/resource#prevent_destroy",
)
def data_replaced(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports a replacement that loses data, unless Terraform leaves the old resource in the account."""
    if change.action is Action.REPLACE and loses_data(change) and not must_be_empty(change):
        yield _sentence(change, index)


@_DATA.change(
    _GRAVE,
    "destroyed-if-empty",
    Severity.HIGH,
    "Something is destroyed or replaced that AWS deletes only if it is empty",
    why="AWS refuses to delete it while it holds anything (`force_destroy` or `force_delete` is off). Then nothing is "
    "lost, but the apply fails halfway, after the steps before it. An empty one is deleted.",
    fix="Look at what it holds before the apply. To delete it, empty it first. To keep it, put the resource back into "
    "the configuration, or use a `removed` block with `destroy = false`.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html",
)
def destroyed_if_empty(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports a destruction or replacement that AWS refuses while the resource holds something."""
    if must_be_empty(change):
        yield _sentence(change, index)


@_DATA.change(
    _MINOR,
    "contents-lost",
    Severity.MEDIUM,
    "Something that holds messages, cached data or settings is destroyed or replaced",
    why="What it holds at that moment is lost.",
    fix="Wait until it is empty, or keep it.",
    page=f"{_TERRAFORM}/block/resource#prevent_destroy",
)
def contents_lost(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports a destruction or replacement."""
    if loses_data(change):
        yield _sentence(change, index)


@_DATA.change(
    tuple(PROTECTIONS),
    "destruction-refused",
    Severity.HIGH,
    "AWS refuses to destroy or replace something",
    why="It is protected against deletion. Nothing is lost, but the apply fails halfway, after the steps before it.",
    fix="To keep it, put it back into the configuration, or leave what forces the replacement unchanged. To destroy "
    "it, switch the protection off in a change before this one.",
    page="https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html",
)
def destruction_refused(change: Change, _index: PlanIndex) -> Iterator[str]:
    """Reports a destruction or replacement of a resource whose protection is on before the change."""
    attribute = refused_by(change)
    if attribute:
        verb = "destroy" if change.action is Action.DESTROY else "replace"
        yield f"AWS refuses to {verb} the {PROTECTIONS[change.type].noun}: `{attribute}` is on."


def _sentence(change: Change, index: PlanIndex) -> str:
    noun = DATA_RESOURCES[change.type].noun
    verb = "destroyed" if change.action is Action.DESTROY else "replaced"
    text = f"The {noun} is {verb}: {data_loss(change)}."
    forced = [
        f"`{index.mask.path(path)}` "
        f"(`{index.value(change, 'before', *path)}` → `{index.value(change, 'after', *path)}`)"
        for path in change.replace_paths
        if path
    ]
    if forced:
        return f"{text} Forced by {', '.join(forced[:3])}{' and more' * (len(forced) > 3)}."
    reason = labels.why(change, index.mask)
    return f"{text} Why: {reason}." if reason else text


@_DATA.change(
    _NAMED,
    "identity-replaced",
    Severity.MEDIUM,
    "Something that others know by its ARN, id or address is replaced",
    why="Everything that refers to the old ARN, id or address breaks, also outside of this configuration. A trust or "
    "key policy that names a role stops working even if the new role has the same name.",
    fix="Find out who uses it (CloudTrail, other configurations). Create the new one first with "
    "`create_before_destroy`.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids",
)
def identity_replaced(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports every replacement."""
    if change.action is Action.REPLACE:
        name = index.value(change, "before", "arn") if (change.before or {}).get("arn") else change.type
        why = labels.why(change, index.mask)
        yield f"{name} is replaced by a new resource{f': {why}' if why else ''}."


@_DATA.change(
    EVERY,
    "resource-forgotten",
    Severity.LOW,
    "Terraform forgets a resource that stays in the account",
    why="It still costs money and still grants access, but no plan shows it any more.",
    fix="Make sure that another configuration or a person manages it, or destroy it.",
    page=f"{_TERRAFORM}/state/remove",
)
def forgotten(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports a resource that a `removed` block or a replacement leaves in the account."""
    if change.action is Action.FORGET or change.leaves_old:
        name = index.value(change, "before", "id")
        what = f"The old resource (`{name}`)" if change.leaves_old else f"`{name}`"
        yield f"{what} is removed from Terraform's state and stays in the account."
