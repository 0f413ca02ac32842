"""Rules for ECR."""

from collections.abc import Iterator

from scripts.review.model import Severity
from scripts.review.rules.policies import let_in, policy_of, public
from scripts.review.rules.registry import Family
from scripts.review.rules.resources import Resource

_ECR = Family("ECR")
_GUIDE = "https://docs.aws.amazon.com/AmazonECR/latest/userguide"


@_ECR.state(
    ("aws_ecr_repository",),
    "ecr-mutable-tags",
    Severity.MEDIUM,
    "Tags of a repository can be overwritten",
    why="What a tag means may change between two jobs: nobody can say which image was used, and whoever may push can "
    "put another in its place.",
    fix='Set `image_tag_mutability = "IMMUTABLE"`.',
    page=f"{_GUIDE}/image-tag-mutability.html",
)
def mutable_tags(resource: Resource) -> Iterator[str]:
    """The provider's default, too."""
    if not resource.text("image_tag_mutability").startswith("IMMUTABLE"):
        yield "Image tags are mutable."


@_ECR.state(
    ("aws_ecr_repository",),
    "ecr-no-scan",
    Severity.LOW,
    "Images of a repository are not scanned when they are pushed",
    why="Known holes in them stay unseen.",
    fix="Set `scan_on_push = true`, or scan the whole registry (aws_ecr_registry_scanning_configuration).",
    page=f"{_GUIDE}/image-scanning-basic.html",
)
def no_scan(resource: Resource) -> Iterator[str]:
    """Neither the repository nor the registry scans."""
    if resource.side.by_type.get("aws_ecr_registry_scanning_configuration"):
        return
    if not resource.block("image_scanning_configuration").is_on("scan_on_push"):
        yield "Images are not scanned on push."


@_ECR.state(
    ("aws_ecr_repository_policy",),
    "ecr-public-policy",
    Severity.CRITICAL,
    "A repository's policy lets everybody in",
    why="Any AWS account can pull the images, or push its own where that is allowed.",
    fix="Name the accounts, or add a condition on aws:PrincipalOrgID.",
    page=f"{_GUIDE}/repository-policy-examples.html",
)
def public_policy(resource: Resource) -> Iterator[str]:
    """Allow for everybody."""
    for statement in public(policy_of(resource)):
        yield f"The policy lets everybody do {let_in(statement)}."


@_ECR.state(
    ("aws_ecr_repository",),
    "ecr-no-lifecycle",
    Severity.LOW,
    "Nothing deletes old images",
    why="A training image has several GB, and each push adds one: the bill grows for ever.",
    fix="Add an aws_ecr_lifecycle_policy.",
    page=f"{_GUIDE}/LifecyclePolicies.html",
)
def no_lifecycle(resource: Resource) -> Iterator[str]:
    """No companion of that type."""
    if not resource.companions("aws_ecr_lifecycle_policy", "repository"):
        yield "No aws_ecr_lifecycle_policy belongs to the repository."


@_ECR.state(
    ("aws_ecr_repository",),
    "ecr-force-delete",
    Severity.HIGH,
    "force_delete is on",
    why="When the repository is destroyed or replaced, all its images go with it, without a question.",
    fix="Leave it false; delete images by hand when the repository is to go.",
    page="https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/ecr_repository#force_delete",
)
def force_delete(resource: Resource) -> Iterator[str]:
    """The argument is true."""
    if resource.is_on("force_delete"):
        yield "force_delete is on: the repository goes with all its images."
