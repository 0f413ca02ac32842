"""From an earlier job to one that goes on with it: a pure function of what AWS says about the earlier one.

Nothing of this machine's files is in it: a colleague, or a fresh clone, makes the same job.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import TrainerDescription
from scripts.jobfile.reading import LONGEST_NAME
from scripts.runs.record import ENDED, RESUMES, spec_of
from scripts.training.request import job_name


def check(earlier: Mapping[str, Any], changes: Mapping[str, str]) -> None:
    """See whether a job is one to go on with.

    Args:
        earlier: DescribeTrainingJob's answer.
        changes: hyperparameters that are to be others, as SageMaker carries them.

    Raises:
        UserError: it has not ended, has no checkpoints, or is Completed and nothing would be different.
    """
    job, status = earlier["TrainingJobName"], earlier["TrainingJobStatus"]
    if status not in ENDED:
        raise UserError(
            f"{job} is {status}: two jobs would write the same checkpoints.",
            f"End it first (`make stop RUN={job}`), or follow it: `make logs RUN={job}`.",
        )
    if "CheckpointConfig" not in earlier:
        raise UserError(
            f"{job} ran without checkpoints: there is nothing to go on from.",
            f"Set checkpoints = true in its job file, then start anew: `make train JOB={spec_of(job)}`.",
        )
    if status == "Completed" and changes.items() <= earlier.get("HyperParameters", {}).items():
        raise UserError(
            f"{job} is Completed: nothing is left to be done.",
            f'Ask for more than it has done: `make resume RUN={job} HP="epochs=N"`.',
        )


def check_changes(earlier: Mapping[str, Any], changes: Mapping[str, str], takes: TrainerDescription | None) -> None:
    """See whether a job may go on with other hyperparameters: the trainer refuses it only when it is paid for.

    Args:
        earlier: DescribeTrainingJob's answer.
        changes: hyperparameters that are to be others, as SageMaker carries them.
        takes: what the trainer in its image takes; None where that is not known.

    Raises:
        UserError: the results would be others than those of the job that has begun.
    """
    table = {one.name: one for one in takes.hyperparameters} if takes else {}
    before = {name: one.default for name, one in table.items()} | earlier.get("HyperParameters", {})
    now = before | changes
    for name, one in table.items():
        if now[name] == before[name] or one.decisive is None or not one.decisive.items() <= now.items():
            continue
        while_ = f" with {' and '.join(f'{other}={value}' for other, value in one.decisive.items())}"
        others = [f"set {other} too: {table[other].help}" for other in one.decisive if other in table][:1]
        raise UserError(
            f"{earlier['TrainingJobName']} began with {name}={before[name]}, "
            f"and its results depend on it{while_ if one.decisive else ''}.",
            f"{', or '.join(['Leave it as it is', *others])}.",
        )


def build(
    earlier: Mapping[str, Any],
    tags: Mapping[str, str],
    changes: Mapping[str, str],
    members: Collection[str],
    now: datetime | None = None,
) -> dict[str, Any]:
    """The request for a job that goes on with another: all of it is the same, but for its name and the changes.

    Args:
        earlier: DescribeTrainingJob's answer.
        tags: the earlier job's.
        changes: hyperparameters that are to be others, as SageMaker carries them.
        members: the names of what CreateTrainingJob takes.
        now: when; the job's name has it.

    Returns:
        The keyword arguments of boto3's ``create_training_job``.
    """
    job = earlier["TrainingJobName"]
    request = {name: value for name, value in earlier.items() if name in members}
    request["TrainingJobName"] = job_name(spec_of(job)[:LONGEST_NAME].rstrip("-"), now)
    hyperparameters = {**earlier.get("HyperParameters", {}), **changes}
    if hyperparameters:
        request["HyperParameters"] = hyperparameters
    # AWS gives tags of its own, which nobody may send.
    kept = {key: value for key, value in tags.items() if not key.lower().startswith("aws:")}
    request["Tags"] = [{"Key": key, "Value": value} for key, value in (kept | {RESUMES: job}).items()]
    return request
