"""Rules for S3. A bucket's settings are separate resources, matched to it by name or by reference."""

from collections.abc import Iterator

from ...policies.documents import Statement
from ..model import Action, Change, Severity
from .blocks import Block
from .policies import allowed_access, policy_of, public_statements
from .registry import Family
from .resources import PlanIndex, Resource

_S3 = Family("S3")
_GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide"
_SWITCHES = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_GROUPS = {
    "http://acs.amazonaws.com/groups/global/AllUsers": "everybody",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": "everybody with an AWS account",
}
_PUBLIC_ACLS = {
    "public-read": "everybody to read",
    "public-read-write": "everybody to read and write",
    "authenticated-read": "everybody with an AWS account to read",
}


@_S3.state(
    ("aws_s3_bucket_policy", "aws_s3_bucket"),
    "s3-public-policy",
    Severity.CRITICAL,
    "A bucket policy grants access to everybody",
    why="Anyone who knows the bucket's name may do this, even without an AWS account. Attackers find such buckets "
    "within hours.",
    fix='Name the principals, or add a condition on who they are (aws:PrincipalOrgID, aws:SourceVpce). "Block public '
    'access" stops such a policy.',
    page=f"{_GUIDE}/access-control-block-public-access.html",
)
def public_policy(resource: Resource) -> Iterator[str]:
    """Reports an Allow for everybody without a condition that limits it."""
    if resource.change.type == "aws_s3_bucket" and resource.companions("aws_s3_bucket_policy"):
        return  # the provider only copies the other resource's policy
    for statement in public_statements(policy_of(resource)):
        yield f"The policy grants everybody {allowed_access(statement)}."


@_S3.state(
    ("aws_s3_bucket_acl", "aws_s3_bucket"),
    "s3-public-acl",
    Severity.CRITICAL,
    "An ACL grants access to everybody",
    why="People outside of your account can read the objects or list them.",
    fix='Use the ACL "private", or none: `object_ownership = "BucketOwnerEnforced"` switches ACLs off.',
    page=f"{_GUIDE}/acl-overview.html#canned-acl",
)
def public_acl(resource: Resource) -> Iterator[str]:
    """Reports canned ACLs and grants for the groups that mean everybody."""
    if resource.text("acl") in _PUBLIC_ACLS:
        yield f'The ACL "{resource.text("acl")}" allows {_PUBLIC_ACLS[resource.text("acl")]}.'
    for grant in resource.block("access_control_policy").blocks("grant"):
        uri = grant.block("grantee").text("uri")
        if uri in _GROUPS:
            yield f"A grant gives {grant.text('permission')} to {_GROUPS[uri]}."


@_S3.state(
    ("aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"),
    "s3-public-access-open",
    Severity.HIGH,
    'A part of "block public access" is off',
    why="Without it, one wrong policy or ACL opens the bucket to everybody.",
    fix="Set all four arguments to true. Use CloudFront for content that must be public.",
    page=f"{_GUIDE}/access-control-block-public-access.html#access-control-block-public-access-options",
)
def public_access_open(resource: Resource) -> Iterator[str]:
    """Reports any of the four settings that is off."""
    off = [name for name in _SWITCHES if not resource.is_set(name) or not (resource.is_on(name))]
    if off:
        yield f'These settings of S3 "block public access" are off: {", ".join(off)}.'


@_S3.state(
    ("aws_s3_bucket",),
    "s3-public-access-not-blocked",
    Severity.LOW,
    'A bucket without "block public access" in the plan',
    why="New buckets have it by default, but Terraform does not enforce it: if somebody switches it off by hand, it "
    "stays off.",
    fix="Add an aws_s3_bucket_public_access_block with all four arguments true.",
    page=f"{_GUIDE}/access-control-block-public-access.html",
)
def public_access_not_blocked(resource: Resource) -> Iterator[str]:
    """Reports a bucket without such a resource in the plan."""
    if not resource.companions("aws_s3_bucket_public_access_block"):
        yield "The plan has no aws_s3_bucket_public_access_block for the bucket."


