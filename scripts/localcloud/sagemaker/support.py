"""What becomes of each member of a request here. ``page`` makes a table of it, and tests hold it against the model.

A member stands for all that is below it, unless that has lines of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from scripts.localcloud.awsjson import validation_error

LOCAL = "The local cloud cannot run this: "


class Fate(Enum):
    """What happens to a member that is sent."""

    USED = "yes"
    KEPT = "checked and given back, without effect"
    REFUSED = "refused"


@dataclass(frozen=True)
class Member:
    """A member's fate, and what there is to say of it; the note of one that is refused is the reason given."""

    fate: Fate
    note: str = ""


def _used(note: str = "") -> Member:
    return Member(Fate.USED, note)


def _kept(note: str = "") -> Member:
    return Member(Fate.KEPT, note)


def _refused(reason: str) -> Member:
    return Member(Fate.REFUSED, reason)


_GROUPS = _refused("it knows one InstanceType with its InstanceCount, no groups and no preferences.")
_S3_ONLY = _refused("it reads S3DataSource only.")
_DEBUGGER = _kept("no debugger or profiler runs")

OPERATIONS: Mapping[str, Mapping[str, Member]] = {
    "CreateTrainingJob": {
        "TrainingJobName": _used(),
        "HyperParameters": _used(),
        "AlgorithmSpecification.TrainingImage": _used(
            "runs in containers where it was pushed; else the trainer in its place"
        ),
        "AlgorithmSpecification.AlgorithmName": _refused(
            "it has no algorithms of the Marketplace; name a TrainingImage."
        ),
        "AlgorithmSpecification.TrainingInputMode": _used("`File`, `FastFile`"),
        "AlgorithmSpecification.MetricDefinitions": _used(),
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries": _kept(),
        "AlgorithmSpecification.ContainerEntrypoint": _used("in containers; refused where the job would be a process"),
        "AlgorithmSpecification.ContainerArguments": _used("in containers; refused where the job would be a process"),
        "AlgorithmSpecification.TrainingImageConfig": _kept(),
        "RoleArn": _used("it must exist and trust SageMaker; S3 is read and written by it"),
        "InputDataConfig.ChannelName": _used(),
        "InputDataConfig.DataSource.S3DataSource.S3DataType": _used("`S3Prefix`, `ManifestFile`"),
        "InputDataConfig.DataSource.S3DataSource.S3Uri": _used(),
        "InputDataConfig.DataSource.S3DataSource.S3DataDistributionType": _used(),
        "InputDataConfig.DataSource.S3DataSource.AttributeNames": _refused("it has no augmented manifests."),
        "InputDataConfig.DataSource.S3DataSource.InstanceGroupNames": _GROUPS,
        "InputDataConfig.DataSource.S3DataSource.ModelAccessConfig": _refused("it has no JumpStart models."),
        "InputDataConfig.DataSource.S3DataSource.HubAccessConfig": _refused("it has no JumpStart models."),
        "InputDataConfig.DataSource.FileSystemDataSource": _S3_ONLY,
        "InputDataConfig.DataSource.DatasetSource": _S3_ONLY,
        "InputDataConfig.ContentType": _used(),
        "InputDataConfig.CompressionType": _used("`None`; `Gzip` is of Pipe mode"),
        "InputDataConfig.RecordWrapperType": _used("`None`; `RecordIO` is of Pipe mode"),
        "InputDataConfig.InputMode": _used("`File`, `FastFile`"),
        "InputDataConfig.ShuffleConfig": _kept("the order of files in a folder is none"),
        "OutputDataConfig.S3OutputPath": _used(),
        "OutputDataConfig.CompressionType": _used("`GZIP`, `NONE`"),
        "OutputDataConfig.KmsKeyId": _kept(),
        "ResourceConfig.InstanceType": _used(
            "cores, memory and GPUs, as far as the machine has them; a process has all of it"
        ),
        "ResourceConfig.InstanceCount": _used(
            "in containers as many as the machine has room for, two at least; a process is one"
        ),
        "ResourceConfig.VolumeSizeInGB": _kept(),
        "ResourceConfig.VolumeKmsKeyId": _kept("refused where the instance stores on its own NVMe"),
        "ResourceConfig.KeepAlivePeriodInSeconds": _kept("there are no warm pools"),
        "ResourceConfig.InstanceGroups": _GROUPS,
        "ResourceConfig.InstancePreferences": _GROUPS,
        "ResourceConfig.InstancePlacementConfig": _kept(),
        "ResourceConfig.TrainingPlanArn": _refused("it has no training plans."),
        "ResourceConfig.SelectedInstanceType": _kept(),
        "ResourceConfig.SelectedInstanceCount": _kept(),
        "VpcConfig": _kept(),
        "StoppingCondition.MaxRuntimeInSeconds": _used(),
        "StoppingCondition.MaxWaitTimeInSeconds": _kept("there is nothing to wait for"),
        "StoppingCondition.MaxPendingTimeInSeconds": _kept(),
        "Tags": _used(),
        "EnableNetworkIsolation": _used("in containers; not for a process: the job's log says so"),
        "EnableInterContainerTrafficEncryption": _kept(),
        "EnableManagedSpotTraining": _kept("spot jobs are never interrupted"),
        "CheckpointConfig.S3Uri": _used(),
        "CheckpointConfig.LocalPath": _used("for a process below `/opt/ml`"),
        "DebugHookConfig": _DEBUGGER,
        "DebugRuleConfigurations": _DEBUGGER,
        "TensorBoardOutputConfig": _DEBUGGER,
        "ProfilerConfig": _DEBUGGER,
        "ProfilerRuleConfigurations": _DEBUGGER,
        "ExperimentConfig": _kept(),
        "Environment": _used(),
        "RetryStrategy": _kept("the local cloud's own faults fail a job"),
        "RemoteDebugConfig": _kept(),
        "InfraCheckConfig": _kept(),
        "SessionChainingConfig": _kept("not given back, as on AWS"),
        "ServerlessJobConfig": _refused("it has no serverless jobs."),
        "MlflowConfig": _kept(),
        "ModelPackageConfig": _refused("it has no model packages."),
    },
    "DescribeTrainingJob": {"TrainingJobName": _used()},
    "ListTrainingJobs": {
        "NextToken": _used(),
        "MaxResults": _used(),
        "CreationTimeAfter": _used(),
        "CreationTimeBefore": _used(),
        "LastModifiedTimeAfter": _used(),
        "LastModifiedTimeBefore": _used(),
        "NameContains": _used(),
        "StatusEquals": _used("as on AWS, after the page is cut"),
        "SortBy": _used(),
        "SortOrder": _used(),
        "WarmPoolStatusEquals": _refused("it has no warm pools."),
        "TrainingPlanArnEquals": _refused("it has no training plans."),
    },
    "StopTrainingJob": {"TrainingJobName": _used()},
    "AddTags": {"ResourceArn": _used("a training job's"), "Tags": _used()},
    "ListTags": {
        "ResourceArn": _used("a training job's"),
        "NextToken": _kept("all tags come at once"),
        "MaxResults": _kept("all tags come at once"),
    },
    "DeleteTags": {"ResourceArn": _used("a training job's"), "TagKeys": _used()},
}


def check(operation: str, parameters: Mapping[str, Any]) -> None:
    """Refuse members that the local cloud cannot do justice to.

    Raises:
        ServiceError: ValidationException, with the reason.
    """
    for path, member in OPERATIONS[operation].items():
        if member.fate is Fate.REFUSED and any(True for _ in _values(parameters, path.split("."))):
            raise validation_error(f"{LOCAL}{path}: {member.note}")


def _values(value: Any, path: list[str]) -> Iterator[Any]:
    """What stands at a path; each element of a list is looked into."""
    if isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        found = value[path[0]]
        yield from [found] if len(path) == 1 else _values(found, path[1:])
