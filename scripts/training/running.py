"""Runs a training job: prints its cost, sends the request, follows the job, downloads the model."""

from collections.abc import Mapping
from typing import Any

from scripts.core import aws, console, verb
from scripts.runs.artifacts import download_model
from scripts.runs.ending import print_end, still_running_line
from scripts.runs.following import follow
from scripts.runs.manifest import list_data, write_manifest
from scripts.runs.prices import cost_line
from scripts.runs.record import Record, describe, run_folder, save_record, write_json
from scripts.runs.results import EmptyModelError
from scripts.training.submission import submit

DAY = 24 * 3600  # SageMaker's limit for a request without one


def run(request: Mapping[str, Any]) -> bool:
    """Run a training job until it ends. If it is Completed, download its model to runs/<job>/model.

    Args:
        request: the CreateTrainingJob request.

    Returns:
        Whether the job is Completed and left a model or other results.

    Raises:
        UserError: AWS refused the request for a reason that you can correct, or the model cannot be unpacked.
    """
    job = request["TrainingJobName"]
    console.say(_cost(request))
    sagemaker = aws.client("sagemaker")
    with verb.on_interrupt(
        f"Interrupted. {job} may have been started: `make jobs` lists it, `make stop RUN={job}` stops it."
    ):
        data = list_data(request)
        submit(sagemaker, request, say=console.say)
        write_json(run_folder(job) / "request.json", request)
        write_manifest(run_folder(job), data)
    console.say(f"Run: {job}")
    with verb.on_interrupt(still_running_line(job)):
        save_record(describe(sagemaker, job))
        record = save_record(follow(sagemaker, job))
    if record.status != "Completed":
        print_end(record)
        return False
    return _fetch_model(sagemaker, record)


def _fetch_model(sagemaker: Any, record: Record) -> bool:
    """Download a Completed job's model and print the job's summary; False if the job left nothing at all."""
    job = record.job
    try:
        with verb.on_interrupt(f"Interrupted. {job} is Completed; `make model RUN={job}` downloads its model."):
            record, _ = download_model(sagemaker, job)
    except EmptyModelError as empty:
        print_end(record, with_model=False)
        console.say(f"{'Warning: ' if empty.output else ''}{empty.problem}")
        console.say(empty.fix)
        return empty.output is not None
    console.say(f"The model is in {record.model_path}.")
    print_end(record)
    return True


def _cost(request: Mapping[str, Any]) -> str:
    resources = request["ResourceConfig"]
    return cost_line(
        resources.get("InstanceType", "instances of several types"),
        resources.get("InstanceCount", 1),
        request["StoppingCondition"].get("MaxRuntimeInSeconds", DAY),
        request.get("EnableManagedSpotTraining", False),
    )
