"""Rules for EC2 and EBS."""

from collections.abc import Iterator

from ..model import Severity
from .registry import Family
from .resources import Resource

_EC2 = Family("EC2 and EBS")
_GUIDE = "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide"
_EBS = "https://docs.aws.amazon.com/ebs/latest/userguide"
_MACHINES = ("aws_instance", "aws_launch_template", "aws_launch_configuration")


@_EC2.state(
    _MACHINES,
    "ec2-imds-v1",
    Severity.MEDIUM,
    "An instance allows IMDSv1, the metadata service without tokens",
    why="An attacker who can make the instance send one HTTP request gets its role's credentials.",
    fix='Set `http_tokens = "required"` in `metadata_options`.',
    page=f"{_GUIDE}/configuring-instance-metadata-service.html",
)
def imds_v1(resource: Resource) -> Iterator[str]:
    """Reports a metadata service that is on and requires no tokens. If unset, the image decides; most allow IMDSv1."""
    options = resource.block("metadata_options")
    if options.text("http_endpoint") != "disabled" and options.text("http_tokens") != "required":
        yield "The EC2 metadata service does not require IMDSv2."


@_EC2.state(
    _MACHINES,
    "ec2-public-address",
    Severity.MEDIUM,
    "An instance gets a public address",
    why="The internet can reach it on every port that its security groups open.",
    fix="Set `associate_public_ip_address = false`; use a load balancer, Session Manager or a VPC endpoint.",
    page=f"{_GUIDE}/using-instance-addressing.html#concepts-public-addresses",
)
def public_address(resource: Resource) -> Iterator[str]:
    """Reports a public address that the instance, or a network interface of the template, requests."""
    if resource.change.type == "aws_launch_template":
        public = any(each.is_on("associate_public_ip_address") for each in resource.blocks("network_interfaces"))
    else:
        public = resource.is_on("associate_public_ip_address")
    if public:
        yield "The instance gets a public IP address."


@_EC2.state(
    ("aws_ebs_volume", *_MACHINES),
    "ebs-not-encrypted",
    Severity.MEDIUM,
    "A volume is not encrypted",
    why="Anyone who gets one of its snapshots can read it, and you cannot encrypt the volume in place later.",
    fix="Set `encrypted = true`, or aws_ebs_encryption_by_default for the whole region.",
    page=f"{_EBS}/ebs-encryption.html",
)
def not_encrypted(resource: Resource) -> Iterator[str]:
    """Reports encryption that is off, or left to an account default that the plan does not show as on."""
    if any(each.get("enabled") is not False for each in resource.side.by_type.get("aws_ebs_encryption_by_default", ())):
        return
    if resource.change.type == "aws_ebs_volume":
        if not resource.is_on("encrypted") and not resource.is_set("snapshot_id"):
            yield "EBS encryption of the volume is off."
        return
    for name in ("root_block_device", "ebs_block_device", "block_device_mappings"):
        for place, device in enumerate(resource.blocks(name)):
            volume = device.block("ebs") if name == "block_device_mappings" else device
            if str(volume.get("encrypted", "")).lower() == "false" and not volume.is_set("snapshot_id"):
                yield f"EBS encryption of {name}[{place}] is off."


@_EC2.state(
    (
        "aws_ami_launch_permission", "aws_db_snapshot", "aws_db_cluster_snapshot",
        "aws_ebs_snapshot_block_public_access", "aws_ec2_image_block_public_access",
    ),
    "snapshot-public",
    Severity.CRITICAL,
    "A snapshot or an image is shared with everybody",
    why="Any AWS account can copy it and read the whole disk or database.",
    fix="Share it only with the accounts that need it, and keep public access blocked in the region.",
    page=f"{_EBS}/block-public-access-snapshots.html",
)  # fmt: skip
def snapshot_public(resource: Resource) -> Iterator[str]:
    """Reports sharing with `all`, or a region whose block of public access is off."""
    if resource.text("group") == "all" or "all" in resource.texts("shared_accounts"):
        yield "Every AWS account can use it."
    if resource.text("state") == "unblocked":
        yield "The region's block of public access to snapshots or images is off."
