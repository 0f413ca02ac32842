"""What SageMaker does with a training job's role: one table of the permissions that a CreateTrainingJob request needs.

The local cloud fails a job that lacks one of them, and the checks before a job simulate them. Pure functions.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.core import aws
from scripts.core.permissions import Permission, Place

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
Json = Mapping[str, Any]
Found = Iterator[tuple[str, Mapping[str, tuple[str, ...]]]]
"""Resources, and for each the condition keys that SageMaker sets."""


@dataclass(frozen=True)
class Image:
    """A job's image in ECR: the ARN of its repository."""

    repository: str


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        why: what SageMaker does it for.
        page: AWS's page that says so.
        actions: what is needed on each resource.
        resources: finds the resources in a request, each with the condition keys that SageMaker sets for it.
        made: whether the local cloud makes these calls too; it only decides the others.
    """

    why: str
    page: str
    actions: tuple[str, ...]
    resources: Callable[[Json, Place, Image | None], Found]
    made: bool = False


def needed(request: Json, place: Place, image: Image | None) -> Iterator[tuple[Row, Permission]]:
    """Yield each permission that a job's role needs, with its row.

    Args:
        request: CreateTrainingJob's parameters.
        place: the job's partition, region and account.
        image: the image, if it is in a repository of ECR.
    """
    for row in ROWS:
        for arn, context in row.resources(request, place, image):
            for action in row.actions:
                yield row, Permission(action, arn, context)


def assume_context(job_arn: str, account: str) -> dict[str, tuple[str, ...]]:
    """The condition keys with which SageMaker assumes a job's role.

    https://docs.aws.amazon.com/sagemaker/latest/dg/security-confused-deputy-prevention.html
    """
    return {"aws:sourcearn": (job_arn,), "aws:sourceaccount": (account,)}


def _listed(request: Json, place: Place, _: Image | None) -> Found:
    for source in _sources(request):
        if source.get("S3DataType") not in ("ManifestFile", "AugmentedManifestFile"):
            bucket, prefix = aws.split_uri(source["S3Uri"])
            yield _s3(place, bucket), {"s3:prefix": (prefix,)}


def _read(request: Json, place: Place, _: Image | None) -> Found:
    for source in _sources(request):
        bucket, key = aws.split_uri(source["S3Uri"])
        yield _s3(place, bucket, key or "*"), {}


def collected_uris(request: Json) -> Iterator[str]:
    """Where SageMaker writes what the debugger, the profiler and TensorBoard collect, if the request asks for it."""
    for name in ("DebugHookConfig", "ProfilerConfig", "TensorBoardOutputConfig"):
        uri = request.get(name, {}).get("S3OutputPath")
        if uri:
            yield uri


def _collected(request: Json, place: Place, _: Image | None) -> Found:
    for uri in collected_uris(request):
        bucket, prefix = aws.split_uri(uri)
        yield _s3(place, bucket, f"{prefix.rstrip('/')}/*" if prefix else "*"), {}


def _model(request: Json, place: Place, _: Image | None) -> Found:
    yield _s3(place, *model_place(request)), {}


def model_place(request: Json) -> tuple[str, str]:
    """The bucket and the key of a job's model; without an archive, its files' keys with a `*` for their names."""
    bucket, prefix = aws.split_uri(request["OutputDataConfig"]["S3OutputPath"])
    path = f"{prefix.rstrip('/')}/" if prefix else ""
    name = "model/*" if request["OutputDataConfig"].get("CompressionType") == "NONE" else "model.tar.gz"
    return bucket, f"{path}{request['TrainingJobName']}/output/{name}"


def _checkpoints(request: Json, place: Place, _: Image | None) -> Found:
    if "CheckpointConfig" in request:
        bucket, prefix = aws.split_uri(request["CheckpointConfig"]["S3Uri"])
        yield _s3(place, bucket, f"{prefix.rstrip('/')}/*" if prefix else "*"), {}


def _checkpoint_list(request: Json, place: Place, _: Image | None) -> Found:
    if "CheckpointConfig" in request:
        bucket, prefix = aws.split_uri(request["CheckpointConfig"]["S3Uri"])
        yield _s3(place, bucket), {"s3:prefix": (f"{prefix.rstrip('/')}/",)}


def _repository(_: Json, __: Place, image: Image | None) -> Found:
    if image:
        yield image.repository, {}


def _registry(_: Json, __: Place, image: Image | None) -> Found:
    if image:
        yield "*", {}


def _logs(request: Json, place: Place, _: Image | None) -> Found:
    stream = f"{request['TrainingJobName']}/algo-1-1"
    yield place.arn("logs", f"log-group:{LOG_GROUP}:log-stream:{stream}"), {}


def _metrics(_: Json, __: Place, ___: Image | None) -> Found:
    yield "*", {"cloudwatch:namespace": (LOG_GROUP,)}


def _volume_key(request: Json, place: Place, _: Image | None) -> Found:
    key = request["ResourceConfig"].get("VolumeKmsKeyId")
    if key:
        yield place.key_arn(key), {"kms:grantisforawsresource": ("true",)}


def _output_key(request: Json, place: Place, _: Image | None) -> Found:
    key = request["OutputDataConfig"].get("KmsKeyId")
    if key:
        yield place.key_arn(key), {"kms:viaservice": (f"s3.{place.region}.amazonaws.com",)}


def _output_key_itself(request: Json, place: Place, _: Image | None) -> Found:
    key = request["OutputDataConfig"].get("KmsKeyId")
    if key and not key.startswith("arn:"):
        yield place.key_arn(key), {}


def _everything_in_vpc(request: Json, _: Place, __: Image | None) -> Found:
    if "VpcConfig" in request:
        yield "*", {}


def _interfaces(request: Json, place: Place, _: Image | None) -> Found:
    for subnet in request.get("VpcConfig", {}).get("Subnets", []):
        yield place.arn("ec2", "network-interface/*"), {"ec2:subnet": (place.arn("ec2", f"subnet/{subnet}"),)}


def _network(request: Json, place: Place, _: Image | None) -> Found:
    network = request.get("VpcConfig", {})
    for subnet in network.get("Subnets", []):
        yield place.arn("ec2", f"subnet/{subnet}"), {}
    for group in network.get("SecurityGroupIds", []):
        yield place.arn("ec2", f"security-group/{group}"), {}


def _sources(request: Json) -> Iterator[Json]:
    for channel in request.get("InputDataConfig", []):
        source = channel["DataSource"].get("S3DataSource")
        if source:
            yield source


def _s3(place: Place, bucket: str, key: str | None = None) -> str:
    return f"arn:{place.partition}:s3:::{bucket}" + ("" if key is None else f"/{key}")


_DOCS = "https://docs.aws.amazon.com/sagemaker/latest"
_ROLES = f"{_DOCS}/dg/sagemaker-roles.html"
_CHECKPOINTS = f"{_DOCS}/dg/model-checkpoints.html"
_OUTPUT = f"{_DOCS}/APIReference/API_OutputDataConfig.html"
_COLLECTED = f"{_DOCS}/APIReference/API_TensorBoardOutputConfig.html"
_VOLUME = f"{_DOCS}/APIReference/API_ResourceConfig.html"
_VPC = f"{_DOCS}/dg/train-vpc.html"
_PULL = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")
_INTERFACES = (
    *("ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission"),
    *("ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission"),
)
_DESCRIBE = (
    *("ec2:DescribeDhcpOptions", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups"),
    *("ec2:DescribeSubnets", "ec2:DescribeVpcs"),
)
_WRITE_LOGS = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")

ROWS: tuple[Row, ...] = (
    Row("logs in to the registry", _ROLES, ("ecr:GetAuthorizationToken",), _registry),
    Row("pulls the image", _ROLES, _PULL, _repository),
    Row("attaches an encrypted volume", _VOLUME, ("kms:CreateGrant",), _volume_key),
    Row("describes the network", _VPC, _DESCRIBE, _everything_in_vpc),
    Row("makes network interfaces", _VPC, _INTERFACES, _interfaces),
    Row("uses the subnets and groups", _VPC, ("ec2:CreateNetworkInterface",), _network),
    Row("lists the input", _ROLES, ("s3:ListBucket",), _listed, made=True),
    Row("reads the input", _ROLES, ("s3:GetObject",), _read, made=True),
    Row("lists the checkpoints", _CHECKPOINTS, ("s3:ListBucket",), _checkpoint_list, made=True),
    Row(
        "copies the checkpoints",
        _CHECKPOINTS,
        ("s3:GetObject", "s3:PutObject", "s3:DeleteObject"),
        _checkpoints,
        made=True,
    ),
    Row("writes the log", _ROLES, _WRITE_LOGS, _logs, made=True),
    Row("writes the metrics", _ROLES, ("cloudwatch:PutMetricData",), _metrics),
    Row("writes the model", _ROLES, ("s3:PutObject",), _model, made=True),
    Row("writes what it collects", _COLLECTED, ("s3:PutObject",), _collected),
    Row("checks the output's key", _OUTPUT, ("kms:Encrypt",), _output_key_itself),
    # S3 asks for these with the role: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
    Row("encrypts the output", _OUTPUT, ("kms:GenerateDataKey", "kms:Decrypt"), _output_key),
)
