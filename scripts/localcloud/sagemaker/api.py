"""The SageMaker operations that the local cloud has."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scripts.localcloud.awsjson import Call, ServiceError, validation_error
from scripts.localcloud.environment import ACCOUNT
from scripts.localcloud.interruptions import Orders
from scripts.localcloud.sagemaker import checks, describe, rules, support, validation
from scripts.localcloud.sagemaker.jobs import Job, StopReason, new_job, present
from scripts.localcloud.sagemaker.runner import JobRun, JobServices

MAX_TAGS = 50


class SageMaker:
    """Answers calls, and runs the jobs that they create.

    Args:
        services: the objects that all jobs share.
        orders: the ordered interruptions, each for the job that one program creates.
    """

    def __init__(self, services: JobServices, orders: Orders) -> None:
        self._services = services
        self._orders = orders
        self._runs: list[JobRun] = []
        self._operations: dict[str, Callable[[Call], dict[str, Any]]] = {
            "CreateTrainingJob": self._create,
            "DescribeTrainingJob": self._describe,
            "ListTrainingJobs": self._list,
            "StopTrainingJob": self._stop,
            "AddTags": self._add_tags,
            "ListTags": self._list_tags,
            "DeleteTags": self._delete_tags,
        }

    def __call__(self, call: Call) -> dict[str, Any]:
        """Answer one call.

        Raises:
            ServiceError: AWS would refuse the call, or the local cloud does not have the operation.
        """
        operation = self._operations.get(call.operation)
        if operation is None:
            raise ServiceError(
                "UnknownOperationException",
                f"The local cloud has no {call.operation}. Of SageMaker it has {', '.join(self._operations)}.",
            )
        validation.check(call.operation, call.parameters)
        support.check(call.operation, call.parameters)
        return operation(call)

    def close(self) -> None:
        """Kill every job's program, without uploading anything, because the local cloud stops."""
        for run in self._runs:
            run.abort()

    def _create(self, call: Call) -> dict[str, Any]:
        request = call.parameters
        rules.check(request)
        interruptions = self._orders.find(call.app)
        if interruptions and not request.get("EnableManagedSpotTraining"):
            raise validation_error(f"{support.CANNOT_RUN}INTERRUPT is for spot jobs, and this job trains on demand.")
        job = new_job(request, call.region, ACCOUNT, present(), interruptions)
        if self._services.store.get(job.arn):
            raise _in_use(job)
        checks.check(request, call.region, self._services.clients)
        refusal = self._services.executor.refusal(request)
        if refusal:
            raise validation_error(refusal)
        if not self._services.store.add(job):  # Another request for the same name may have come in meanwhile.
            raise _in_use(job)
        run = JobRun(job, self._services)
        self._runs.append(run)
        run.start()
        return {"TrainingJobArn": job.arn}

    def _describe(self, call: Call) -> dict[str, Any]:
        return describe.description(self._find(call), self._services.discount)

    def _list(self, call: Call) -> dict[str, Any]:
        return describe.page(self._services.store.all(call.region), call.parameters)

    def _stop(self, call: Call) -> dict[str, Any]:
        def change(job: Job) -> Job:
            if job.has_ended:
                raise validation_error(f"The request was rejected because the training job is in status {job.status}.")
            return job.request_stop(StopReason.USER, present())

        self._services.store.change(self._find(call).arn, change)
        return {}

    def _add_tags(self, call: Call) -> dict[str, Any]:
        added = {tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]}

        def change(job: Job) -> Job:
            tags = dict(job.tags) | added
            if len(tags) > MAX_TAGS:
                raise validation_error(f"A training job has at most {MAX_TAGS} tags.")
            return replace(job, tags=tuple(tags.items()))

        return {"Tags": _tags(self._services.store.change(self._find_by_arn(call).arn, change))}

    def _delete_tags(self, call: Call) -> dict[str, Any]:
        deleted = set(call.parameters["TagKeys"])

        def change(job: Job) -> Job:
            return replace(job, tags=tuple(tag for tag in job.tags if tag[0] not in deleted))

        self._services.store.change(self._find_by_arn(call).arn, change)
        return {}

    def _list_tags(self, call: Call) -> dict[str, Any]:
        return {"Tags": _tags(self._find_by_arn(call))}

    def _find(self, call: Call) -> Job:
        name = call.parameters["TrainingJobName"]
        for job in self._services.store.all(call.region):
            if job.name == name:
                return job
        raise validation_error("Requested resource not found.")

    def _find_by_arn(self, call: Call) -> Job:
        job = self._services.store.get(call.parameters["ResourceArn"])
        if job is None:
            raise validation_error("Requested resource not found.")
        return job


def _in_use(job: Job) -> ServiceError:
    return ServiceError(
        "ResourceInUse",
        "Training job names must be unique within an AWS account and region, and a training job with this name "
        f"already exists ({job.arn})",
    )


def _tags(job: Job) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in job.tags]
