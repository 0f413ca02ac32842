"""Builds the request for a job that resumes an earlier one. Pure functions of what AWS reports about the earlier job.

No local file has any effect: a colleague, or a fresh clone, sends the same request.
"""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import TrainerDescription
from scripts.jobfile.reading import LONGEST_NAME
from scripts.runs.record import ENDED, RESUMES, TUNED, job_file_of
from scripts.training.request import job_name

CHOSEN = "Selected"
"""How the members of ResourceConfig begin that SageMaker answers with and does not accept: API_ResourceConfig.html."""


def apart(earlier: Mapping[str, Any]) -> Mapping[str, Any]:
    """An earlier job as if it had been alone, where a tuning job started it.

    All training jobs of a tuning job have one prefix for checkpoints. The trainer and the package trainyard keep those
    of each in a folder with the job's name, and know such a job by a hyperparameter that SageMaker adds. A job that
    resumes one has neither its name nor its tuning job.

    Args:
        earlier: the DescribeTrainingJob response of the earlier job.
    """
    sent = earlier.get("HyperParameters", {})
    if TUNED not in sent:
        return earlier
    found = {**earlier, "HyperParameters": {name: value for name, value in sent.items() if name != TUNED}}
    if "CheckpointConfig" in earlier:
        place = earlier["CheckpointConfig"]
        found["CheckpointConfig"] = {**place, "S3Uri": f"{place['S3Uri'].rstrip('/')}/{earlier['TrainingJobName']}/"}
    return found


def values_before(earlier: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Some hyperparameters of an earlier job, decoded as another program than the trainer decodes them.

    Args:
        earlier: the DescribeTrainingJob response of the earlier job.
        names: the names of the hyperparameters; one that the earlier job did not have is skipped.
    """
    sent = earlier.get("HyperParameters", {})
    return {name: _decode(sent[name]) for name in names if name in sent}


def _decode(sent: str) -> Any:
    try:
        return json.loads(sent)
    except (ValueError, RecursionError):
        return sent


def check(earlier: Mapping[str, Any], changes: Mapping[str, str]) -> None:
    """Check that a job can be resumed.

    Args:
        earlier: the DescribeTrainingJob response of the earlier job.
        changes: the hyperparameters to change, as SageMaker stores them.

    Raises:
        UserError: the job has not ended, has no checkpoints, or is Completed and no hyperparameter changes.
    """
    job, status = earlier["TrainingJobName"], earlier["TrainingJobStatus"]
    if status not in ENDED:
        raise UserError(
            f"{job} is {status}: two jobs would write the same checkpoints.",
            f"Stop it first (`make stop RUN={job}`), or follow it: `make logs RUN={job}`.",
        )
    if "CheckpointConfig" not in earlier:
        raise UserError(
            f"{job} ran without checkpoints: there is nothing to resume from.",
            f"Set checkpoints = true in its job file, then start over: `make train JOB={job_file_of(job)}`.",
        )
    if status == "Completed" and changes.items() <= earlier.get("HyperParameters", {}).items():
        raise UserError(
            f"{job} is Completed: there is nothing left to train.",
            f'Ask for more training: `make resume RUN={job} HP="epochs=N"`.',
        )


def check_changes(earlier: Mapping[str, Any], changes: Mapping[str, str], trainer: TrainerDescription | None) -> None:
    """Check that a job may resume with changed hyperparameters. The trainer checks it too, but on a paid instance.

    Args:
        earlier: the DescribeTrainingJob response of the earlier job.
        changes: the hyperparameters to change, as SageMaker stores them.
        trainer: the description of the trainer in the job's image; None if it is not known.

    Raises:
        UserError: the change would give other results than those of the earlier job.
    """
    table = {one.name: one for one in trainer.hyperparameters} if trainer else {}
    before = {name: one.default for name, one in table.items()} | earlier.get("HyperParameters", {})
    now = before | changes
    for name, one in table.items():
        if now[name] == before[name] or one.decisive is None or not one.decisive.items() <= now.items():
            continue
        condition = f" with {' and '.join(f'{other}={value}' for other, value in one.decisive.items())}"
        others = [f"set {other} too: {table[other].help}" for other in one.decisive if other in table][:1]
        raise UserError(
            f"{earlier['TrainingJobName']} started with {name}={before[name]}, "
            f"and its results depend on it{condition if one.decisive else ''}.",
            f"{', or '.join(['Keep that value', *others])}.",
        )


def build(
    earlier: Mapping[str, Any],
    tags: Mapping[str, str],
    changes: Mapping[str, str],
    members: Collection[str],
    now: datetime | None = None,
) -> dict[str, Any]:
    """The request for a job that resumes another: the same but for its name and the changes.

    Args:
        earlier: the DescribeTrainingJob response of the earlier job.
        tags: the tags of the earlier job.
        changes: the hyperparameters to change, as SageMaker stores them.
        members: the names of CreateTrainingJob's parameters.
        now: the time for the new job's name; default: the current time.

    Returns:
        The keyword arguments of boto3's ``create_training_job``.
    """
    job = earlier["TrainingJobName"]
    request = {name: value for name, value in earlier.items() if name in members}
    request["ResourceConfig"] = {
        name: value for name, value in earlier["ResourceConfig"].items() if not name.startswith(CHOSEN)
    }
    request["TrainingJobName"] = job_name(job_file_of(job)[:LONGEST_NAME].rstrip("-"), now)
    hyperparameters = {**earlier.get("HyperParameters", {}), **changes}
    if hyperparameters:
        request["HyperParameters"] = hyperparameters
    # AWS adds tags that begin with aws:, which a request may not contain.
    kept = {key: value for key, value in tags.items() if not key.lower().startswith("aws:")}
    request["Tags"] = [{"Key": key, "Value": value} for key, value in (kept | {RESUMES: job}).items()]
    return request
