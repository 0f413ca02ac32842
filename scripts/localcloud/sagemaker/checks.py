"""Checks what a job needs in the account before it starts: its role, its image, its input and its buckets."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import botocore.exceptions

from scripts.localcloud.awsjson import validation_error
from scripts.localcloud.clients import Clients, Keys
from scripts.localcloud.environment import ACCOUNT
from scripts.localcloud.sagemaker import rights, s3paths

if TYPE_CHECKING:
    from mypy_boto3_ecr.type_defs import ImageIdentifierTypeDef
    from mypy_boto3_s3 import S3Client

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html
_IMAGE = re.compile(r"(?P<registry>[^/]+)/(?P<repository>[^:@]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?")
_AWS_REGISTRY = re.compile(r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?")


def check(request: Mapping[str, Any], arns: Iterable[str], region: str, clients: Clients) -> None:
    """Check that everything a job needs exists, as AWS does when a job is created.

    Args:
        request: CreateTrainingJob's parameters.
        arns: SageMaker must be allowed to assume the role for each of these.
        region: the job's region.
        clients: clients of the local cloud.

    Raises:
        ServiceError: a ValidationException in AWS's words.
    """
    role_arn = request["RoleArn"]
    if not all(rights.may_be_assumed(role_arn, arn) for arn in arns):
        raise validation_error(rights.refusal(role_arn))
    _check_image(request["AlgorithmSpecification"]["TrainingImage"], role_arn, region, clients)
    if "VpcConfig" in request:
        _check_network(request["VpcConfig"], clients.ec2(region))
    s3 = clients.s3(region, Keys())
    for channel in request.get("InputDataConfig", []):
        _check_input(channel["DataSource"]["S3DataSource"]["S3Uri"], role_arn, region, s3)
    _check_bucket(request["OutputDataConfig"]["S3OutputPath"], "OutputDataConfig", s3)
    if "CheckpointConfig" in request:
        _check_bucket(request["CheckpointConfig"]["S3Uri"], "CheckpointConfig", s3)


def own_repository(image: str, region: str, clients: Clients) -> str | None:
    """Return the name of an image's repository, if it is in the account's ECR.

    The local cloud knows nothing about public registries and those of other accounts.

    Raises:
        ServiceError: it is there, in another region.
    """
    found = _IMAGE.fullmatch(image)
    return found["repository"] if found and _is_own_registry(found["registry"], region, clients) else None


def _check_image(image: str, role_arn: str, region: str, clients: Clients) -> None:
    repository, found = own_repository(image, region, clients), _IMAGE.fullmatch(image)
    if repository is None or found is None:
        return
    registry = clients.ecr(region)
    identity: ImageIdentifierTypeDef = (
        {"imageDigest": found["digest"]} if found["digest"] else {"imageTag": found["tag"] or "latest"}
    )
    try:
        registry.describe_images(repositoryName=repository, imageIds=[identity])
    except registry.exceptions.RepositoryNotFoundException:
        pull = "ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer"
        raise validation_error(
            f"Cannot find repository: {repository} in registry ID: {ACCOUNT} Please check if your ECR "
            f"repository exists and role {role_arn} has proper pull permissions for SageMaker: {pull}"
        ) from None
    except registry.exceptions.ImageNotFoundException:
        raise validation_error(
            f"Cannot find the requested image: {image}. Please check if your ECR image exists and has proper pull "
            "permissions for SageMaker"
        ) from None


def _is_own_registry(registry: str, region: str, clients: Clients) -> bool:
    """Return whether a registry is the account's ECR, by its name on AWS or by its name here."""
    if registry == clients.registry:
        return True
    found = _AWS_REGISTRY.fullmatch(registry)
    if found is None or found["account"] != ACCOUNT:
        return False
    if found["region"] != region:
        raise validation_error(f"The image's region {found['region']} is not the job's region {region}: {registry}")
    return True


def _check_network(network: Mapping[str, Any], ec2: Any) -> None:
    """Check that subnets and security groups exist and are in one VPC."""
    try:
        subnets = ec2.describe_subnets(SubnetIds=network["Subnets"])["Subnets"]
        groups = ec2.describe_security_groups(GroupIds=network["SecurityGroupIds"])["SecurityGroups"]
    except botocore.exceptions.ClientError as error:
        raise validation_error(f"VpcConfig: {error.response['Error']['Message']}") from None
    if len({one["VpcId"] for one in (*subnets, *groups)}) > 1:
        raise validation_error("VpcConfig: all subnets and security groups must be in the same VPC")


def _check_input(uri: str, role_arn: str, region: str, s3: "S3Client") -> None:
    bucket, prefix = s3paths.split(uri)
    actual = region
    try:
        found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)["KeyCount"]
        actual = s3.head_bucket(Bucket=bucket)["BucketRegion"]
    except botocore.exceptions.ClientError:
        found = 0
    if actual != region:
        raise validation_error(
            f"The input bucket {bucket} is in {actual}; a training job reads buckets of its own region, {region}."
        )
    if not found:
        raise validation_error(
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
            f"exists in the selected region ({region}), that objects exist under that S3 prefix, and that the role "
            f'"{role_arn}" has "s3:ListBucket" permissions on bucket "{bucket}".'
        )


def _check_bucket(uri: str, member: str, s3: "S3Client") -> None:
    bucket, _ = s3paths.split(uri)
    try:
        s3.head_bucket(Bucket=bucket)
    except botocore.exceptions.ClientError:
        raise validation_error(f"The S3 bucket '{bucket}' given in {member} does not exist.") from None
