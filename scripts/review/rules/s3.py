"""Rules for S3. A bucket's settings are resources of their own, matched to it by name or by reference."""

from collections.abc import Iterator

from scripts.policies.documents import Statement
from scripts.review.model import Action, Change, Severity
from scripts.review.rules.blocks import Block
from scripts.review.rules.policies import let_in, policy_of, public
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Both, Resource

_S3 = Family("S3")
_GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide"
_SWITCHES = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
_GROUPS = {
    "http://acs.amazonaws.com/groups/global/AllUsers": "everybody",
    "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": "everybody with an AWS account",
}
_PUBLIC_ACLS = {
    "public-read": "everybody read",
    "public-read-write": "everybody read and write",
    "authenticated-read": "everybody with an AWS account read",
}


@_S3.state(
    ("aws_s3_bucket_policy", "aws_s3_bucket"),
    "s3-public-policy",
    Severity.CRITICAL,
    "A bucket policy lets everybody in",
    why="Whoever knows the bucket's name may do this, without an account; such buckets are found within hours.",
    fix='Name the principals, or add a condition on who they are (aws:PrincipalOrgID, aws:SourceVpce). "Block public '
    'access" stops such a policy.',
    page=f"{_GUIDE}/access-control-block-public-access.html",
)
def public_policy(resource: Resource) -> Iterator[str]:
    """Allow for everybody, without a condition that narrows it."""
    if resource.change.type == "aws_s3_bucket" and resource.companions("aws_s3_bucket_policy"):
        return  # `policy` only mirrors the other resource
    for statement in public(policy_of(resource)):
        yield f"The policy lets everybody do {let_in(statement)}."


@_S3.state(
    ("aws_s3_bucket_acl", "aws_s3_bucket"),
    "s3-public-acl",
    Severity.CRITICAL,
    "An ACL lets everybody in",
    why="The objects, or their list, are open to people outside of your account.",
    fix='Use the ACL "private", or none: `object_ownership = "BucketOwnerEnforced"` switches ACLs off.',
    page=f"{_GUIDE}/acl-overview.html#canned-acl",
)
def public_acl(resource: Resource) -> Iterator[str]:
    """Canned ACLs and grants for the groups that mean everybody."""
    if resource.text("acl") in _PUBLIC_ACLS:
        yield f'The ACL "{resource.text("acl")}" lets {_PUBLIC_ACLS[resource.text("acl")]}.'
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
    fix="Set all four arguments to true; what must be public belongs behind CloudFront.",
    page=f"{_GUIDE}/access-control-block-public-access.html#access-control-block-public-access-options",
)
def public_access_open(resource: Resource) -> Iterator[str]:
    """Any of the four switches off."""
    off = [name for name in _SWITCHES if not resource.is_set(name) or not (resource.is_on(name))]
    if off:
        yield f"These are off: {', '.join(off)}."


@_S3.state(
    ("aws_s3_bucket",),
    "s3-public-access-not-blocked",
    Severity.LOW,
    'A bucket without "block public access" in the plan',
    why="New buckets have it by default, but nothing here keeps it so: what is switched off by hand stays off.",
    fix="Add an aws_s3_bucket_public_access_block with all four arguments true.",
    page=f"{_GUIDE}/access-control-block-public-access.html",
)
def public_access_not_blocked(resource: Resource) -> Iterator[str]:
    """No companion of that type."""
    if not resource.companions("aws_s3_bucket_public_access_block"):
        yield "No aws_s3_bucket_public_access_block belongs to the bucket."


@_S3.change(
    ("aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"),
    "s3-public-access-block-removed",
    Severity.HIGH,
    '"Block public access" is taken off a bucket that stays',
    why="Removing the resource switches all four settings off, also those that AWS has on by default.",
    fix="Keep the resource; to hand it to another configuration, use `removed` with `destroy = false`.",
    page="https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeletePublicAccessBlock.html",
)
def public_access_block_removed(change: Change, both: Both) -> Iterator[str]:
    """The companion goes and the bucket stays."""
    pair = both.pair(change, "aws_s3_bucket")
    if pair and pair[1] is None:
        yield '"Block public access" is removed.'


