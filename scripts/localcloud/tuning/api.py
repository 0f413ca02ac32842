"""SageMaker's operations about hyperparameter tuning jobs."""

import secrets
from collections.abc import Mapping
from typing import Any

from scripts.localcloud.awsjson import Call, Operation, ServiceError, validation_error
from scripts.localcloud.environment import ACCOUNT
from scripts.localcloud.interruptions import Orders
from scripts.localcloud.sagemaker import search, support, validation
from scripts.localcloud.sagemaker.jobs import new_job, present
from scripts.localcloud.sagemaker.journal import Journal
from scripts.localcloud.sagemaker.launching import Launcher
from scripts.localcloud.tuning import describe, rules, warm_start
from scripts.localcloud.tuning.runner import TuningRun
from scripts.localcloud.tuning.sampling import suggest
from scripts.localcloud.tuning.trial_request import job_name, job_request
from scripts.localcloud.tuning.tunings import EndReason, Tuning, TuningStore, new_tuning

SEED_BITS = 31


class Tunings:
    """Answers calls about tunings, and runs them.

    Args:
        launcher: starts their training jobs.
        orders: the ordered interruptions: all training jobs of a tuning have those of the program that creates it.
        journal: the tunings that run, on disk.
    """

    def __init__(self, launcher: Launcher, orders: Orders, journal: Journal) -> None:
        self.store = TuningStore()
        self._launcher = launcher
        self._orders = orders
        self._journal = journal
        self._runs: list[TuningRun] = []
        self.operations: Mapping[str, Operation] = {
            "CreateHyperParameterTuningJob": self._create,
            "DescribeHyperParameterTuningJob": self._describe,
            "ListHyperParameterTuningJobs": self._list,
            "ListTrainingJobsForHyperParameterTuningJob": self._list_trials,
            "StopHyperParameterTuningJob": self._stop,
            "DeleteHyperParameterTuningJob": self._delete,
        }

    def close(self) -> None:
        """Create no more training jobs, because the local cloud stops."""
        for run in self._runs:
            run.abort()

    def records(self, region: str) -> list[search.Record]:
        """Return the tuning jobs of a region as Search finds them."""
        now = present()
        return [
            search.as_record("HyperParameterTuningJob", describe.description(tuning, now), tuning.tags)
            for tuning in self.store.all(region)
        ]

    def _create(self, call: Call) -> dict[str, Any]:
        request = call.parameters
        rules.check(request)
        parents = warm_start.trials(request, [self._parent(call, name) for name in warm_start.names(request)])
        interruptions = self._orders.find(call.app)
        seed = request["HyperParameterTuningJobConfig"].get("RandomSeed", secrets.randbits(SEED_BITS))
        tuning = new_tuning(request, call.region, ACCOUNT, present(), seed, parents, interruptions)
        self._check_first_job(tuning)
        if not self.store.add(tuning):
            raise ServiceError(
                "ResourceInUse",
                "Hyperparameter tuning job names must be unique within an AWS account and region, and a tuning job "
                f"with this name already exists ({tuning.arn})",
            )
        run = TuningRun(tuning, self.store, self._launcher, self._journal)
        self._runs.append(run)
        run.start()
        return {"HyperParameterTuningJobArn": tuning.arn}

    def _check_first_job(self, tuning: Tuning) -> None:
        """Check the request of a training job, and that SageMaker may assume the role for the tuning and for the job.

        AWS does not say which ARN SageMaker sends as aws:SourceArn for a tuning; a role that passes here allows both.
        """
        values = suggest(tuning.space, tuning.config["Strategy"], tuning.seed, [], minimize=tuning.minimize)
        request = job_request(tuning.request, job_name(tuning.name, 1, "0" * 8), values)
        validation.check("CreateTrainingJob", request)
        support.check("CreateTrainingJob", request)
        job = new_job(request, tuning.region, ACCOUNT, tuning.created, tuning.interruptions, tuning.arn)
        self._launcher.check(job)

    def _describe(self, call: Call) -> dict[str, Any]:
        return describe.description(self._find(call), present())

    def _list(self, call: Call) -> dict[str, Any]:
        return describe.page(self.store.all(call.region), call.parameters)

    def _list_trials(self, call: Call) -> dict[str, Any]:
        return describe.trial_page(self._find(call), call.parameters)

    def _stop(self, call: Call) -> dict[str, Any]:
        def change(tuning: Tuning) -> Tuning:
            if tuning.has_ended:
                raise validation_error(f"The request was rejected because the tuning job is in status {tuning.status}.")
            return tuning.request_end(EndReason.USER, present())

        self.store.change(self._find(call).arn, change)
        return {}

    def _delete(self, call: Call) -> dict[str, Any]:
        """Delete a tuning that has ended; its training jobs stay.

        https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteHyperParameterTuningJob.html
        """
        tuning = self._find(call)
        if not tuning.has_ended:
            raise ServiceError("ResourceInUse", f"The tuning job {tuning.name} is in status {tuning.status}.")
        self.store.delete(tuning.arn)
        return {}

    def _find(self, call: Call) -> Tuning:
        name = call.parameters["HyperParameterTuningJobName"]
        found = self._named(call.region, name)
        if found is None:
            raise ServiceError("ResourceNotFound", f"There is no tuning job with the name {name}.")
        return found

    def _parent(self, call: Call, name: str) -> Tuning:
        found = self._named(call.region, name)
        if found is None:
            raise validation_error(f"The parent tuning job {name} does not exist.")
        return found

    def _named(self, region: str, name: str) -> Tuning | None:
        return next((tuning for tuning in self.store.all(region) if tuning.name == name), None)
