"""Rules for CloudWatch Logs and CloudTrail."""

from collections.abc import Iterator

from scripts.review.model import Action, Change, Severity
from scripts.review.rules.policies import let_in, policy_of, public
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Both, Resource

_LOGS = Family("CloudWatch Logs")
_TRAIL = Family("CloudTrail and flow logs")


@_LOGS.state(
    ("aws_cloudwatch_log_group",),
    "logs-kept-forever",
    Severity.LOW,
    "A log group keeps everything for ever",
    why="The bill grows for ever, and so does what can leak.",
    fix="Set `retention_in_days`.",
    page="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html#SettingLogRetention",
)
def kept_forever(resource: Resource) -> Iterator[str]:
    """No retention."""
    if not resource.number("retention_in_days") and resource.text("log_group_class") != "DELIVERY":
        yield "Nothing limits how long logs are kept."


@_LOGS.state(
    ("aws_cloudwatch_log_resource_policy", "aws_cloudwatch_log_destination_policy"),
    "logs-public-policy",
    Severity.HIGH,
    "A policy of CloudWatch Logs lets everybody in",
    why="Strangers can write into your logs, on your bill.",
    fix="Name the principals, or add a condition on aws:SourceAccount.",
    page="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html",
)
def public_policy(resource: Resource) -> Iterator[str]:
    """Allow for everybody."""
    name = "policy_document" if resource.change.type == "aws_cloudwatch_log_resource_policy" else "access_policy"
    for statement in public(policy_of(resource, name)):
        yield f"The policy lets everybody do {let_in(statement)}."


@_TRAIL.change(
    ("aws_cloudtrail", "aws_flow_log", "aws_config_configuration_recorder", "aws_guardduty_detector"),
    "audit-stopped",
    Severity.HIGH,
    "Something that records what happens is destroyed or switched off",
    why="From then on nobody can say who did what; it is also the first thing that an intruder does.",
    fix="Keep it, or make sure that another one records the same.",
    page="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
)
def audit_stopped(change: Change, both: Both) -> Iterator[str]:
    """Destroyed; or its switch goes from on to off."""
    if change.action is Action.DESTROY:
        yield "It is destroyed, and records nothing more."
    before, after = both.before.by_address.get(change.address), both.after.by_address.get(change.address)
    if before is None or after is None:
        return
    for switch in ("enable_logging", "enable", "is_multi_region_trail", "enable_log_file_validation"):
        if before.is_on(switch) and after.get(switch) is False:
            yield f"{switch} is switched off."
