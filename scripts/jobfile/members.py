"""Where each member of CreateTrainingJob comes from: a key of the job file, this tool, or the table ``[request]``.

https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from scripts.core import common_runtime

if TYPE_CHECKING:
    from botocore.model import Shape


@dataclass(frozen=True)
class Owner:
    """Who sets a member that ``[request]`` may not set.

    Attributes:
        key: the key of the job file; None if there is none.
        reason: for a member without a key: why it has none, as a clause.
    """

    key: str | None = None
    reason: str = ""


# A line also covers the members below it. All other members are for [request].
OWNERS: Mapping[str, Owner] = {
    "TrainingJobName": Owner(reason="it is the job file's name, the time and four characters"),
    "HyperParameters": Owner("hyperparameters"),
    "AlgorithmSpecification.TrainingImage": Owner(reason="it is the image of the job's code, or IMAGE= names it"),
    "AlgorithmSpecification.AlgorithmName": Owner(reason="the job runs an image, which excludes an algorithm"),
    "AlgorithmSpecification.TrainingInputMode": Owner("channels.NAME.input_mode"),
    "AlgorithmSpecification.MetricDefinitions": Owner("metrics"),
    "AlgorithmSpecification.ContainerEntrypoint": Owner("entrypoint"),
    "AlgorithmSpecification.ContainerArguments": Owner("arguments"),
    "RoleArn": Owner(reason="it is the stack's role"),
    "OutputDataConfig.S3OutputPath": Owner(reason="it is a folder of the stack's models bucket"),
    "OutputDataConfig.KmsKeyId": Owner("output_kms_key"),
    "OutputDataConfig.CompressionType": Owner("output_compression"),
    "ResourceConfig.InstanceType": Owner("instance_type"),
    "ResourceConfig.InstanceCount": Owner("instance_count"),
    "ResourceConfig.VolumeSizeInGB": Owner("volume_size_gb"),
    "ResourceConfig.VolumeKmsKeyId": Owner("volume_kms_key"),
    "ResourceConfig.KeepAlivePeriodInSeconds": Owner("keep_alive_seconds"),
    "ResourceConfig.SelectedInstanceType": Owner(reason="SageMaker sets it in its answers"),
    "ResourceConfig.SelectedInstanceCount": Owner(reason="SageMaker sets it in its answers"),
    "StoppingCondition.MaxRuntimeInSeconds": Owner("max_runtime_seconds"),
    "StoppingCondition.MaxWaitTimeInSeconds": Owner("max_wait_seconds"),
    "Tags": Owner("tags"),
    "VpcConfig": Owner("vpc"),
    "EnableNetworkIsolation": Owner("network_isolation"),
    "EnableInterContainerTrafficEncryption": Owner("encrypt_between_instances"),
    "EnableManagedSpotTraining": Owner("spot"),
    "CheckpointConfig": Owner("checkpoints"),
    "Environment": Owner("environment"),
    "RetryStrategy": Owner("retries"),
    "InfraCheckConfig": Owner("infra_check"),
    "ServerlessJobConfig": Owner(reason="the job runs an image, which excludes a serverless job"),
    "InputDataConfig.ContentType": Owner("channels.NAME.content_type"),
    "InputDataConfig.InputMode": Owner("channels.NAME.input_mode"),
    "InputDataConfig.ShuffleConfig.Seed": Owner("channels.NAME.shuffle_seed"),
    "InputDataConfig.DataSource.S3DataSource.S3DataType": Owner("channels.NAME.manifest"),
    "InputDataConfig.DataSource.S3DataSource.S3Uri": Owner("channels.NAME.source"),
    "InputDataConfig.DataSource.S3DataSource.S3DataDistributionType": Owner("channels.NAME.distribution"),
}
CHANNELS = "InputDataConfig"
"""Its list in ``[request]`` adds to the channels of the job file those that have no S3 source."""
# What the tool builds in any case: [request] need not have all that a structure requires.
BUILT = ("", "AlgorithmSpecification", "OutputDataConfig", "ResourceConfig", "StoppingCondition", CHANNELS)


def owner_of(path: str) -> Owner | None:
    """The owner of a member, such as ``ResourceConfig.InstanceType``; None if it is for ``[request]``."""
    parts = path.split(".")
    return next((OWNERS[name] for n in range(len(parts)) if (name := ".".join(parts[: n + 1])) in OWNERS), None)


def request_shape() -> "Shape":
    """The shape of CreateTrainingJob's parameters."""
    return shape("CreateTrainingJobRequest")


@cache
def shape(name: str) -> "Shape":
    """A shape of botocore's model of SageMaker, by its name."""
    common_runtime.import_botocore()
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    model = ServiceModel(Loader().load_service_model("sagemaker", "service-2"))
    return model.shape_for(name)
