"""Which jobs, warm pools and checkpoints of a stack are left over. Functions of what Search answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scripts import costs
from scripts.core import aws
from scripts.leftovers.model import Kind, Leftover
from scripts.leftovers.ownership import has_tags
from scripts.runs.record import ENDED, JOB_NAME

if TYPE_CHECKING:
    from scripts.stack import Stack

Job = Mapping[str, Any]


def jobs_of(sagemaker: Any, stack: "Stack") -> list[Job]:
    """The training jobs that have the stack's tags, as Search answers them.

    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_Search.html
    """
    wanted = {"Tags.Project": stack.project, "Tags.Environment": stack.environment}
    filters = [{"Name": name, "Operator": "Equals", "Value": value} for name, value in wanted.items()]
    pages = sagemaker.get_paginator("search").paginate(
        Resource="TrainingJob", SearchExpression={"Filters": filters}, PaginationConfig={"PageSize": 100}
    )
    found = [result["TrainingJob"] for page in pages for result in page["Results"] if "TrainingJob" in result]
    return [job for job in found if has_tags(job.get("Tags") or [], stack)]


def running(jobs: Sequence[Job]) -> Iterator[Leftover]:
    """The jobs that run. One that is stopping already will end."""
    for job in jobs:
        if job["TrainingJobStatus"] == "InProgress":
            yield Leftover(Kind.JOB, job["TrainingJobName"], "", job["CreationTime"], hour=_hour(job))


def pools(jobs: Sequence[Job]) -> Iterator[Leftover]:
    """The warm pools that wait for a job."""
    for job in jobs:
        if (job.get("WarmPoolStatus") or {}).get("Status") == "Available":
            since = job.get("TrainingEndTime") or job["CreationTime"]
            yield Leftover(Kind.POOL, job["TrainingJobName"], "", since, hour=_hour(job))


def done_folders(jobs: Sequence[Job], active: Sequence[Job], bucket: str) -> list[str]:
    """The prefixes with checkpoints that no run needs: all jobs of each have ended, the newest is Completed.

    Args:
        jobs: the jobs of the stack, as Search answers them. It does not know a job that was created just now.
        active: all jobs that run now, whoever's they are, as DescribeTrainingJob answers them.
        bucket: the stack's bucket for checkpoints.
    """
    folders: dict[str, list[Job]] = {}
    for job in jobs:
        folders.setdefault(_folder(job), []).append(job)
    needed = [uri for uri, users in folders.items() if uri and not _is_done(users)]
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
    """Whether a prefix is one that `make train` gives a job, ``<job file>/<job>/``: never that of more than a run."""
    folder, _, job = prefix.rstrip("/").partition("/")
    return bool(folder) and "/" not in job and JOB_NAME.fullmatch(job) is not None


def needed_digests(jobs: Sequence[Job]) -> set[str]:
    """The digests of images that a job runs, or that `make resume` would need."""
    images = (
        (job.get("AlgorithmSpecification") or {}).get("TrainingImage", "")
        for job in jobs
        if job["TrainingJobStatus"] != "Completed"
    )
    return {image.partition("@")[2] for image in images if "@" in image}


def _is_done(users: Sequence[Job]) -> bool:
    newest = max(users, key=lambda job: job["CreationTime"])
    return all(job["TrainingJobStatus"] in ENDED for job in users) and newest["TrainingJobStatus"] == "Completed"


def _hour(job: Job) -> float | None:
    started = costs.started_price(job)
    return started[0] if started else None
