"""Builds the CreateTrainingJob request from a job file and a stack. Pure functions.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

import secrets
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scripts.channels import Manifest, prefix_of
from scripts.core.errors import UserError
from scripts.jobfile import request_table
from scripts.jobfile.hyperparameters import Metric

if TYPE_CHECKING:
    from scripts.jobfile.spec import JobSpec
    from scripts.stack import Stack

CHECKPOINTS = "/opt/ml/checkpoints"
PROGRAM = "SAGEMAKER_PROGRAM"
MAX_METRICS = 40
MAX_TAGS = 46
"""Four less than SageMaker accepts: the price and the limit take three (scripts/costs), `make resume` adds one."""


@dataclass(frozen=True)
class TrainingJob:
    """A training job to run.

    Args:
        spec_name: the job file's name without .toml.
        spec: its content.
        name: the training job's name.
        image: the URI of its image.
        hyperparameters: the values as SageMaker stores them.
        metrics: the metrics that SageMaker reads from the log.
        lists: the paths in the local lists of its channels, by the channel's name.
    """

    spec_name: str
    spec: "JobSpec"
    name: str
    image: str
    hyperparameters: Mapping[str, str]
    metrics: Sequence[Metric]
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def manifest(self, channel: str, bucket: str) -> Manifest | None:
        """The manifest that a channel's local list becomes; None without a list.

        Args:
            channel: the channel's name.
            bucket: the data bucket, which has the objects of local sources.
        """
        if channel not in self.lists:
            return None
        source = self.spec.channels[channel]
        local = f"s3://{bucket}/{prefix_of(self.spec_name, channel)}"
        prefix = local if source.folder is not None else f"{source.place.rstrip('/')}/"
        return Manifest(prefix, self.lists[channel])


def job_name(spec_name: str, now: datetime | None = None) -> str:
    """A new job's name: ``<spec>-<date>-<time>-<4 random characters>``; names sort by time (UTC)."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    random = "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(4))
    return f"{spec_name}-{moment:%Y%m%d-%H%M%S}-{random}"


def merge_metrics(printed: Sequence[Metric], from_file: Mapping[str, str]) -> tuple[Metric, ...]:
    """The metrics of the trainer and of the job file. A metric of the job file replaces one of the same name.

    Raises:
        UserError: there are more than SageMaker accepts.
    """
    own = {name: Metric(name, regex) for name, regex in from_file.items()}
    merged = {metric.name: metric for metric in printed} | own
    if len(merged) > MAX_METRICS:
        raise UserError(
            f"There are {len(merged)} metrics, with those of the trainer; SageMaker accepts {MAX_METRICS}.",
            "Remove some from [metrics].",
        )
    return tuple(merged.values())


