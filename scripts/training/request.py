"""From a job file and a stack to the CreateTrainingJob request: a pure function of values.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scripts.channels import prefix_of
from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import Metric

if TYPE_CHECKING:
    from scripts.jobfile.spec import JobSpec
    from scripts.stack import Stack

CHECKPOINTS = "/opt/ml/checkpoints"
PROGRAM = "SAGEMAKER_PROGRAM"
MOST_METRICS = 40


@dataclass(frozen=True)
class Order:
    """One job to be run.

    Args:
        spec_name: the job file's name without .toml.
        spec: its content.
        job: the training job's name.
        image: the URI of its image.
        hyperparameters: as SageMaker carries them.
        metrics: what to find in the log.
    """

    spec_name: str
    spec: "JobSpec"
    job: str
    image: str
    hyperparameters: Mapping[str, str]
    metrics: Sequence[Metric]


def job_name(spec_name: str, now: datetime | None = None) -> str:
    """A new job's name: ``<spec>-<date>-<time>-<4 random characters>``; names sort by time (UTC)."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    random = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(4))
    return f"{spec_name}-{moment:%Y%m%d-%H%M%S}-{random}"


def merge_metrics(printed: Sequence[Metric], from_file: Mapping[str, str]) -> tuple[Metric, ...]:
    """The trainer's metrics and the job file's; of two with one name the job file's.

    Raises:
        UserError: together they are more than SageMaker takes.
    """
    merged = {metric.name: metric.regex for metric in printed} | dict(from_file)
    if len(merged) > MOST_METRICS:
        raise UserError(
            f"There are {len(merged)} metrics with the trainer's own; SageMaker takes {MOST_METRICS}.",
            "Take some away from [metrics].",
        )
    return tuple(Metric(name, regex) for name, regex in merged.items())


def build_request(order: Order, stack: "Stack") -> dict[str, Any]:
    """The request for one training job.

    Args:
        order: what is to run.
        stack: where: role and buckets.

    Returns:
        The keyword arguments of boto3's ``create_training_job``.
    """
    spec = order.spec
    request: dict[str, Any] = {
        "TrainingJobName": order.job,
        "AlgorithmSpecification": _algorithm(order),
        "RoleArn": stack.role_arn,
        "InputDataConfig": _channels(order, stack.data_bucket),
        "OutputDataConfig": {"S3OutputPath": f"s3://{stack.models_bucket}/{order.spec_name}/"},
        "ResourceConfig": {
            "InstanceType": spec.instance_type,
            "InstanceCount": spec.instance_count,
            "VolumeSizeInGB": spec.volume_size_gb,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": spec.max_runtime_seconds},
        "EnableNetworkIsolation": spec.network_isolation,
        "EnableManagedSpotTraining": spec.spot,
        "Tags": _tags(order, stack),
    }
    if spec.volume_kms_key is not None:
        request["ResourceConfig"]["VolumeKmsKeyId"] = spec.volume_kms_key
    if spec.spot:  # without spot SageMaker refuses a maximum of waiting
        request["StoppingCondition"]["MaxWaitTimeInSeconds"] = spec.max_wait
    if spec.checkpoints:
        # New for every job: none goes on with another's.
        uri = f"s3://{stack.checkpoints_bucket}/{order.spec_name}/{order.job}/"
        request["CheckpointConfig"] = {"S3Uri": uri, "LocalPath": CHECKPOINTS}
    if order.hyperparameters:
        request["HyperParameters"] = dict(order.hyperparameters)
    environment = dict(spec.environment) | ({PROGRAM: spec.program} if spec.program else {})
    if environment:
        request["Environment"] = environment
    return request


def _algorithm(order: Order) -> dict[str, Any]:
    algorithm: dict[str, Any] = {"TrainingImage": order.image, "TrainingInputMode": "File"}
    if order.metrics:
        algorithm["MetricDefinitions"] = [{"Name": metric.name, "Regex": metric.regex} for metric in order.metrics]
    return algorithm


def _channels(order: Order, bucket: str) -> list[dict[str, Any]]:
    made = []
    for name, channel in order.spec.channels.items():
        uri = f"s3://{bucket}/{prefix_of(order.spec_name, name)}" if channel.is_local else channel.source
        source = {"S3DataType": "S3Prefix", "S3Uri": uri, "S3DataDistributionType": channel.distribution}
        one: dict[str, Any] = {
            "ChannelName": name,
            "DataSource": {"S3DataSource": source},
            "InputMode": channel.input_mode,
            "CompressionType": "None",
        }
        if channel.content_type is not None:
            one["ContentType"] = channel.content_type
        made.append(one)
    return made


def _tags(order: Order, stack: "Stack") -> list[dict[str, str]]:
    ours = {"Project": stack.project, "Environment": stack.environment, "Job": order.spec_name}
    return [{"Key": key, "Value": value} for key, value in (ours | order.spec.tags).items()]
