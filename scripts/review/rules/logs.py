"""Rules for CloudWatch Logs and CloudTrail."""

from collections.abc import Iterator

from ..model import Action, Change, Severity
from .policies import allowed_access, policy_of, public_statements
from .registry import Family
from .resources import PlanIndex, Resource

_LOGS = Family("CloudWatch Logs")
_TRAIL = Family("CloudTrail and flow logs")
_SERVICES = {
    "aws_cloudtrail": "CloudTrail trail",
    "aws_flow_log": "VPC flow log",
    "aws_config_configuration_recorder": "AWS Config recorder",
    "aws_guardduty_detector": "GuardDuty detector",
}


@_LOGS.state(
    ("aws_cloudwatch_log_group",),
    "logs-kept-forever",
    Severity.LOW,
    "A log group keeps its logs for ever",
    why="The bill keeps growing, and so does the data that can leak.",
    fix="Set `retention_in_days`.",
    page="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html#SettingLogRetention",
)
def kept_forever(resource: Resource) -> Iterator[str]:
    """Reports a log group without a retention."""
    if not resource.number("retention_in_days") and resource.text("log_group_class") != "DELIVERY":
        yield "The log group has no retention: CloudWatch keeps its logs for ever."


@_LOGS.state(
    ("aws_cloudwatch_log_resource_policy", "aws_cloudwatch_log_destination_policy"),
    "logs-public-policy",
    Severity.HIGH,
    "A policy of CloudWatch Logs grants access to everybody",
    why="Strangers can write into your logs, and you pay for it.",
    fix="Name the principals, or add a condition on aws:SourceAccount.",
    page="https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html",
)
def public_policy(resource: Resource) -> Iterator[str]:
    """Reports an Allow for everybody."""
    name = "policy_document" if resource.change.type == "aws_cloudwatch_log_resource_policy" else "access_policy"
    for statement in public_statements(policy_of(resource, name)):
        yield f"The policy grants everybody {allowed_access(statement)}."


@_TRAIL.change(
    tuple(_SERVICES),
    "audit-stopped",
    Severity.HIGH,
    "An audit log (CloudTrail, flow log, Config or GuardDuty) is destroyed or switched off",
    why="After that, nobody can say who did what. Attackers often start with this step.",
    fix="Keep it, or make sure that another one records the same events.",
    page="https://docs.aws.amazon.com/awscloudtrail/latest/userguide/best-practices-security.html",
)
def audit_stopped(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports a destruction, or a switch that goes from on to off."""
    if change.action is Action.DESTROY:
        yield f"The {_SERVICES[change.type]} is destroyed and stops recording."
    before, after = index.before.by_address.get(change.address), index.after.by_address.get(change.address)
    if before is None or after is None:
        return
    for switch in ("enable_logging", "enable", "is_multi_region_trail", "enable_log_file_validation"):
        if before.is_on(switch) and after.get(switch) is False:
            yield f"{switch} of the {_SERVICES[change.type]} is switched off."
