"""How the local cloud treats each member of a request.

``page`` writes these lists into the docs as a table; tests compare them with AWS's service model. A line also covers
the members below it, unless those have their own lines.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from scripts.localcloud.awsjson import validation_error

CANNOT_RUN = "The local cloud cannot run this: "


class SupportStatus(Enum):
    """What the local cloud does with a member of a request."""

    SUPPORTED = "yes"
    NO_EFFECT = "checked and returned, without effect"
    REFUSED = "refused"


@dataclass(frozen=True)
class Member:
    """Whether a member of a request is supported.

    Attributes:
        status: what the local cloud does with it.
        note: for the table; for a refused member, the reason in the error message.
    """

    status: SupportStatus
    note: str = ""


def _supported(note: str = "") -> Member:
    return Member(SupportStatus.SUPPORTED, note)


def _no_effect(note: str = "") -> Member:
    return Member(SupportStatus.NO_EFFECT, note)


def _refused(reason: str) -> Member:
    return Member(SupportStatus.REFUSED, reason)


_GROUPS = _refused("it supports one InstanceType with its InstanceCount, no groups and no preferences.")
_S3_ONLY = _refused("it only reads S3DataSource.")
_AUTOTUNE = _refused("Autotune is AWS's own choice of ranges; name ParameterRanges.")
_INSTANCES = _refused("it has one instance type for all training jobs of a tuning.")
_DEBUGGER = _no_effect("no debugger or profiler runs")

OPERATIONS: Mapping[str, Mapping[str, Member]] = {
    "CreateTrainingJob": {
        "TrainingJobName": _supported(),
        "HyperParameters": _supported(),
        "AlgorithmSpecification.TrainingImage": _supported(
            "runs in containers if you pushed it; otherwise this repository's trainer runs as a process"
        ),
        "AlgorithmSpecification.AlgorithmName": _refused("it has no Marketplace algorithms; name a TrainingImage."),
        "AlgorithmSpecification.TrainingInputMode": _supported("`File`, `FastFile`"),
        "AlgorithmSpecification.MetricDefinitions": _supported(),
        "AlgorithmSpecification.EnableSageMakerMetricsTimeSeries": _no_effect(),
        "AlgorithmSpecification.ContainerEntrypoint": _supported("in containers; refused if the job runs as a process"),
        "AlgorithmSpecification.ContainerArguments": _supported("in containers; refused if the job runs as a process"),
        "AlgorithmSpecification.TrainingImageConfig": _no_effect(),
        "RoleArn": _supported("must exist, trust SageMaker, and have every right that the job needs"),
        "InputDataConfig.ChannelName": _supported(),
        "InputDataConfig.DataSource.S3DataSource.S3DataType": _supported("`S3Prefix`, `ManifestFile`"),
        "InputDataConfig.DataSource.S3DataSource.S3Uri": _supported(),
        "InputDataConfig.DataSource.S3DataSource.S3DataDistributionType": _supported(),
        "InputDataConfig.DataSource.S3DataSource.AttributeNames": _refused("it has no augmented manifests."),
        "InputDataConfig.DataSource.S3DataSource.InstanceGroupNames": _GROUPS,
        "InputDataConfig.DataSource.S3DataSource.ModelAccessConfig": _refused("it has no JumpStart models."),
        "InputDataConfig.DataSource.S3DataSource.HubAccessConfig": _refused("it has no JumpStart models."),
        "InputDataConfig.DataSource.FileSystemDataSource": _S3_ONLY,
        "InputDataConfig.DataSource.DatasetSource": _S3_ONLY,
        "InputDataConfig.ContentType": _supported(),
        "InputDataConfig.CompressionType": _supported("`None`; `Gzip` needs Pipe mode"),
        "InputDataConfig.RecordWrapperType": _supported("`None`; `RecordIO` needs Pipe mode"),
        "InputDataConfig.InputMode": _supported("`File`, `FastFile`"),
        "InputDataConfig.ShuffleConfig": _no_effect("files in a folder have no order"),
        "OutputDataConfig.S3OutputPath": _supported(),
        "OutputDataConfig.CompressionType": _supported("`GZIP`, `NONE`"),
        "OutputDataConfig.KmsKeyId": _supported(
            "the role must have the rights to use the key; the objects name it, and their bytes are not encrypted"
        ),
        "ResourceConfig.InstanceType": _supported(
            "cores, memory and GPUs, as far as the machine has them; a process gets all of the machine's"
        ),
        "ResourceConfig.InstanceCount": _supported(
            "in containers, as many as the machine has room for, and always two; as a process, 1"
        ),
        "ResourceConfig.VolumeSizeInGB": _no_effect(),
        "ResourceConfig.VolumeKmsKeyId": _no_effect(
            "the role must have the right to use the key; refused if the instance type has its own NVMe storage"
        ),
        "ResourceConfig.KeepAlivePeriodInSeconds": _supported(
            "at most 3,600, and not with spot: the slots, the image and the cache folder stay for the next job"
        ),
        "ResourceConfig.InstanceGroups": _GROUPS,
        "ResourceConfig.InstancePreferences": _GROUPS,
        "ResourceConfig.InstancePlacementConfig": _no_effect(),
        "ResourceConfig.TrainingPlanArn": _refused("it has no training plans."),
        "ResourceConfig.SelectedInstanceType": _no_effect(),
        "ResourceConfig.SelectedInstanceCount": _no_effect(),
        "VpcConfig": _supported(
            "must exist, in one VPC, and the role must have the rights for network interfaces; containers reach the "
            "other hosts of the job, the local cloud and this machine's own addresses, not the internet, whatever "
            "routes and rules the VPC has; not enforced on a process, and the job's log says so"
        ),
        "StoppingCondition.MaxRuntimeInSeconds": _supported(),
        "StoppingCondition.MaxWaitTimeInSeconds": _supported("the waiting counts too"),
        "StoppingCondition.MaxPendingTimeInSeconds": _no_effect(),
        "Tags": _supported(),
        "EnableNetworkIsolation": _supported("in containers; not enforced on a process, and the job's log says so"),
        "EnableInterContainerTrafficEncryption": _no_effect("the hosts are on one machine, and nothing leaves it"),
        "EnableManagedSpotTraining": _supported(
            "interrupted only if you order it with INTERRUPT; billed with a discount of 70%"
        ),
        "CheckpointConfig.S3Uri": _supported(),
        "CheckpointConfig.LocalPath": _supported("for a process, only below `/opt/ml`"),
        "DebugHookConfig": _DEBUGGER,
        "DebugRuleConfigurations": _DEBUGGER,
        "TensorBoardOutputConfig": _DEBUGGER,
        "ProfilerConfig": _DEBUGGER,
        "ProfilerRuleConfigurations": _DEBUGGER,
        "ExperimentConfig": _no_effect(),
        "Environment": _supported(),
        "RetryStrategy": _supported(
            "a job that fails with an InternalServerError starts again; the `FAULTS` rule `instances` gives such errors"
        ),
        "RemoteDebugConfig": _no_effect(),
        "InfraCheckConfig": _no_effect("there are no GPU instances whose health could be checked"),
        "SessionChainingConfig": _no_effect("not returned, as on AWS"),
        "ServerlessJobConfig": _refused("it has no serverless jobs."),
        "MlflowConfig": _no_effect(),
        "ModelPackageConfig": _refused("it has no model packages."),
    },
    "DescribeTrainingJob": {"TrainingJobName": _supported()},
    "ListTrainingJobs": {
        "NextToken": _supported(),
        "MaxResults": _supported(),
        "CreationTimeAfter": _supported(),
        "CreationTimeBefore": _supported(),
        "LastModifiedTimeAfter": _supported(),
        "LastModifiedTimeBefore": _supported(),
        "NameContains": _supported(),
        "StatusEquals": _supported("filters each page after it is cut, as on AWS"),
        "SortBy": _supported(),
        "SortOrder": _supported(),
        "WarmPoolStatusEquals": _supported("filters each page after it is cut"),
        "TrainingPlanArnEquals": _refused("it has no training plans."),
    },
    "StopTrainingJob": {"TrainingJobName": _supported()},
    "UpdateTrainingJob": {
        "TrainingJobName": _supported(),
        "ProfilerConfig": _DEBUGGER,
        "ProfilerRuleConfigurations": _DEBUGGER,
        "ResourceConfig.KeepAlivePeriodInSeconds": _supported("while the warm pool is Available; 0 ends it"),
        "RemoteDebugConfig": _no_effect(),
    },
    "DeleteTrainingJob": {
        "TrainingJobName": _supported("of a job that has ended and keeps no warm pool; its name is free again")
    },
    "Search": {
        "Resource": _supported("`TrainingJob`, `HyperParameterTuningJob`"),
        "SearchExpression": _supported(),
        "SortBy": _supported(),
        "SortOrder": _supported(),
        "NextToken": _supported(),
        "MaxResults": _supported(),
        "CrossAccountFilterOption": _no_effect("there is one account"),
        "VisibilityConditions": _refused("it has no conditions of visibility."),
    },
    "AddTags": {"ResourceArn": _supported("of a training job or a tuning job"), "Tags": _supported()},
    "ListTags": {
        "ResourceArn": _supported("of a training job or a tuning job"),
        "NextToken": _no_effect("one answer has all tags"),
        "MaxResults": _no_effect("one answer has all tags"),
    },
    "DeleteTags": {"ResourceArn": _supported("of a training job or a tuning job"), "TagKeys": _supported()},
    "CreateHyperParameterTuningJob": {
        "HyperParameterTuningJobName": _supported(),
        "HyperParameterTuningJobConfig.Strategy": _supported(
            "`Bayesian` by TPE instead of AWS's Gaussian processes, `Random`, `Grid`, `Hyperband`"
        ),
        "HyperParameterTuningJobConfig.StrategyConfig": _supported(),
        "HyperParameterTuningJobConfig.HyperParameterTuningJobObjective": _supported(
            "its last value counts; the metric must be in MetricDefinitions"
        ),
        "HyperParameterTuningJobConfig.ResourceLimits": _supported(
            "the jobs run in parallel as far as the machine has room; the others are Pending"
        ),
        "HyperParameterTuningJobConfig.ParameterRanges.IntegerParameterRanges": _supported(),
        "HyperParameterTuningJobConfig.ParameterRanges.ContinuousParameterRanges": _supported(),
        "HyperParameterTuningJobConfig.ParameterRanges.CategoricalParameterRanges": _supported(),
        "HyperParameterTuningJobConfig.ParameterRanges.AutoParameters": _AUTOTUNE,
        "HyperParameterTuningJobConfig.TrainingJobEarlyStoppingType": _supported(
            "`Off`, `Auto`: AWS's median rule, after three Completed jobs"
        ),
        "HyperParameterTuningJobConfig.TuningJobCompletionCriteria": _supported(
            "convergence by a rule of its own: AWS's is not public"
        ),
        "HyperParameterTuningJobConfig.RandomSeed": _supported(
            "the same seed gives other values than on AWS, and the same ones here each time"
        ),
        "TrainingJobDefinition": _supported(
            "its members as in CreateTrainingJob; of HyperParameterTuningResourceConfig all but its InstanceConfigs"
        ),
        "TrainingJobDefinition.HyperParameterTuningResourceConfig.InstanceConfigs": _INSTANCES,
        "TrainingJobDefinition.HyperParameterTuningResourceConfig.AllocationStrategy": _INSTANCES,
        "TrainingJobDefinitions": _refused("it runs one TrainingJobDefinition."),
        "WarmStartConfig": _supported("from tuning jobs of this local cloud"),
        "Tags": _supported("its training jobs get them too"),
        "Autotune": _AUTOTUNE,
    },
    "DescribeHyperParameterTuningJob": {"HyperParameterTuningJobName": _supported()},
    "ListHyperParameterTuningJobs": {
        "NextToken": _supported(),
        "MaxResults": _supported(),
        "SortBy": _supported(),
        "SortOrder": _supported(),
        "NameContains": _supported(),
        "CreationTimeAfter": _supported(),
        "CreationTimeBefore": _supported(),
        "LastModifiedTimeAfter": _supported(),
        "LastModifiedTimeBefore": _supported(),
        "StatusEquals": _supported(),
    },
    "ListTrainingJobsForHyperParameterTuningJob": {
        "HyperParameterTuningJobName": _supported(),
        "NextToken": _supported(),
        "MaxResults": _supported(),
        "StatusEquals": _supported(),
        "SortBy": _supported(),
        "SortOrder": _supported(),
    },
    "StopHyperParameterTuningJob": {"HyperParameterTuningJobName": _supported("its training jobs are stopped")},
    "DeleteHyperParameterTuningJob": {
        "HyperParameterTuningJobName": _supported("of a tuning job that has ended; its training jobs stay")
    },
}


def check(operation: str, parameters: Mapping[str, Any]) -> None:
    """Refuse a request with members that the local cloud does not support.

    Raises:
        ServiceError: ValidationException, with the reason.
    """
    for path, member in OPERATIONS[operation].items():
        is_refused = member.status is SupportStatus.REFUSED
        if is_refused and any(True for _ in _values(parameters, path.split("."))):
            raise validation_error(f"{CANNOT_RUN}{path}: {member.note}")


def _values(value: Any, path: list[str]) -> Iterator[Any]:
    """Yield the values at a path; for a list, those of each element."""
    if isinstance(value, list):
        for item in value:
            yield from _values(item, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        found = value[path[0]]
        yield from [found] if len(path) == 1 else _values(found, path[1:])