@_S3.change(
    ("aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"),
    "s3-public-access-block-removed",
    Severity.HIGH,
    '"Block public access" is removed from a bucket that stays',
    why="Removing the resource switches all four settings off, also those that AWS switches on by default.",
    fix="Keep the resource. To move it to another configuration, use `removed` with `destroy = false`.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html",
)
def public_access_block_removed(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports that the setting is removed and its bucket stays."""
    pair = index.pair(change, "aws_s3_bucket")
    if pair and pair[1] is None:
        yield 'S3 "block public access" is switched off.'


@_S3.change(
    ("aws_s3_bucket_versioning", "aws_s3_bucket"),
    "s3-versioning-suspended",
    Severity.HIGH,
    "Versioning of a bucket is suspended",
    why="After that, overwritten or deleted objects are lost. Removing the resource also suspends versioning.",
    fix="Keep versioning on. If old versions cost too much, let a lifecycle rule expire them.",
    page=f"{_GUIDE}/Versioning.html",
)
def versioning_suspended(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports versioning that is enabled before the change and not after it."""
    if change.type == "aws_s3_bucket":
        before, after = index.before.by_address.get(change.address), index.after.by_address.get(change.address)
        if change.action is Action.UPDATE and before and after and before.block("versioning").is_on("enabled"):
            versioning = after.blocks("versioning")
            if versioning and not versioning[0].is_on("enabled") and not after.companions("aws_s3_bucket_versioning"):
                yield "S3 versioning is switched off."
        return
    pair = index.pair(change, "aws_s3_bucket")
    if pair and _status(pair[0]) == "Enabled" and (pair[1] is None or _status(pair[1]) != "Enabled"):
        yield "S3 versioning is switched off."


def _status(resource: Resource) -> str:
    return resource.block("versioning_configuration").text("status")


@_S3.change(
    ("aws_s3_bucket_server_side_encryption_configuration",),
    "s3-encryption-weakened",
    Severity.HIGH,
    "A bucket loses its KMS key",
    why="S3 then encrypts new objects with its own key. Anyone who may read an object can decrypt it: no key policy "
    "limits that, and CloudTrail does not record it.",
    fix='Keep `sse_algorithm = "aws:kms"` and the key.',
    page=f"{_GUIDE}/UsingKMSEncryption.html",
)
def encryption_weakened(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports KMS encryption before the change and another encryption after it."""
    pair = index.pair(change, "aws_s3_bucket")
    if pair is None:
        return
    before, after = _encryption(pair[0]), _encryption(pair[1]) if pair[1] else None
    if before.text("sse_algorithm").startswith("aws:kms"):
        if after is None or not after.text("sse_algorithm").startswith("aws:kms"):
            yield "S3 no longer encrypts new objects with KMS."
        elif before.is_set("kms_master_key_id") and not after.is_set("kms_master_key_id"):
            yield "S3 encrypts new objects with the key aws/s3 instead of your own key."


def _encryption(resource: Resource) -> Block:
    return resource.block("rule").block("apply_server_side_encryption_by_default")


@_S3.change(
    ("aws_s3_bucket_policy",),
    "s3-tls-not-required",
    Severity.MEDIUM,
    "A bucket no longer refuses plain HTTP",
    why="Others on the network can read and change requests without TLS.",
    fix="Keep the statement that denies s3:* if aws:SecureTransport is false.",
    page=f"{_GUIDE}/security-best-practices.html#transit",
)
def tls_not_required(change: Change, index: PlanIndex) -> Iterator[str]:
    """Reports that the Deny of plain HTTP is removed."""
    pair = index.pair(change, "aws_s3_bucket")
    if pair is None or not any(map(_requires_tls, policy_of(pair[0]))):
        return
    if pair[1] is None or not any(map(_requires_tls, policy_of(pair[1]))):
        yield "The bucket policy no longer denies requests without TLS."


def _requires_tls(statement: Statement) -> bool:
    return statement.effect == "Deny" and any(each.key == "aws:securetransport" for each in statement.conditions)


@_S3.state(
    ("aws_s3_bucket_ownership_controls",),
    "s3-acls-enabled",
    Severity.LOW,
    "ACLs are switched on for a bucket",
    why="Two mechanisms then decide about access, and objects that other accounts write may belong to those accounts.",
    fix='Use `object_ownership = "BucketOwnerEnforced"`, the default of new buckets.',
    page=f"{_GUIDE}/about-object-ownership.html",
)
def acls_enabled(resource: Resource) -> Iterator[str]:
    """Reports any other ownership."""
    ownership = resource.block("rule").text("object_ownership")
    if ownership and ownership != "BucketOwnerEnforced":
        yield f'The object ownership is "{ownership}", so S3 ACLs are on.'


@_S3.state(
    ("aws_s3_bucket",),
    "s3-force-destroy",
    Severity.HIGH,
    "force_destroy is on",
    why="When the bucket is destroyed or replaced, AWS deletes all its objects and versions without asking.",
    fix="Leave it false. To remove the bucket, empty it by hand first.",
    page="https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/s3_bucket#force_destroy",
)
def force_destroy(resource: Resource) -> Iterator[str]:
    """Reports `force_destroy = true`."""
    if resource.is_on("force_destroy"):
        yield "force_destroy is on: AWS deletes the bucket with everything in it."
