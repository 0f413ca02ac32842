"""Look at everything a job needs before anything is created: SageMaker would say it minutes later, or pay for it.

What the caller has no right to look at is "not checked", never wrong.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from scripts.container.repository import Image
from scripts.core import aws
from scripts.core.errors import UserError, nearest

if TYPE_CHECKING:
    from scripts.stack import Stack

ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?/(?P<name>[^:@]+)(?P<version>[:@].+)?"
)
SAGEMAKER = "sagemaker.amazonaws.com"
T = TypeVar("T")


def locate_image(uri: str, stack: "Stack") -> Image:
    """Take an image's URI apart.

    One that starts with the stack's repository URL is ours: account and region come from the repository's ARN then,
    not from a host name.

    Raises:
        UserError: it is no image of ECR, the only registry that SageMaker pulls from without a network of one's own.
    """
    if stack.owns_image(uri):
        version = _version(uri.removeprefix(stack.repository_url))
        return Image(stack.repository_account, stack.repository_region, stack.repository_name, version)
    found = ECR_IMAGE.fullmatch(uri)
    if found is None:
        raise UserError(
            f"IMAGE={uri} is not in ECR, and SageMaker pulls from nowhere else.",
            f"Push it to the stack's repository: {stack.repository_url}:<tag>.",
        )
    return Image(found["account"], found["region"], found["name"], _version(found["version"] or ""))


def check_image(uri: str, stack: "Stack", say: Callable[[str], None]) -> Image:
    """Look for an image that the user names.

    Args:
        uri: the image's.
        stack: the environment's.
        say: told if it could not be checked.

    Raises:
        UserError: it is no image of ECR, is in another region, or is not there.
    """
    image = locate_image(uri, stack)
    _same_region(f"The image's repository {image.repository}", image.region, aws.region())
    unless_denied(f"the image {uri}", partial(_image_exists, uri, image, stack), say)
    return image


def check(request: Mapping[str, Any], sources: Iterable[str], say: Callable[[str], None]) -> None:
    """Check role, buckets, S3 sources and instance type.

    Args:
        request: CreateTrainingJob's.
        sources: the ``s3://…`` sources of its channels that must hold something by now.
        say: told what could not be checked.

    Raises:
        UserError: the first thing that is wrong.
    """
    region, role = aws.region(), request["RoleArn"]
    _known_instance_type(aws.client("sagemaker"), request["ResourceConfig"].get("InstanceType"))
    s3 = aws.client("s3")
    wanted = [aws.split_uri(source) for source in sources]
    buckets = [aws.split_uri(uri)[0] for uri in _uris(request)]
    checks: list[tuple[str, Callable[[], None]]] = [
        (f"the role {role}", partial(_role_trusts_sagemaker, role, role.split(":")[4])),
        *((f"the bucket {name}", partial(_bucket_is_here, s3, name, region)) for name in dict.fromkeys(buckets)),
        *((f"s3://{bucket}/{prefix}", partial(_prefix_holds, s3, bucket, prefix)) for bucket, prefix in wanted),
    ]
    for what, look in checks:
        unless_denied(what, look, say)


def unless_denied(what: str, look: Callable[[], T], say: Callable[[str], None]) -> T | None:
    """What ``look`` gives; None, and a word about it, where the caller has no right to look at ``what``."""
    try:
        return look()
    except Exception as error:
        if not aws.is_access_denied(error):
            raise
        say(f"Not checked: {what} (no right to {aws.action_of(error)}).")
        return None


def trusts_sagemaker(policy: Mapping[str, Any], account: str) -> bool:
    """Whether a role's trust policy lets SageMaker take the role on for jobs of ``account``."""
    statements = policy.get("Statement", [])
    return any(_lets_in(one, account) for one in ([statements] if isinstance(statements, dict) else statements))


