"""Look at what a job needs that goes on with another: the image, the checkpoints and the data must still be there.

What the caller has no right to look at is "not checked", never wrong.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from scripts import channels
from scripts.core import aws, jobs
from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import TrainerDescription
from scripts.runs.record import spec_of
from scripts.training import preflight
from scripts.training.job_image import read_label
from scripts.training.request import PROGRAM

if TYPE_CHECKING:
    from scripts.stack import Stack

Say = Callable[[str], None]


def check_image(earlier: Mapping[str, Any], stack: "Stack", say: Say, describe: bool) -> TrainerDescription | None:
    """Look for the image that the earlier job ran in.

    Args:
        earlier: DescribeTrainingJob's answer.
        stack: the environment's.
        say: told what is not known.
        describe: whether to read what the trainer in it takes.

    Returns:
        What it takes; None where that was not asked for, or the image does not say it, or another program runs.

    Raises:
        UserError: it is not in ECR (any more), or SageMaker could not use it.
    """
    job, uri = earlier["TrainingJobName"], earlier["AlgorithmSpecification"].get("TrainingImage", "")
    try:
        image = preflight.check_image(uri, stack, say)
    except UserError as error:
        raise UserError(f"{job} cannot go on in its image: {error.problem}", _anew(job)) from None
    return read_label(uri, image, say) if describe and PROGRAM not in earlier.get("Environment", {}) else None


def tags_of(sagemaker: Any, earlier: Mapping[str, Any], say: Say) -> dict[str, str]:
    """The earlier job's tags; none where they may not be looked at, which is said."""
    list_tags = partial(sagemaker.list_tags, ResourceArn=earlier["TrainingJobArn"])
    answer = preflight.unless_denied(f"the tags of {earlier['TrainingJobName']}", list_tags, say)
    return {tag["Key"]: tag["Value"] for tag in answer["Tags"]} if answer else {}


def check(sagemaker: Any, earlier: Mapping[str, Any], say: Say) -> None:
    """Look at the checkpoints and the data of the earlier job.

    Args:
        sagemaker: the client.
        earlier: DescribeTrainingJob's answer.
        say: told what could not be checked.

    Raises:
        UserError: another job writes the checkpoints now, there are none, or the data are not those of then.
    """
    s3, uri = aws.client("s3"), earlier["CheckpointConfig"]["S3Uri"]
    preflight.unless_denied(f"whether a job writes {uri} now", partial(_unwritten, sagemaker, uri), say)
    preflight.unless_denied(f"whether {uri} holds checkpoints", partial(_holds_some, s3, earlier), say)
    for channel in earlier.get("InputDataConfig", []):
        if "S3DataSource" in channel["DataSource"]:
            what = f"whether the channel {channel['ChannelName']} is what it was"
            preflight.unless_denied(what, partial(_unchanged, s3, earlier, channel), say)


def _unwritten(sagemaker: Any, uri: str) -> None:
    for job in jobs.active(sagemaker):
        its = job.get("CheckpointConfig", {}).get("S3Uri")
        if its is not None and (_folder(its).startswith(_folder(uri)) or _folder(uri).startswith(_folder(its))):
            other = job["TrainingJobName"]
            raise UserError(
                f"{other} writes its checkpoints to {its} now: two jobs would write the same ones.",
                f"End it first (`make stop RUN={other}`), or follow it: `make logs RUN={other}`.",
            )


def _holds_some(s3: Any, earlier: Mapping[str, Any]) -> None:
    job, uri = earlier["TrainingJobName"], _folder(earlier["CheckpointConfig"]["S3Uri"])
    bucket, prefix = aws.split_uri(uri)
    if not s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"):
        raise UserError(f"{job} left no checkpoint in {uri}: there is nothing to go on from.", _anew(job))


def _unchanged(s3: Any, earlier: Mapping[str, Any], channel: Mapping[str, Any]) -> None:
    job, uri = earlier["TrainingJobName"], channel["DataSource"]["S3DataSource"]["S3Uri"]
    changed = channels.changed_since(s3, uri, earlier["CreationTime"])
    if changed:
        bucket, _ = aws.split_uri(uri)
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise UserError(
            f"The data of the channel {channel['ChannelName']} have changed since {job} was created: "
            f"s3://{bucket}/{changed[0]}{more}.",
            f"Put them back as they were (docs/data.md). {_anew(job)}",
        )


def _folder(uri: str) -> str:
    return uri.rstrip("/") + "/"


def _anew(job: str) -> str:
    return f"`make train JOB={spec_of(job)}` starts anew with what there is now."
