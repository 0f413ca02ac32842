"""Rules for SNS, SQS and EventBridge."""

from collections.abc import Iterator

from ..model import Severity
from .policies import allowed_access, policy_of, public_statements
from .registry import Family
from .resources import Resource

_SNS = Family("SNS")
_SQS = Family("SQS")
_EVENTS = Family("EventBridge")


@_SNS.state(
    ("aws_sns_topic", "aws_sns_topic_policy"),
    "sns-public-policy",
    Severity.HIGH,
    "A topic's policy grants access to everybody",
    why="Strangers can publish to it, or subscribe to its messages.",
    fix="Name the principals, or add a condition on aws:SourceAccount, aws:SourceArn or aws:PrincipalOrgID.",
    page=""
    "https://docs.aws.amazon.com/sns/latest/dg/sns-security-best-practices.html#ensure-topics-not-publicly-accessible",
)
def topic_policy(resource: Resource) -> Iterator[str]:
    """Reports an Allow for everybody."""
    for statement in public_statements(policy_of(resource)):
        yield f"The policy grants everybody {allowed_access(statement)}."


@_SNS.state(
    ("aws_sns_topic",),
    "sns-not-encrypted",
    Severity.LOW,
    "A topic is not encrypted with a KMS key",
    why="SNS stores messages until it delivers them, and does not encrypt them with a KMS key by default.",
    fix='Set `kms_master_key_id` (such as "alias/aws/sns").',
    page="https://docs.aws.amazon.com/sns/latest/dg/sns-server-side-encryption.html",
)
def topic_encryption(resource: Resource) -> Iterator[str]:
    """Reports a topic without a KMS key."""
    if not resource.is_set("kms_master_key_id"):
        yield "SNS does not encrypt the messages with a KMS key."


@_SQS.state(
    ("aws_sqs_queue", "aws_sqs_queue_policy"),
    "sqs-public-policy",
    Severity.HIGH,
    "A queue's policy grants access to everybody",
    why="Strangers can send messages to it, or receive and delete its messages.",
    fix="Name the principals, or add a condition on aws:SourceAccount, aws:SourceArn or aws:PrincipalOrgID.",
    page="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html",
)
def queue_policy(resource: Resource) -> Iterator[str]:
    """Reports an Allow for everybody."""
    for statement in public_statements(policy_of(resource)):
        yield f"The policy grants everybody {allowed_access(statement)}."


@_SQS.state(
    ("aws_sqs_queue",),
    "sqs-not-encrypted",
    Severity.MEDIUM,
    "Encryption of a queue is switched off",
    why="SQS then stores messages in clear. By default it encrypts them for free.",
    fix="Remove `sqs_managed_sse_enabled`, or set `kms_master_key_id`.",
    page="https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-server-side-encryption.html",
)
def queue_encryption(resource: Resource) -> Iterator[str]:
    """Reports encryption that is switched off, without a KMS key instead."""
    if resource.get("sqs_managed_sse_enabled") is False and not resource.is_set("kms_master_key_id"):
        yield "SQS encryption of the messages is off."


@_EVENTS.state(
    ("aws_cloudwatch_event_bus_policy", "aws_cloudwatch_event_permission"),
    "events-public-bus",
    Severity.HIGH,
    "Everybody may send events to a bus",
    why="Strangers can trigger everything that the bus's rules start.",
    fix="Name the accounts, or add a condition on aws:PrincipalOrgID.",
    page="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html",
)
def bus_policy(resource: Resource) -> Iterator[str]:
    """Reports an Allow for everybody."""
    if resource.change.type == "aws_cloudwatch_event_permission":
        if resource.text("principal") == "*" and not resource.blocks("condition"):
            yield "The permission allows every AWS account to put events on the bus."
        return
    for statement in public_statements(policy_of(resource)):
        yield f"The policy grants everybody {allowed_access(statement)}."
