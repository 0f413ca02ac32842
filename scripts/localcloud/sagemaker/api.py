"""The SageMaker operations that the local cloud has."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from scripts.localcloud.awsjson import Call, Operation, ServiceError, validation_error
from scripts.localcloud.interruptions import Orders
from scripts.localcloud.sagemaker import describe, pools, rules, search, support, validation
from scripts.localcloud.sagemaker.jobs import Job, StopReason, present
from scripts.localcloud.sagemaker.launching import Launcher


class SageMaker:
    """Answers the calls about training jobs, and passes the others on.

    Args:
        launcher: starts training jobs.
        orders: the ordered interruptions, each for the job that one program creates.
        others: answer the other operations, by their names.
        tunings: gives the tuning jobs of a region as Search finds them.
    """

    def __init__(
        self,
        launcher: Launcher,
        orders: Orders,
        others: Mapping[str, Operation],
        tunings: Callable[[str], list[search.Record]],
    ) -> None:
        self._launcher = launcher
        self._services = launcher.services
        self._orders = orders
        self._searched = {"TrainingJob": self._records, "HyperParameterTuningJob": tunings}
        self._operations: dict[str, Operation] = {
            "CreateTrainingJob": self._create,
            "DescribeTrainingJob": self._describe,
            "ListTrainingJobs": self._list,
            "StopTrainingJob": self._stop,
            "UpdateTrainingJob": self._update,
            "DeleteTrainingJob": self._delete,
            "Search": self._search,
            **others,
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

    def _create(self, call: Call) -> dict[str, Any]:
        job = self._launcher.launch(call.parameters, call.region, self._orders.find(call.app))
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

        self._change(self._find(call), change)
        return {}

    def _update(self, call: Call) -> dict[str, Any]:
        """Change a job's warm pool, or, while it runs, what Describe shows of debugger, profiler and remote debugging.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateTrainingJob.html
        """
        found, sent = self._find(call), dict(call.parameters)
        del sent["TrainingJobName"]
        resources = sent.pop("ResourceConfig", None)
        if resources:
            rules.check_keep_alive(resources)
            self._services.pools.change(found.arn, resources["KeepAlivePeriodInSeconds"])
        if resources and not sent:
            return {"TrainingJobArn": found.arn}

        def change(job: Job) -> Job:
            if job.has_ended:
                raise validation_error(f"The request was rejected because the training job is in status {job.status}.")
            for name, value in sent.items():
                before = job.request.get(name)
                merged = before | value if isinstance(before, dict) else value
                job = replace(job, request={**job.request, name: merged})
            return replace(job, modified=present())

        return {"TrainingJobArn": self._change(found, change).arn}

    def _delete(self, call: Call) -> dict[str, Any]:
        """Delete a job that has ended; its name is free again.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteTrainingJob.html
        """
        job = self._find(call)
        if not job.has_ended:
            raise ServiceError(
                "ResourceInUse", f"The training job {job.name} is in status {job.status}; stop it first."
            )
        if pools.due_end(job):
            raise ServiceError(
                "ResourceInUse", f"The training job {job.name} retains a warm pool in status Available; end it first."
            )
        self._services.store.delete(job.arn)
        return {}

    def _search(self, call: Call) -> dict[str, Any]:
        resource = call.parameters["Resource"]
        if resource not in self._searched:
            raise validation_error(
                f"{support.CANNOT_RUN}Search finds {' and '.join(self._searched)}, and no {resource}."
            )
        found = search.find(self._searched[resource](call.region), call.parameters, resource)
        return search.page(resource, found, call.parameters)

    def _records(self, region: str) -> list[search.Record]:
        """Return the training jobs as Search finds them."""
        services = self._services
        return [
            search.as_record("TrainingJob", describe.description(job, services.discount), job.tags)
            for job in services.store.all(region)
        ]

    def _change(self, job: Job, change: Callable[[Job], Job]) -> Job:
        try:
            return self._services.store.change(job.arn, change)
        except KeyError:  # Another call has deleted it meanwhile.
            raise _not_found() from None

    def _find(self, call: Call) -> Job:
        name = call.parameters["TrainingJobName"]
        for job in self._services.store.all(call.region):
            if job.name == name:
                return job
        raise _not_found()


def _not_found() -> ServiceError:
    return validation_error("Requested resource not found.")