def build_request(training_job: TrainingJob, stack: "Stack") -> dict[str, Any]:
    """The request for one training job.

    Args:
        training_job: the job to run.
        stack: the stack with its role and buckets.

    Returns:
        The keyword arguments of boto3's ``create_training_job``.

    Raises:
        UserError: stack and job file have more tags together than SageMaker accepts.
    """
    spec = training_job.spec
    request: dict[str, Any] = {
        "TrainingJobName": training_job.name,
        "AlgorithmSpecification": _algorithm(training_job),
        "RoleArn": stack.role_arn,
        "OutputDataConfig": _output(training_job, stack),
        "ResourceConfig": {
            "InstanceType": spec.instance_type,
            "InstanceCount": spec.instance_count,
            "VolumeSizeInGB": spec.volume_size_gb,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": spec.max_runtime_seconds},
        "EnableNetworkIsolation": spec.network_isolation,
        "EnableManagedSpotTraining": spec.spot,
        "Tags": _tags(training_job, stack),
    }
    if network := _network(spec, stack):
        request["VpcConfig"] = network
    request |= _options(spec)
    if spec.channels:
        request["InputDataConfig"] = _channels(training_job, stack.data_bucket)
    volume_key = spec.volume_kms_key or (None if spec.has_own_nvme else stack.kms_key_arn)
    if volume_key is not None:
        request["ResourceConfig"]["VolumeKmsKeyId"] = volume_key
    if spec.keep_alive_seconds:
        request["ResourceConfig"]["KeepAlivePeriodInSeconds"] = spec.keep_alive_seconds
    if spec.spot:  # SageMaker refuses this setting without spot
        request["StoppingCondition"]["MaxWaitTimeInSeconds"] = spec.max_wait
    if spec.checkpoints:
        # Every job gets its own folder, so that no job resumes from another's checkpoints.
        uri = f"s3://{stack.checkpoints_bucket}/{training_job.spec_name}/{training_job.name}/"
        request["CheckpointConfig"] = {"S3Uri": uri, "LocalPath": CHECKPOINTS}
    if training_job.hyperparameters:
        request["HyperParameters"] = dict(training_job.hyperparameters)
    environment = dict(spec.environment) | ({PROGRAM: spec.program} if spec.program else {})
    if environment:
        request["Environment"] = environment
    return request_table.merge(request, spec.request) if spec.request else request


def _output(training_job: TrainingJob, stack: "Stack") -> dict[str, Any]:
    spec = training_job.spec
    output = {"S3OutputPath": f"s3://{stack.models_bucket}/{training_job.spec_name}/"}
    if key := spec.output_kms_key or stack.kms_key_arn:
        output["KmsKeyId"] = key
    if spec.output_compression == "none":
        output["CompressionType"] = "NONE"
    return output


def _network(spec: "JobSpec", stack: "Stack") -> dict[str, Any] | None:
    """The subnets and security groups of the job file, or those of the stack if it has some."""
    if spec.vpc is not None and spec.vpc != "stack":
        return {"Subnets": [*spec.vpc.subnets], "SecurityGroupIds": [*spec.vpc.security_groups]}
    if stack.subnet_ids:
        return {"Subnets": [*stack.subnet_ids], "SecurityGroupIds": [*stack.security_group_ids]}
    if spec.vpc == "stack":
        raise UserError(
            f'The job file has vpc = "stack", and the stack of {stack.environment} has no network.',
            "Give the stack one (docs/platform-team.md#network), name subnets and security groups under [vpc], or "
            "remove the key.",
        )
    return None


def _options(spec: "JobSpec") -> dict[str, Any]:
    """The members that are sent only if the job file sets them."""
    options: dict[str, Any] = {}
    if spec.encrypt_between_instances:
        options["EnableInterContainerTrafficEncryption"] = True
    if spec.retries is not None:
        options["RetryStrategy"] = {"MaximumRetryAttempts": spec.retries}
    if spec.infra_check:
        options["InfraCheckConfig"] = {"EnableInfraCheck": True}
    return options


def _algorithm(training_job: TrainingJob) -> dict[str, Any]:
    spec = training_job.spec
    algorithm: dict[str, Any] = {"TrainingImage": training_job.image, "TrainingInputMode": "File"}
    if spec.entrypoint is not None:
        algorithm["ContainerEntrypoint"] = [*spec.entrypoint]
    if spec.arguments is not None:
        algorithm["ContainerArguments"] = [*spec.arguments]
    if training_job.metrics:
        algorithm["MetricDefinitions"] = [
            {"Name": metric.name, "Regex": metric.regex} for metric in training_job.metrics
        ]
    return algorithm


def _channels(training_job: TrainingJob, bucket: str) -> list[dict[str, Any]]:
    channels = []
    for name, channel in training_job.spec.channels.items():
        spec_name, listed = training_job.spec_name, training_job.manifest(name, bucket)
        uri = channel.place if channel.folder is None else f"s3://{bucket}/{prefix_of(spec_name, name)}"
        if listed is not None:
            uri = f"s3://{bucket}/{listed.key(spec_name, name)}"
        kind = "S3Prefix" if channel.manifest is None else "ManifestFile"
        source = {"S3DataType": kind, "S3Uri": uri, "S3DataDistributionType": channel.distribution}
        one: dict[str, Any] = {
            "ChannelName": name,
            "DataSource": {"S3DataSource": source},
            "InputMode": channel.input_mode,
            "CompressionType": "None",
        }
        if channel.content_type is not None:
            one["ContentType"] = channel.content_type
        if channel.shuffle_seed is not None:
            one["ShuffleConfig"] = {"Seed": channel.shuffle_seed}
        channels.append(one)
    return channels


def _tags(training_job: TrainingJob, stack: "Stack") -> list[dict[str, str]]:
    own = {"Project": stack.project, "Environment": stack.environment, "Job": training_job.spec_name}
    tags = stack.tags | own | training_job.spec.tags
    if len(tags) > MAX_TAGS:
        raise UserError(
            f"There are {len(tags)} tags, with those of the stack; a job may have {MAX_TAGS}.",
            "Remove some from [tags] of the job file, or from `tags` in terraform/environments/.",
        )
    return [{"Key": key, "Value": value} for key, value in tags.items()]
