"""Which tunings, jobs, warm pools and checkpoints of a stack are left over. Functions of what Search answers."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from scripts import costs
from scripts.core import aws
from scripts.leftovers.model import Kind, Leftover
from scripts.leftovers.ownership import has_tags
from scripts.runs.record import ENDED, JOB_NAME, TUNING_NAME

if TYPE_CHECKING:
    from scripts.stack import Stack

Job = Mapping[str, Any]


def jobs_of(sagemaker: Any, stack: "Stack") -> list[Job]:
    """The training jobs that have the stack's tags, as Search answers them."""
    return _search(sagemaker, stack, "TrainingJob")


def tunings_of(sagemaker: Any, stack: "Stack") -> list[Job]:
    """The tuning jobs that have the stack's tags, as Search answers them."""
    return _search(sagemaker, stack, "HyperParameterTuningJob")


def _search(sagemaker: Any, stack: "Stack", resource: str) -> list[Job]:
    """https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html."""
    wanted = {"Tags.Project": stack.project, "Tags.Environment": stack.environment}
    filters = [{"Name": name, "Operator": "Equals", "Value": value} for name, value in wanted.items()]
    pages = sagemaker.get_paginator("search").paginate(
        Resource=resource, SearchExpression={"Filters": filters}, PaginationConfig={"PageSize": 100}
    )
    found = [result[resource] for page in pages for result in page["Results"] if resource in result]
    return [job for job in found if has_tags(job.get("Tags") or [], stack)]


def running_tunings(tunings: Sequence[Job], jobs: Sequence[Job]) -> Iterator[Leftover]:
    """The tunings that run, each with the price of its training jobs that run now.

    Args:
        tunings: the tuning jobs of the stack, as Search answers them.
        jobs: the training jobs of the stack. A tuning's jobs have its tags.
    """
    for tuning in tunings:
        if tuning["HyperParameterTuningJobStatus"] == "InProgress":
            name, arn, hour = tuning["HyperParameterTuningJobName"], tuning["HyperParameterTuningJobArn"], _hour(tuning)
            count = sum(job.get("TuningJobArn") == arn and job["TrainingJobStatus"] == "InProgress" for job in jobs)
            total = None if hour is None else count * hour
            yield Leftover(Kind.TUNING, name, "", tuning["CreationTime"], hour=total)


def running(jobs: Sequence[Job], tunings: Sequence[Job] = ()) -> Iterator[Leftover]:
    """The jobs that run, without those of a tuning that runs: it would start others in their place.

    One that is stopping already will end.
    """
    going = _arns(tunings, "InProgress")
    for job in jobs:
        if job["TrainingJobStatus"] == "InProgress" and job.get("TuningJobArn") not in going:
            yield Leftover(Kind.JOB, job["TrainingJobName"], "", job["CreationTime"], hour=_hour(job))


def pools(jobs: Sequence[Job]) -> Iterator[Leftover]:
    """The warm pools that wait for a job."""
    for job in jobs:
        if (job.get("WarmPoolStatus") or {}).get("Status") == "Available":
            since = job.get("TrainingEndTime") or job["CreationTime"]
            yield Leftover(Kind.POOL, job["TrainingJobName"], "", since, hour=_hour(job))


def done_folders(jobs: Sequence[Job], active: Sequence[Job], bucket: str, tunings: Sequence[Job] = ()) -> list[str]:
    """The prefixes with checkpoints that no run needs: all jobs of each have ended, the newest is Completed.

    Of a tuning, whose jobs share a prefix, it is the tuning that is Completed.

    Args:
        jobs: the jobs of the stack, as Search answers them. It does not know a job that was created just now.
        active: all jobs that run now, whoever's they are, as DescribeTrainingJob answers them.
        bucket: the stack's bucket for checkpoints.
        tunings: the tuning jobs of the stack, as Search answers them.
    """
    completed = _arns(tunings, "Completed")
    folders: dict[str, list[Job]] = {}
    for job in jobs:
        folders.setdefault(_folder(job), []).append(job)
    needed = [uri for uri, users in folders.items() if uri and not _is_done(users, completed)]
    needed += [uri for uri in map(_folder, active) if uri]
    return [
        aws.split_uri(uri)[1]
        for uri in folders
        if aws.split_uri(uri)[0] == bucket
        and is_of_one_run(aws.split_uri(uri)[1])
        and not any(uri.startswith(other) or other.startswith(uri) for other in needed)
    ]


def _folder(job: Job) -> str:
    """The S3 URI of a job's checkpoints, with a slash at its end; empty if it has none."""
    uri: str = (job.get("CheckpointConfig") or {}).get("S3Uri", "")
    return f"{uri.rstrip('/')}/" if uri.startswith("s3://") else ""


def is_of_one_run(prefix: str) -> bool:
    """Whether a prefix is one that `make train` or `make tune` gives, ``<job file>/<job>/``: never that of more."""
    folder, _, job = prefix.rstrip("/").partition("/")
    return bool(folder) and "/" not in job and any(form.fullmatch(job) for form in (JOB_NAME, TUNING_NAME))


def needed_digests(jobs: Sequence[Job]) -> set[str]:
    """The digests of images that a job runs, or that `make resume` would need."""
    images = (
        (job.get("AlgorithmSpecification") or {}).get("TrainingImage", "")
        for job in jobs
        if job["TrainingJobStatus"] != "Completed"
    )
    return {image.partition("@")[2] for image in images if "@" in image}


def _is_done(users: Sequence[Job], completed: Set[str]) -> bool:
    newest = max(users, key=lambda job: job["CreationTime"])
    tunings = {job["TuningJobArn"] for job in users if job.get("TuningJobArn")}
    is_completed = newest["TrainingJobStatus"] == "Completed" or newest.get("TuningJobArn") in completed
    return is_completed and tunings <= completed and all(job["TrainingJobStatus"] in ENDED for job in users)


def _arns(tunings: Sequence[Job], status: str) -> set[str]:
    """The ARNs of the tunings with a status."""
    return {
        tuning["HyperParameterTuningJobArn"] for tuning in tunings if tuning["HyperParameterTuningJobStatus"] == status
    }


def _hour(job: Job) -> float | None:
    started = costs.started_price(job)
    return started[0] if started else None
