"""The calls of the verbs that change or cost something, and why: `make data`, `image`, `train`, `tune`, `resume`.

`make logs`, `jobs` and `model` change nothing in the account, and `make stop` makes a single call that does. There, the
first refused call names its action, and nothing has happened before it. A call is not in these lists if the verb does
without it: it then reports what it did not check. Pure functions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scripts.core import aws, condition_keys
from scripts.core.permissions import Permission, Place, required_permissions
from scripts.core.role_calls import LOG_GROUP, model_place

if TYPE_CHECKING:
    from scripts.stack import Stack


@dataclass(frozen=True)
class Need:
    """A permission that a verb needs.

    Attributes:
        why: what for, as in "to upload the data".
        permission: the permission, with the condition keys of the call.
    """

    why: str
    permission: Permission


# What docker asks the registry for: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
_PUSH = ("HeadBlob", "PostUpload", "PatchUpload", "PutUpload", "PutManifest")
_PULL = ("HeadBlob", "GetManifest", "GetBlob")


def of_data(stack: "Stack", prefixes: Sequence[str]) -> list[Need]:
    """What `make data` needs.

    Args:
        stack: the stack.
        prefixes: the prefixes of the job's local channels in the data bucket.
    """
    calls = _Calls(stack)
    bucket = {"Bucket": stack.data_bucket}
    for prefix in prefixes:
        calls.add("to compare the data", "s3", "ListObjectsV2", **bucket)
        calls.add("to compare the data", "s3", "HeadObject", **bucket, Key=f"{prefix}*")
        calls.add("to upload the data", "s3", "PutObject", **bucket, Key=f"{prefix}*")
    if prefixes:
        calls.add("to see which jobs read the data", "sagemaker", "ListTrainingJobs")
        calls.add_key("to upload the data", "GenerateDataKey", "Decrypt")
    return calls.needs


def of_image(stack: "Stack", base: str | None = None) -> list[Need]:
    """What `make image` needs to build and push an image.

    Args:
        stack: the stack.
        base: the ARN of the repository that the base is pulled from; None if it is not pulled from ECR.
    """
    calls = _Calls(stack)
    calls.add("to log in to the registry", "ecr", "GetAuthorizationToken")
    for operation in _PULL if base else ():
        calls.add_arn("to pull the base", operation, base or "")
    calls.add("to find the image", "ecr", "DescribeImages", repositoryName=stack.repository_name)
    for operation in _PUSH:
        calls.add_arn("to push the image", operation, stack.repository_arn)
    return calls.needs


def of_train(
    stack: "Stack", request: Mapping[str, Any], prefixes: Sequence[str], manifests: Sequence[str] = ()
) -> list[Need]:
    """What `make train` needs.

    Args:
        stack: the stack.
        request: the CreateTrainingJob request.
        prefixes: the prefixes of the job's local channels in the data bucket.
        manifests: the keys of the manifests to write there.
    """
    return [*_of_upload(stack, prefixes, manifests), *_of_job(stack, request)]


def of_tune(
    stack: "Stack",
    request: Mapping[str, Any],
    tuning: Mapping[str, Any],
    prefixes: Sequence[str],
    manifests: Sequence[str] = (),
) -> list[Need]:
    """What `make tune` needs.

    Args:
        stack: the stack.
        request: the CreateTrainingJob request of one of its training jobs, with the tuning's name.
        tuning: the CreateHyperParameterTuningJob request.
        prefixes: the prefixes of the job's local channels in the data bucket.
        manifests: the keys of the manifests to write there.
    """
    calls = _Calls(stack)
    name = tuning["HyperParameterTuningJobName"]
    follow = "to follow the tuning"
    calls.add("to start the tuning", "sagemaker", "CreateHyperParameterTuningJob", **tuning)
    for operation in ("DescribeHyperParameterTuningJob", "ListTrainingJobsForHyperParameterTuningJob"):
        calls.add(follow, "sagemaker", operation, HyperParameterTuningJobName=name)
    jobs = {**request, "TrainingJobName": f"{name}-*"}
    calls.add(follow, "sagemaker", "DescribeTrainingJob", TrainingJobName=jobs["TrainingJobName"])
    return [*_of_upload(stack, prefixes, manifests), *calls.needs, *_of_model(stack, jobs)]


def _of_upload(stack: "Stack", prefixes: Sequence[str], manifests: Sequence[str]) -> list[Need]:
    calls = _Calls(stack)
    for key in manifests:
        calls.add("to write a channel's manifest", "s3", "PutObject", Bucket=stack.data_bucket, Key=key)
    return [*of_data(stack, prefixes), *calls.needs]


def of_resume(stack: "Stack", request: Mapping[str, Any]) -> list[Need]:
    """What `make resume` needs, with the request of the new job."""
    calls = _Calls(stack)
    bucket, _ = aws.split_uri(request["CheckpointConfig"]["S3Uri"])
    calls.add("to see which jobs write the checkpoints", "sagemaker", "ListTrainingJobs")
    calls.add("to see whether there are checkpoints", "s3", "ListObjectsV2", Bucket=bucket)
    return [*calls.needs, *_of_job(stack, request)]


def _of_job(stack: "Stack", request: Mapping[str, Any]) -> list[Need]:
    """To start a job, follow it and download its model."""
    calls = _Calls(stack)
    job = request["TrainingJobName"]
    calls.add("to start the job", "sagemaker", "CreateTrainingJob", **request)
    calls.add("to follow the job", "sagemaker", "DescribeTrainingJob", TrainingJobName=job)
    for operation in ("DescribeLogStreams", "GetLogEvents"):
        calls.add("to follow the job", "logs", operation, logGroupName=LOG_GROUP, logStreamName=f"{job}/algo-1-1")
    return [*calls.needs, *_of_model(stack, request)]


def _of_model(stack: "Stack", request: Mapping[str, Any]) -> list[Need]:
    """To download a job's model."""
    calls = _Calls(stack)
    bucket, key = model_place(request)
    if key.endswith("/*"):
        calls.add("to list the model's files", "s3", "ListObjectsV2", Bucket=bucket)
    calls.add("to download the model", "s3", "GetObject", Bucket=bucket, Key=key)
    calls.add_key("to download the model", "Decrypt")
    return calls.needs


class _Calls:
    """Collects needs.

    Args:
        stack: the stack, whose region and account the calls are made in.
    """

    def __init__(self, stack: "Stack") -> None:
        self._stack = stack
        self._place = Place(stack.role_arn.split(":")[1], stack.region, stack.account_id)
        self.needs: list[Need] = []

    def add(self, why: str, service: str, operation: str, **parameters: Any) -> None:
        """Add what a call with boto3 needs."""
        keys = condition_keys.of_call(service, parameters)
        for one in required_permissions(service, operation, parameters, self._place):
            self.needs.append(Need(why, Permission(one.action, one.resource, {**keys, **one.context})))

    def add_arn(self, why: str, operation: str, repository: str) -> None:
        """Add what a request of docker to a repository needs."""
        for one in required_permissions("registry", operation, {"resourceArn": repository}, self._place):
            self.needs.append(Need(why, one))

    def add_key(self, why: str, *operations: str) -> None:
        """Add what S3 does with the stack's key for the caller, if the stack has one.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
        """
        if self._stack.kms_key_arn:
            keys = {"kms:viaservice": (f"s3.{self._stack.region}.amazonaws.com",)}
            for operation in operations:
                self.needs.append(Need(why, Permission(f"kms:{operation}", self._stack.kms_key_arn, keys)))
