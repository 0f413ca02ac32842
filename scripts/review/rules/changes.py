"""Rules for changes of any resource that holds data, or that others know by its name."""

from collections.abc import Iterator

from scripts.review import labels
from scripts.review.data_loss import HOLDINGS, lost, refused
from scripts.review.model import Action, Change, Severity
from scripts.review.rules.registry import EVERY, Family
from scripts.review.rules.resources import Both

_DATA = Family("Data and names")
_TERRAFORM = "https://developer.hashicorp.com/terraform/language"
_MINOR = (
    "aws_s3_object", "aws_sqs_queue", "aws_ssm_parameter", "aws_elasticache_replication_group",
    "aws_sagemaker_notebook_instance",
)  # fmt: skip
_GRAVE = tuple(kind for kind in HOLDINGS if kind not in (*_MINOR, "aws_kms_key"))  # keys have a rule of their own
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
    why="What it holds cannot be brought back by Terraform.",
    fix="If it is to stay: put it back into the configuration, or let go of it with a `removed` block and "
    "`destroy = false`; a renamed one needs a `moved` block. `lifecycle { prevent_destroy = true }` makes Terraform "
    "refuse, for as long as the resource's block is there.",
    page=f"{_TERRAFORM}/state/remove",
)
def data_destroyed(change: Change, both: Both) -> Iterator[str]:
    """Destroyed, whatever the reason."""
    if change.action is Action.DESTROY and _is_lost(change) and not refused(change):
        yield _sentence(change, both)


@_DATA.change(
    _GRAVE,
    "data-replaced",
    Severity.CRITICAL,
    "Something that holds data is replaced",
    why="The new one is empty: what the old one holds goes with it, and Terraform cannot bring it back.",
    fix="Leave the attribute that forces it as it is, or copy the data first: make the new one beside the old one, and "
    "remove that in a second step.",
    page=f"{_TERRAFORM}/block/resource#prevent_destroy",
)
def data_replaced(change: Change, both: Both) -> Iterator[str]:
    """Replaced, and the old one not just forgotten."""
    if change.action is Action.REPLACE and _is_lost(change) and not refused(change):
        yield _sentence(change, both)


@_DATA.change(
    _GRAVE,
    "destroyed-if-empty",
    Severity.HIGH,
    "Something is destroyed or replaced that AWS deletes only when it is empty",
    why="While it holds anything, AWS refuses to delete it (`force_destroy` or `force_delete` is off): nothing is lost "
    "then, but the apply fails there, with everything done that came before. An empty one is deleted.",
    fix="Look at what it holds before the apply. If that is to go, empty it first; if it is to stay, put the resource "
    "back into the configuration, or let go of it with a `removed` block and `destroy = false`.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/userguide/delete-bucket.html",
)
def destroyed_if_empty(change: Change, both: Both) -> Iterator[str]:
    """Destroyed or replaced, with the switch off that takes along what it holds."""
    if refused(change):
        yield _sentence(change, both)


@_DATA.change(
    _MINOR,
    "contents-lost",
    Severity.MEDIUM,
    "Something that holds messages, cached data or settings is destroyed or replaced",
    why="What it holds at that moment is lost.",
    fix="Let it run empty first, or keep it.",
    page=f"{_TERRAFORM}/block/resource#prevent_destroy",
)
def contents_lost(change: Change, both: Both) -> Iterator[str]:
    """Destroyed or replaced."""
    if _is_lost(change):
        yield _sentence(change, both)


def _is_lost(change: Change) -> bool:
    return bool(lost(change)) and not (change.before or {}).get("skip_destroy")


def _sentence(change: Change, both: Both) -> str:
    noun = HOLDINGS[change.type].noun
    verb = "destroyed" if change.action is Action.DESTROY else "replaced"
    text = f"The {noun} is {verb}: {lost(change)}."
    forced = [
        f"`{both.mask.path(path)}` (`{both.value(change, 'before', *path)}` → `{both.value(change, 'after', *path)}`)"
        for path in change.replace_paths
        if path
    ]
    if forced:
        return f"{text} Forced by {', '.join(forced[:3])}{' and more' * (len(forced) > 3)}."
    reason = labels.why(change, both.mask)
    return f"{text} Why: {reason}." if reason else text


@_DATA.change(
    _NAMED,
    "identity-replaced",
    Severity.MEDIUM,
    "Something that others know by its ARN, id or address is replaced",
    why="Whoever was told the old one, outside of this configuration too, points at nothing; a trust or key policy "
    "that names a role loses it even if the new one has the same name.",
    fix="Find out who uses it (CloudTrail, other configurations); make the new one first with `create_before_destroy`.",
    page="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids",
)
def identity_replaced(change: Change, both: Both) -> Iterator[str]:
    """Replaced."""
    if change.action is Action.REPLACE:
        name = both.value(change, "before", "arn") if (change.before or {}).get("arn") else change.type
        why = labels.why(change, both.mask)
        yield f"{name} is replaced by another one{f': {why}' if why else ''}."


@_DATA.change(
    EVERY,
    "resource-forgotten",
    Severity.LOW,
    "Something leaves Terraform's sight and stays in the account",
    why="It goes on to cost and to let in whom it lets in, and no plan shows it any more.",
    fix="Make sure that somebody else owns it, or destroy it.",
    page=f"{_TERRAFORM}/state/remove",
)
def forgotten(change: Change, both: Both) -> Iterator[str]:
    """Forgotten, on its own or by a replacement."""
    if change.action is Action.FORGET or change.leaves_old:
        name = both.value(change, "before", "id")
        what = f"The old one (`{name}`)" if change.leaves_old else f"`{name}`"
        yield f"{what} stays in the account and leaves the state."
