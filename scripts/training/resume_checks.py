"""Checks before a job resumes an earlier one: its image and checkpoints must exist, its data must be unchanged.

If you lack the right to look at something, the check is skipped with a line "Not checked". It never fails the job.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from scripts import channels, costs
from scripts.channels import listed
from scripts.core import aws, jobs
from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import TrainerDescription
from scripts.runs.record import RESUMES, job_file_of
from scripts.training import preflight
from scripts.training.job_image import read_label
from scripts.training.request import PROGRAM

if TYPE_CHECKING:
    from scripts.stack import Stack

Say = Callable[[str], None]
LONGEST_CHAIN = 100


def check_image(earlier: Mapping[str, Any], stack: "Stack", say: Say, describe: bool) -> TrainerDescription | None:
    """Check that the earlier job's image still exists.

    Args:
        earlier: the DescribeTrainingJob response of the earlier job.
        stack: the environment's stack.
        say: prints what cannot be checked.
        describe: whether to read the description of the image's trainer.

    Returns:
        The description; None if ``describe`` is False, the image has none, or the job runs another program.

    Raises:
        UserError: the image is no longer in ECR, or SageMaker could not use it.
    """
    job, uri = earlier["TrainingJobName"], earlier["AlgorithmSpecification"].get("TrainingImage", "")
    try:
        image = preflight.check_image(uri, stack, say)
    except UserError as error:
        raise UserError(f"{job} cannot be resumed in its image: {error.problem}", _start_over(job)) from None
    return read_label(uri, image, say) if describe and runs_trainer(earlier) else None


def runs_trainer(job: Mapping[str, Any]) -> bool:
    """Whether a job runs the trainer's command ``train``, not another program or command."""
    algorithm = job["AlgorithmSpecification"]
    own_command = "ContainerEntrypoint" in algorithm or "ContainerArguments" in algorithm
    return not own_command and PROGRAM not in job.get("Environment", {})


def tags_of(sagemaker: Any, earlier: Mapping[str, Any], say: Say) -> dict[str, str]:
    """The earlier job's tags; empty, with a note, if you may not look at them."""
    list_tags = partial(sagemaker.list_tags, ResourceArn=earlier["TrainingJobArn"])
    answer = preflight.unless_denied(f"the tags of {earlier['TrainingJobName']}", list_tags, say)
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]} if answer else {}


def spent_before(sagemaker: Any, earlier: Mapping[str, Any], tags: Mapping[str, str]) -> list[float | None]:
    """What the earlier job cost in USD, then the one that it resumed, and so on; None for what is not known.

    The tags say which job resumed which. Others can change them: a job counts once.

    Args:
        sagemaker: the client.
        earlier: the DescribeTrainingJob response of the earlier job.
        tags: its tags.
    """
    found, seen = [costs.spent(earlier, tags)], {earlier["TrainingJobName"]}
    while (name := tags.get(RESUMES)) and name not in seen and len(seen) < LONGEST_CHAIN:
        seen.add(name)
        try:
            job = sagemaker.describe_training_job(TrainingJobName=name)
            tags = {one["Key"]: one["Value"] for one in sagemaker.list_tags(ResourceArn=job["TrainingJobArn"])["Tags"]}
        except Exception:  # it was deleted, or you may not look: to resume is worth more than to know a cost
            return [*found, None]
        found.append(costs.spent(job, tags))
    return found


def check(sagemaker: Any, earlier: Mapping[str, Any], say: Say) -> None:
    """Check the checkpoints and the data of the earlier job.

    Args:
        sagemaker: the boto3 client.
        earlier: the DescribeTrainingJob response of the earlier job.
        say: prints what cannot be checked.

    Raises:
        UserError: another job is writing the checkpoints, there are none, or the data have changed.
    """
    s3, uri = aws.client("s3"), earlier["CheckpointConfig"]["S3Uri"]
    preflight.unless_denied(f"whether a job writes {uri} now", partial(_check_no_writer, sagemaker, uri), say)
    preflight.unless_denied(f"whether {uri} holds checkpoints", partial(_check_has_checkpoint, s3, earlier), say)
    for channel in earlier.get("InputDataConfig", []):
        if "S3DataSource" in channel["DataSource"]:
            what = f"whether the channel {channel['ChannelName']} is unchanged"
            preflight.unless_denied(what, partial(_check_unchanged, s3, earlier, channel), say)


def _check_no_writer(sagemaker: Any, uri: str) -> None:
    folder = _folder(uri)
    for job in jobs.active(sagemaker):
        written = job.get("CheckpointConfig", {}).get("S3Uri")
        if written is not None and (_folder(written).startswith(folder) or folder.startswith(_folder(written))):
            other = job["TrainingJobName"]
            raise UserError(
                f"{other} is writing its checkpoints to {written}: two jobs would write the same ones.",
                f"Stop it first (`make stop RUN={other}`), or follow it: `make logs RUN={other}`.",
            )


def _check_has_checkpoint(s3: Any, earlier: Mapping[str, Any]) -> None:
    job, uri = earlier["TrainingJobName"], _folder(earlier["CheckpointConfig"]["S3Uri"])
    bucket, prefix = aws.split_uri(uri)
    if not s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"):
        raise UserError(f"{job} left no checkpoint in {uri}: there is nothing to resume from.", _start_over(job))


def _check_unchanged(s3: Any, earlier: Mapping[str, Any], channel: Mapping[str, Any]) -> None:
    job, source = earlier["TrainingJobName"], channel["DataSource"]["S3DataSource"]
    uri, since = source["S3Uri"], earlier["CreationTime"]
    changed = channels.changed_since(s3, uri, since)
    if source.get("S3DataType") == "ManifestFile" and not changed:
        uri, names = _named_by(s3, uri)
        changed = [key for key in channels.changed_since(s3, uri, since) if key in names]
    if changed:
        bucket, _ = aws.split_uri(uri)
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise UserError(
            f"The data of the channel {channel['ChannelName']} have changed since {job} was created: "
            f"s3://{bucket}/{changed[0]}{more}.",
            f"Restore them (docs/data.md). {_start_over(job)}",
        )


def _named_by(s3: Any, uri: str) -> tuple[str, set[str]]:
    """The prefix of a manifest, and the keys of its objects."""
    manifest = listed.read(s3, uri)
    _, prefix = manifest.place
    return manifest.prefix, {f"{prefix}{path}" for path in manifest.paths}


def _folder(uri: str) -> str:
    return uri.rstrip("/") + "/"


def _start_over(job: str) -> str:
    return f"`make train JOB={job_file_of(job)}` starts a new job with the current image and data."
