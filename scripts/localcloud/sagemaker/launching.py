"""Starts training jobs, for CreateTrainingJob and for tunings, and knows the run of each."""

from collections.abc import Mapping
from typing import Any

from scripts.localcloud.awsjson import ServiceError, validation_error
from scripts.localcloud.environment import ACCOUNT
from scripts.localcloud.interruptions import Interruption
from scripts.localcloud.sagemaker import checks, rules, support
from scripts.localcloud.sagemaker.jobs import Job, new_job, present
from scripts.localcloud.sagemaker.runner import JobRun
from scripts.localcloud.sagemaker.services import JobServices


class Launcher:
    """Checks and starts training jobs.

    Args:
        services: the objects that all jobs share.
    """

    def __init__(self, services: JobServices) -> None:
        self.services = services
        self._runs: dict[str, JobRun] = {}

    def check(self, job: Job) -> None:
        """Check a new training job's request, and all that it needs in the account.

        SageMaker must be allowed to assume the role for the job, and for the tuning if one creates it.

        Raises:
            ServiceError: AWS would refuse it, or the local cloud cannot run it.
        """
        rules.check(job.request)
        if job.interruptions and not job.request.get("EnableManagedSpotTraining"):
            raise validation_error(f"{support.CANNOT_RUN}INTERRUPT is for spot jobs, and this job trains on demand.")
        arns = [job.arn, job.tuning] if job.tuning else [job.arn]
        checks.check(job.request, arns, job.region, self.services.clients)
        refusal = self.services.executor.refusal(job.request)
        if refusal:
            raise validation_error(refusal)

    def launch(
        self,
        request: Mapping[str, Any],
        region: str,
        interruptions: tuple[Interruption, ...] = (),
        tuning: str | None = None,
    ) -> Job:
        """Check a training job and start it.

        Args:
            request: CreateTrainingJob's parameters, which the service model allows.
            region: its region.
            interruptions: when its instances are taken away.
            tuning: the ARN of the tuning that creates it.

        Raises:
            ServiceError: AWS would refuse it, the local cloud cannot run it, or there is a job of its name.
        """
        job = new_job(request, region, ACCOUNT, present(), interruptions, tuning)
        if self.services.store.get(job.arn):
            raise _in_use(job)
        self.check(job)
        if not self.services.store.add(job):  # Another request for the same name may have come in meanwhile.
            raise _in_use(job)
        run = self._runs[job.arn] = JobRun(job, self.services)
        run.start()
        return job

    def values(self, arn: str, metric: str) -> tuple[float, ...]:
        """Return the values of a metric that a job has printed so far, in their order.

        Args:
            arn: the ARN of a job that was launched here.
            metric: the metric's name in MetricDefinitions.
        """
        return self._runs[arn].values(metric)

    def close(self) -> None:
        """Kill every job's program, without uploading anything, because the local cloud stops."""
        for run in list(self._runs.values()):
            run.abort()
        self.services.pools.close()


def _in_use(job: Job) -> ServiceError:
    return ServiceError(
        "ResourceInUse",
        "Training job names must be unique within an AWS account and region, and a training job with this name "
        f"already exists ({job.arn})",
    )