def _lets_in(statement: Mapping[str, Any], account: str) -> bool:
    if statement.get("Effect") != "Allow" or not {"sts:AssumeRole", "sts:*", "*"} & _texts(statement.get("Action")):
        return False
    principal = statement.get("Principal")
    if principal != "*" and SAGEMAKER not in _texts((principal or {}).get("Service")):
        return False
    for operator, values in statement.get("Condition", {}).items():
        for key, accounts in values.items():
            # Other conditions are AWS's to judge.
            if operator == "StringEquals" and key.lower() == "aws:sourceaccount" and account not in _texts(accounts):
                return False
    return True


def _texts(value: str | list[str] | None) -> set[str]:
    return {value} if isinstance(value, str) else set(value or ())


def _version(text: str) -> dict[str, str]:
    if text.startswith("@"):
        return {"imageDigest": text[1:]}
    tag, _, digest = text.removeprefix(":").partition("@")
    return {"imageDigest": digest} if digest else {"imageTag": tag or "latest"}


def _same_region(what: str, its: str, region: str) -> None:
    if its != region:
        raise UserError(
            f"{what} is in {its}, and the job would run in {region}: SageMaker needs both in one region.",
            f"Use one in {region}, or run the job with AWS_REGION={its}.",
        )


def _uris(request: Mapping[str, Any]) -> list[str]:
    """Everything in S3 that a request names."""
    sources = (channel["DataSource"].get("S3DataSource") for channel in request.get("InputDataConfig", []))
    read = [source["S3Uri"] for source in sources if source]
    written = [request["OutputDataConfig"]["S3OutputPath"]]
    return [*read, *written, *([request["CheckpointConfig"]["S3Uri"]] if "CheckpointConfig" in request else [])]


def _known_instance_type(sagemaker: Any, instance_type: str | None) -> None:
    known = sagemaker.meta.service_model.shape_for("TrainingInstanceType").enum
    if instance_type is not None and instance_type not in known:  # None: groups of instances, not of our making
        close = nearest(instance_type, known)
        raise UserError(
            f"SageMaker trains on no instance type {instance_type}.",
            f"Did you mean {close}?" if close else "See https://aws.amazon.com/sagemaker/pricing/ for the types.",
        )


def _image_exists(uri: str, image: Image, stack: "Stack") -> None:
    ecr = aws.client("ecr")
    try:
        ecr.describe_images(registryId=image.account, repositoryName=image.repository, imageIds=[image.version])
    except ecr.exceptions.RepositoryNotFoundException:
        raise UserError(
            f"The image's repository {image.repository} does not exist in account {image.account}.",
            "Build the stack (`make infra`) or name another image with IMAGE=.",
        ) from None
    except ecr.exceptions.ImageNotFoundException:
        raise UserError(
            f"There is no image {uri}.",
            f"Push one under that tag, or name one that is there with IMAGE={stack.repository_url}:<tag>.",
        ) from None


def _role_trusts_sagemaker(arn: str, account: str) -> None:
    iam = aws.client("iam")
    try:
        role = iam.get_role(RoleName=arn.rpartition("/")[2])["Role"]
    except iam.exceptions.NoSuchEntityException:
        raise UserError(f"The role {arn} does not exist.", "Build the stack again: `make infra`.") from None
    if not trusts_sagemaker(role["AssumeRolePolicyDocument"], account):
        raise UserError(
            f"The role {arn} does not let {SAGEMAKER} take it on for account {account}.",
            "Mend its trust policy: `make infra`, or where the role is made if it is an existing one.",
        )


def _bucket_is_here(s3: Any, bucket: str, region: str) -> None:
    try:
        answer = s3.head_bucket(Bucket=bucket)
    except s3.exceptions.ClientError as error:
        if aws.error_code(error) not in {"404", "NoSuchBucket"}:
            raise
        raise UserError(
            f"The bucket {bucket} does not exist.", "Build the stack (`make infra`) or correct the name."
        ) from None
    its = answer.get("BucketRegion") or answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-bucket-region", region)
    _same_region(f"The bucket {bucket}", its, region)


def _prefix_holds(s3: Any, bucket: str, prefix: str) -> None:
    if not s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"):
        raise UserError(f"The channel's source s3://{bucket}/{prefix} holds no object.", "Correct it in the job file.")