@_S3.change(
    ("aws_s3_bucket_versioning", "aws_s3_bucket"),
    "s3-versioning-suspended",
    Severity.HIGH,
    "Versioning of a bucket is suspended",
    why="From then on, what is overwritten or deleted is lost. Removing the resource suspends it too.",
    fix="Keep versioning on, and let a lifecycle rule expire old versions where they cost too much.",
    page=f"{_GUIDE}/Versioning.html",
)
def versioning_suspended(change: Change, both: Both) -> Iterator[str]:
    """Enabled before, and not after."""
    if change.type == "aws_s3_bucket":
        before, after = both.before.by_address.get(change.address), both.after.by_address.get(change.address)
        if change.action is Action.UPDATE and before and after and before.block("versioning").is_on("enabled"):
            told = after.blocks("versioning")
            if told and not told[0].is_on("enabled") and not after.companions("aws_s3_bucket_versioning"):
                yield "Versioning is switched off."
        return
    pair = both.pair(change, "aws_s3_bucket")
    if pair and _status(pair[0]) == "Enabled" and (pair[1] is None or _status(pair[1]) != "Enabled"):
        yield "Versioning was enabled and is not any more."


def _status(resource: Resource) -> str:
    return resource.block("versioning_configuration").text("status")


@_S3.change(
    ("aws_s3_bucket_server_side_encryption_configuration",),
    "s3-encryption-weakened",
    Severity.HIGH,
    "A bucket loses its KMS key",
    why="New objects are encrypted with S3's own key: whoever may read the object reads it, and no key policy, no "
    "CloudTrail record of the key stands before it.",
    fix='Keep `sse_algorithm = "aws:kms"` and the key.',
    page=f"{_GUIDE}/UsingKMSEncryption.html",
)
def encryption_weakened(change: Change, both: Both) -> Iterator[str]:
    """KMS before, something else after."""
    pair = both.pair(change, "aws_s3_bucket")
    if pair is None:
        return
    before, after = _encryption(pair[0]), _encryption(pair[1]) if pair[1] else None
    if before.text("sse_algorithm").startswith("aws:kms"):
        if after is None or not after.text("sse_algorithm").startswith("aws:kms"):
            yield "New objects are no longer encrypted with KMS."
        elif before.is_set("kms_master_key_id") and not after.is_set("kms_master_key_id"):
            yield "New objects are encrypted with the key aws/s3 in place of your own."


def _encryption(resource: Resource) -> Block:
    return resource.block("rule").block("apply_server_side_encryption_by_default")


@_S3.change(
    ("aws_s3_bucket_policy",),
    "s3-tls-not-required",
    Severity.MEDIUM,
    "A bucket no longer refuses plain HTTP",
    why="Requests without TLS can be read and changed on their way.",
    fix="Keep the statement that denies s3:* where aws:SecureTransport is false.",
    page=f"{_GUIDE}/security-best-practices.html#transit",
)
def tls_not_required(change: Change, both: Both) -> Iterator[str]:
    """The Deny of plain HTTP goes."""
    pair = both.pair(change, "aws_s3_bucket")
    if pair is None or not any(map(_requires_tls, policy_of(pair[0]))):
        return
    if pair[1] is None or not any(map(_requires_tls, policy_of(pair[1]))):
        yield "The policy denied requests without TLS, and does so no more."


def _requires_tls(statement: Statement) -> bool:
    return statement.effect == "Deny" and any(each.key == "aws:securetransport" for each in statement.conditions)


@_S3.state(
    ("aws_s3_bucket_ownership_controls",),
    "s3-acls-enabled",
    Severity.LOW,
    "ACLs are switched on for a bucket",
    why="Access is then decided at two places, and objects that others write may belong to them.",
    fix='Use `object_ownership = "BucketOwnerEnforced"`, the default of new buckets.',
    page=f"{_GUIDE}/about-object-ownership.html",
)
def acls_enabled(resource: Resource) -> Iterator[str]:
    """Any other ownership."""
    ownership = resource.block("rule").text("object_ownership")
    if ownership and ownership != "BucketOwnerEnforced":
        yield f'The ownership is "{ownership}", which lets ACLs count.'


@_S3.state(
    ("aws_s3_bucket",),
    "s3-force-destroy",
    Severity.HIGH,
    "force_destroy is on",
    why="When the bucket is destroyed or replaced, all its objects go with it, every version, without a question.",
    fix="Leave it false; empty a bucket by hand when it is to go.",
    page="https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/s3_bucket#force_destroy",
)
def force_destroy(resource: Resource) -> Iterator[str]:
    """The argument is true."""
    if resource.is_on("force_destroy"):
        yield "force_destroy is on: the bucket goes with all that it holds."
