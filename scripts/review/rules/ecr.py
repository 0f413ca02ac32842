"""Rules for ECR."""

from collections.abc import Iterator

from ..model import Severity
from .policies import allowed_access, policy_of, public_statements
from .registry import Family
from .resources import Resource

_ECR = Family("ECR")
_GUIDE = "https://docs.aws.amazon.com/AmazonECR/latest/userguide"


@_ECR.state(
    ("aws_ecr_repository",),
    "ecr-mutable-tags",
    Severity.MEDIUM,
    "Tags of a repository can be overwritten",
    why="The same tag may name different images in two jobs. Nobody can say which image a job used, and anyone who may "
    "push can replace the image.",
    fix='Set `image_tag_mutability = "IMMUTABLE"`.',
    page=f"{_GUIDE}/image-tag-mutability.html",
)
def mutable_tags(resource: Resource) -> Iterator[str]:
    """Reports mutable tags, which are the provider's default."""
    if not resource.text("image_tag_mutability").startswith("IMMUTABLE"):
        yield "ECR image tags are mutable."


@_ECR.state(
    ("aws_ecr_repository",),
    "ecr-no-scan",
    Severity.LOW,
    "Images of a repository are not scanned when they are pushed",
    why="Nobody sees the known vulnerabilities in them.",
    fix="Set `scan_on_push = true`, or scan the whole registry (aws_ecr_registry_scanning_configuration).",
    page=f"{_GUIDE}/image-scanning-basic.html",
)
def no_scan(resource: Resource) -> Iterator[str]:
    """Reports a repository that neither its own setting nor the registry scans."""
    if resource.side.by_type.get("aws_ecr_registry_scanning_configuration"):
        return
    if not resource.block("image_scanning_configuration").is_on("scan_on_push"):
        yield "ECR image scanning on push is off."


@_ECR.state(
    ("aws_ecr_repository_policy",),
    "ecr-public-policy",
    Severity.CRITICAL,
    "A repository's policy grants access to everybody",
    why="Any AWS account can pull the images, or push its own if the policy allows that.",
    fix="Name the accounts, or add a condition on aws:PrincipalOrgID.",
    page=f"{_GUIDE}/repository-policy-examples.html",
)
def public_policy(resource: Resource) -> Iterator[str]:
    """Reports an Allow for everybody."""
    for statement in public_statements(policy_of(resource)):
        yield f"The policy grants everybody {allowed_access(statement)}."


@_ECR.state(
    ("aws_ecr_repository",),
    "ecr-no-lifecycle",
    Severity.LOW,
    "Nothing deletes old images",
    why="A training image has several GB and each push adds one, so the bill grows for ever.",
    fix="Add an aws_ecr_lifecycle_policy.",
    page=f"{_GUIDE}/LifecyclePolicies.html",
)
def no_lifecycle(resource: Resource) -> Iterator[str]:
    """Reports a repository without a lifecycle policy in the plan."""
    if not resource.companions("aws_ecr_lifecycle_policy", "repository"):
        yield "The plan has no aws_ecr_lifecycle_policy for the repository."


@_ECR.state(
    ("aws_ecr_repository",),
    "ecr-force-delete",
    Severity.HIGH,
    "force_delete is on",
    why="When the repository is destroyed or replaced, AWS deletes all its images without asking.",
    fix="Leave it false. To remove the repository, delete its images by hand first.",
    page="https://registry.terraform.io/providers/hashicorp/aws/5.100.0/docs/resources/ecr_repository#force_delete",
)
def force_delete(resource: Resource) -> Iterator[str]:
    """Reports `force_delete = true`."""
    if resource.is_on("force_delete"):
        yield "force_delete is on: AWS deletes the repository with all its images."
