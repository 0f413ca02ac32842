"""Runs a training job: prints its cost, sends the request, follows the job, downloads the model."""

from collections.abc import Mapping
from typing import Any

from scripts import costs
from scripts.core import aws, console, refusals, verb
from scripts.core.errors import UserError
from scripts.core.patience import Patience
from scripts.core.permissions import definitions
from scripts.runs.artifacts import download_model
from scripts.runs.ending import downloading, following_job, print_end
from scripts.runs.following import describe_patiently, follow
from scripts.runs.manifest import list_data
from scripts.runs.record import Record, save_record
from scripts.runs.requests import forget_request, keep_request
from scripts.runs.results import EmptyModelError
from scripts.training.submission import TRAINING_JOB, JobMayExistError, Kind, submit


def run(request: Mapping[str, Any]) -> bool:
    """Run a training job until it ends. If it is Completed, download its model to runs/<job>/model.

    Args:
        request: the CreateTrainingJob request.

    Returns:
        Whether the job is Completed and left a model or other results.

    Raises:
        UserError: AWS refused the request for a reason that you can correct, or the job exists and following it or
            downloading its model has failed.
    """
    job = request["TrainingJobName"]
    console.say(costs.cost_line(request, aws.region()))
    send(request)
    console.say(f"Run: {job}")
    with following_job(job):
        save_record(describe_patiently(job))
        record = save_record(follow(job))
    if record.status != "Completed":
        print_end(record)
        return False
    return fetch_model(record)


def send(request: Mapping[str, Any], kind: Kind = TRAINING_JOB) -> None:
    """Create the job. request.json is there before the job, and stays unless there is certainly no job.

    Args:
        request: the request that creates it.
        kind: what it creates.

    Raises:
        UserError: AWS refused the request for a reason that you can correct, or nobody can say whether the job exists.
    """
    job = kind.name_in(request)
    line = f"{job} may have been started: `{kind.listed}` lists it, `make stop {kind.variable}={job}` stops it."
    with verb.on_interrupt(f"Interrupted. No {kind.noun} was started."):
        keep_request(job, request, list_data(definitions(request)[0]))
    try:
        with verb.on_interrupt(f"Interrupted. {line}"):
            submit(request, console.say, kind=kind)
    except JobMayExistError:
        raise
    except Exception as error:
        if isinstance(error, UserError) or refusals.explain(error) is not None or aws.error_code(error):
            forget_request(job)
        else:
            error.add_note(line)
        raise


def fetch_model(record: Record) -> bool:
    """Download a Completed job's model and print the job's summary; False if the job left nothing at all."""
    job, patience = record.job, Patience("The download starts again then.")
    try:
        with downloading(job):
            record, _ = patience.call(lambda: download_model(aws.client("sagemaker"), job))
    except EmptyModelError as empty:
        print_end(record, with_model=False)
        console.say(f"{'Warning: ' if empty.output else ''}{empty.problem}")
        console.say(empty.fix)
        return empty.output is not None
    console.say(f"The model is in {record.model_path}.")
    print_end(record)
    return True
