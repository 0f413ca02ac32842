"""Checks everything that a job needs before anything is created. SageMaker would report it minutes later.

If you lack the right to look at something, the check is skipped with a line "Not checked". It never fails the job.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from scripts.container.repository import Image
from scripts.core import aws
from scripts.core.errors import UserError, nearest
from scripts.core.permissions import SAGEMAKER, Place
from scripts.core.role_calls import assume_context, collected_uris
from scripts.policies.documents import InvalidPolicyError
from scripts.policies.evaluator import Effect, Policies, Principal, Request, evaluate, read_policy
from scripts.training import role_rights

if TYPE_CHECKING:
    from scripts.stack import Stack

ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<name>[^:@]+)(?P<version>[:@].+)?"
)
T = TypeVar("T")


def parse_image_uri(uri: str, stack: "Stack") -> Image:
    """The image that a URI names.

    If the URI starts with the stack's repository URL, account and region come from the repository's ARN, not from the
    host name.

    Raises:
        UserError: the image is not in ECR, the only registry that SageMaker pulls from without a VPC.
    """
    if stack.owns_image(uri):
        version = _version(uri.removeprefix(stack.repository_url))
        return Image(stack.repository_account, stack.repository_region, stack.repository_name, version)
    found = ECR_IMAGE.fullmatch(uri)
    if found is None:
        raise UserError(
            f"IMAGE={uri} is not in ECR, the only registry that SageMaker pulls from.",
            f"Push it to the stack's repository: {stack.repository_url}:<tag>.",
        )
    return Image(found["account"], found["region"], found["name"], _version(found["version"] or ""))


def check_image(uri: str, stack: "Stack", say: Callable[[str], None]) -> Image:
    """Check that an image exists where SageMaker can pull it.

    Args:
        uri: the image's URI.
        stack: the environment's stack.
        say: prints a note if it cannot be checked.

    Raises:
        UserError: the image is not in ECR, is in another region, or does not exist.
    """
    image = parse_image_uri(uri, stack)
    _check_region(f"The image's repository {image.repository}", image.region, aws.region())
    unless_denied(f"the image {uri}", partial(_check_image_exists, uri, image, stack), say)
    return image


def check(
    request: Mapping[str, Any], sources: Iterable[str], say: Callable[[str], None], *, tuning: bool = False
) -> None:
    """Check role, buckets, S3 sources, instance type, and what the role may do with them.

    Args:
        request: the CreateTrainingJob request.
        sources: the ``s3://…`` sources of its channels that must contain objects by now.
        say: prints what cannot be checked.
        tuning: whether a tuning of the same name starts the job.

    Raises:
        UserError: a check has failed; the message is that of the first one.
    """
    region, role = aws.region(), request["RoleArn"]
    place = Place(role.split(":")[1], region, role.split(":")[4])
    # No page of AWS says which of the two SageMaker sends when it assumes the role for a tuning.
    kinds = ("training-job", "hyper-parameter-tuning-job") if tuning else ("training-job",)
    jobs = [place.arn("sagemaker", f"{kind}/{request['TrainingJobName']}".lower()) for kind in kinds]
    repository = repository_arn(request["AlgorithmSpecification"]["TrainingImage"], place)
    _check_instance_type(aws.client("sagemaker"), request["ResourceConfig"].get("InstanceType"))
    s3 = aws.client("s3")
    prefixes = [aws.split_uri(source) for source in sources]
    buckets = [aws.split_uri(uri)[0] for uri in _uris(request)]
    checks: list[tuple[str, Callable[[], None]]] = [
        (f"the role {role}", partial(_check_role, role, jobs)),
        *((f"the bucket {name}", partial(_check_bucket, s3, name, region)) for name in dict.fromkeys(buckets)),
        *((f"s3://{bucket}/{prefix}", partial(_check_prefix, s3, bucket, prefix)) for bucket, prefix in prefixes),
        (f"what the role {role} may do", partial(role_rights.check, request, repository, say)),
    ]
    for what, run in checks:
        unless_denied(what, run, say)


def repository_arn(uri: str, place: Place) -> str:
    """The ARN of an image's repository; one whose host is not AWS's is in the account and the region of the job."""
    found = ECR_IMAGE.fullmatch(uri)
    if found:
        owner = Place(place.partition, found["region"], found["account"])
        return owner.arn("ecr", f"repository/{found['name']}")
    return place.arn("ecr", f"repository/{re.split('[:@]', uri.partition('/')[2])[0]}")


def unless_denied(what: str, run: Callable[[], T], say: Callable[[str], None]) -> T | None:
    """Run a check and return its result. If AWS denies it, print "Not checked: ``what``" and return None."""
    try:
        return run()
    except Exception as error:
        if not aws.is_access_denied(error):
            raise
        say(f"Not checked: {what} (no right to {aws.action_of(error)}).")
        return None


def trusts_sagemaker(policy: Mapping[str, Any], role: str, job: str) -> bool:
    """Whether a role's trust policy may let SageMaker assume the role for a job; True if that is not certain.

    Args:
        policy: the trust policy.
        role: the role's ARN.
        job: the job's ARN.
    """
    request = Request("sts:AssumeRole", role, assume_context(job, job.split(":")[4]))
    try:
        policies = Policies(resource=read_policy(role, json.dumps(policy)), needs_resource=True)
        decision = evaluate(Principal(SAGEMAKER), request, policies)
    except InvalidPolicyError:
        return True
    return decision.effect is Effect.ALLOWED or bool(decision.missing)


def _version(text: str) -> dict[str, str]:
    if text.startswith("@"):
        return {"imageDigest": text[1:]}
    tag, _, digest = text.removeprefix(":").partition("@")
    return {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}


def _check_region(what: str, found: str, region: str) -> None:
    if found != region:
        raise UserError(
            f"{what} is in {found}, and the job would run in {region}: SageMaker needs both in one region.",
            f"Use one in {region}, or run the job with AWS_REGION={found}.",
        )


def _uris(request: Mapping[str, Any]) -> list[str]:
    """The S3 URIs in a request."""
    sources = (channel["DataSource"].get("S3DataSource") for channel in request.get("InputDataConfig", []))
    inputs = [source["S3Uri"] for source in sources if source]
    outputs = [request["OutputDataConfig"]["S3OutputPath"], *collected_uris(request)]
    return [*inputs, *outputs, *([request["CheckpointConfig"]["S3Uri"]] if "CheckpointConfig" in request else [])]


def _check_instance_type(sagemaker: Any, instance_type: str | None) -> None:
    known = sagemaker.meta.service_model.shape_for("TrainingInstanceType").enum
    if instance_type is not None and instance_type not in known:  # None: instance groups, which job files do not have
        close = nearest(instance_type, known)
        raise UserError(
            f"SageMaker has no instance type {instance_type} for training.",
            f"Did you mean {close}?" if close else "See https://aws.amazon.com/sagemaker/pricing/ for the types.",
        )


def _check_image_exists(uri: str, image: Image, stack: "Stack") -> None:
    ecr = aws.client("ecr")
    try:
        ecr.describe_images(registryId=image.account, repositoryName=image.repository, imageIds=[image.version])
    except ecr.exceptions.RepositoryNotFoundException:
        raise UserError(
            f"The image's repository {image.repository} does not exist in account {image.account}.",
            "Apply the stack (`make infra`) or name another image with IMAGE=.",
        ) from None
    except ecr.exceptions.ImageNotFoundException:
        raise UserError(
            f"There is no image {uri}.",
            f"Push an image with that tag, or name an existing one: IMAGE={stack.repository_url}:<tag>.",
        ) from None


def _check_role(arn: str, jobs: Iterable[str]) -> None:
    iam = aws.client("iam")
    try:
        role = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except iam.exceptions.NoSuchEntityException:
        raise UserError(f"The role {arn} does not exist.", "Apply the stack again: `make infra`.") from None
    for job in jobs:
        if not trusts_sagemaker(role["AssumeRolePolicyDocument"], arn, job):
            raise UserError(
                f"The role {arn} does not let {SAGEMAKER} assume it for the job {job}.",
                "Correct its trust policy: with `make infra`, or, for an existing role, where it was created.",
            )


def _check_bucket(s3: Any, bucket: str, region: str) -> None:
    try:
        answer = s3.head_bucket(Bucket=bucket)
    except s3.exceptions.ClientError as error:
        if aws.error_code(error) not in {"404", "NoSuchBucket"}:
            raise
        raise UserError(
            f"The bucket {bucket} does not exist.", "Apply the stack (`make infra`) or correct the name."
        ) from None
    found = answer.get("BucketRegion") or answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", region)
    _check_region(f"The bucket {bucket}", found, region)


def _check_prefix(s3: Any, bucket: str, prefix: str) -> None:
    if not s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"):
        raise UserError(f"The channel's source s3://{bucket}/{prefix} holds no object.", "Correct it in the job file.")
