"""Rules for SNS, SQS and EventBridge."""

from collections.abc import Iterator

from scripts.review.model import Severity
from scripts.review.rules.policies import let_in, policy_of, public
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Resource

_SNS = Family("SNS")
_SQS = Family("SQS")
_EVENTS = Family("EventBridge")


@_SNS.state(
    ("aws_sns_topic", "aws_sns_topic_policy"),
    "sns-public-policy",
    Severity.HIGH,
    "A topic's policy lets everybody in",
    why="Strangers can publish to it, or have its messages sent to themselves.",
    fix="Name the principals, or add a condition on aws:SourceAccount, aws:SourceArn or aws:PrincipalOrgID.",
    page="https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html#ensure-topics-not-publicly-accessible",
)
def topic_policy(resource: Resource) -> Iterator[str]:
    """Allow for everybody."""
    for statement in public(policy_of(resource)):
        yield f"The policy lets everybody do {let_in(statement)}."


@_SNS.state(
    ("aws_sns_topic",),
    "sns-not-encrypted",
    Severity.LOW,
    "A topic is not encrypted with a KMS key",
    why="SNS stores messages until they are delivered; encryption with a key of KMS is off by default.",
    fix='Set `kms_master_key_id` (such as "alias/aws/sns").',
    page="https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html",
)
def topic_encryption(resource: Resource) -> Iterator[str]:
    """No key."""
    if not resource.is_set("kms_master_key_id"):
        yield "Messages are not encrypted with a KMS key."


@_SQS.state(
    ("aws_sqs_queue", "aws_sqs_queue_policy"),
    "sqs-public-policy",
    Severity.HIGH,
    "A queue's policy lets everybody in",
    why="Strangers can send messages to it, or take them out.",
    fix="Name the principals, or add a condition on aws:SourceAccount, aws:SourceArn or aws:PrincipalOrgID.",
    page="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html",
)
def queue_policy(resource: Resource) -> Iterator[str]:
    """Allow for everybody."""
    for statement in public(policy_of(resource)):
        yield f"The policy lets everybody do {let_in(statement)}."


@_SQS.state(
    ("aws_sqs_queue",),
    "sqs-not-encrypted",
    Severity.MEDIUM,
    "Encryption of a queue is switched off",
    why="Messages lie in clear where SQS stores them; it encrypts them by default and for free.",
    fix="Leave `sqs_managed_sse_enabled` out, or set `kms_master_key_id`.",
    page="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html",
)
def queue_encryption(resource: Resource) -> Iterator[str]:
    """Switched off, and no key."""
    if resource.get("sqs_managed_sse_enabled") is False and not resource.is_set("kms_master_key_id"):
        yield "Messages are not encrypted."


@_EVENTS.state(
    ("aws_cloudwatch_event_bus_policy", "aws_cloudwatch_event_permission"),
    "events-public-bus",
    Severity.HIGH,
    "Everybody may send events to a bus",
    why="Strangers can start whatever the bus's rules start.",
    fix="Name the accounts, or add a condition on aws:PrincipalOrgID.",
    page="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html",
)
def bus_policy(resource: Resource) -> Iterator[str]:
    """Allow for everybody."""
    if resource.change.type == "aws_cloudwatch_event_permission":
        if resource.text("principal") == "*" and not resource.blocks("condition"):
            yield "Every AWS account may put events on the bus."
        return
    for statement in public(policy_of(resource)):
        yield f"The policy lets everybody do {let_in(statement)}."
