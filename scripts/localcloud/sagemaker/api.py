"""The SageMaker operations that the local cloud has."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from scripts.localcloud.awsjson import Call, ServiceError, validation_error
from scripts.localcloud.environment import ACCOUNT
from scripts.localcloud.interruptions import Orders
from scripts.localcloud.sagemaker import checks, describe, pools, rules, search, support, validation
from scripts.localcloud.sagemaker.jobs import Job, StopReason, new_job, present
from scripts.localcloud.sagemaker.runner import JobRun
from scripts.localcloud.sagemaker.services import JobServices

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
            "UpdateTrainingJob": self._update,
            "DeleteTrainingJob": self._delete,
            "Search": self._search,
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

    def end_due_pools(self) -> None:
        """Terminate the warm pools whose time is over."""
        self._services.pools.end_due()

    def close(self) -> None:
        """Kill every job's program, without uploading anything, because the local cloud stops."""
        for run in self._runs:
            run.abort()
        self._services.pools.close()

    def _create(self, call: Call) -> dict[str, Any]:
        request = call.parameters
        rules.check(request)
        interruptions = self._orders.find(call.app)
        if interruptions and not request.get("EnableManagedSpotTraining"):
            raise validation_error(f"{support.CANNOT_RUN}INTERRUPT is for spot jobs, and this job trains on demand.")
        job = new_job(request, call.region, ACCOUNT, present(), interruptions)
        if self._services.store.get(job.arn):
            raise _in_use(job)
        checks.check(request, job.arn, call.region, self._services.clients)
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
        if resource != "TrainingJob":
            raise validation_error(f"{support.CANNOT_RUN}Search finds training jobs only, and no {resource}.")
        discount = self._services.discount
        records = [describe.search_record(job, discount) for job in self._services.store.all(call.region)]
        return describe.search_page(search.find(records, call.parameters), call.parameters)

    def _add_tags(self, call: Call) -> dict[str, Any]:
        added = {tag["Key"]: tag["Value"] for tag in call.parameters["Tags"]}

        def change(job: Job) -> Job:
            tags = dict(job.tags) | added
            if len(tags) > MAX_TAGS:
                raise validation_error(f"A training job has at most {MAX_TAGS} tags.")
            return replace(job, tags=tuple(tags.items()))

        return {"Tags": describe.tag_list(self._change(self._find_by_arn(call), change))}

    def _delete_tags(self, call: Call) -> dict[str, Any]:
        deleted = set(call.parameters["TagKeys"])

        def change(job: Job) -> Job:
            return replace(job, tags=tuple(tag for tag in job.tags if tag[0] not in deleted))

        self._change(self._find_by_arn(call), change)
        return {}

    def _list_tags(self, call: Call) -> dict[str, Any]:
        return {"Tags": describe.tag_list(self._find_by_arn(call))}

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

    def _find_by_arn(self, call: Call) -> Job:
        job = self._services.store.get(call.parameters["ResourceArn"])
        if job is None:
            raise _not_found()
        return job


def _not_found() -> ServiceError:
    return validation_error("Requested resource not found.")


def _in_use(job: Job) -> ServiceError:
    return ServiceError(
        "ResourceInUse",
        "Training job names must be unique within an AWS account and region, and a training job with this name "
        f"already exists ({job.arn})",
    )
