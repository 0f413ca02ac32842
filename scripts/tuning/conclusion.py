"""What a tuning leaves on your machine: the best model, a job file with the best values, and the report."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts import training
from scripts.core import aws, console
from scripts.core.errors import UserError
from scripts.jobfile.hyperparameters import as_texts
from scripts.jobfile.reading import FOLDER as JOBS
from scripts.jobfile.reading import read_job
from scripts.runs.ending import job_exists
from scripts.runs.record import create_run_folder, describe, has_model, model_folder, read_json, save_record
from scripts.tuning import best_file
from scripts.tuning.defaults import find_defaults, local_records
from scripts.tuning.evaluation import evaluation_line, unseen_images
from scripts.tuning.results import Tuning

if TYPE_CHECKING:
    from scripts.jobfile.spec import JobSpec

REPORT = "report.html"


def conclude(tuning: Tuning) -> None:
    """Write the report and the job file with the best values, and download and evaluate the best job's model.

    Args:
        tuning: the tuning, which has ended or runs.

    Raises:
        UserError: the model cannot be downloaded, or a file cannot be written; what to do starts no other tuning.
    """
    again = f"`make report TUNING={tuning.name}`"
    line = f"Interrupted. {tuning.name} is {tuning.status}; {again} downloads its best model and writes its report."
    with job_exists(line, again, f"{tuning.name} is {tuning.status}."):
        lines = write_files(tuning)
        try:
            if tuning.best is not None and not has_model(tuning.best):
                training.fetch_model(save_record(describe(aws.client("sagemaker"), tuning.best)))
                _evaluate(tuning, tuning.best)
        finally:
            for each in lines:
                console.say(each)


def _evaluate(tuning: Tuning, job: str) -> None:
    """Print how the downloaded model does on the images that no job has received, if there are such images."""
    spec = _spec(_job_file(_request(tuning.name)))
    images = unseen_images(spec) if spec is not None and has_model(job) else None
    if images is not None:
        console.say(evaluation_line(model_folder(job), images))


def write_files(tuning: Tuning) -> list[str]:
    """Write a tuning's report and its job file, and return the lines that name them."""
    from scripts.tuning.report.page import html  # the review's pages, on which it is based, take long to import

    request = _request(tuning.name)
    job_file = _job_file(request)
    written = write_best_file(tuning, job_file) if job_file else None
    definition = request.get("TrainingJobDefinition") or {}
    image = (definition.get("AlgorithmSpecification") or {}).get("TrainingImage", "")
    defaults = find_defaults(local_records(job_file, tuning), tuning, _own_values(job_file), image)
    path = create_run_folder(tuning.name) / REPORT
    path.write_text(html(tuning, defaults, None if written is None else written.as_posix()), encoding="utf-8")
    values = [] if written is None else [f"The best values are in {written}: `make train JOB={written.stem}`."]
    return [*values, f"The report is {path}."]


def write_best_file(tuning: Tuning, job_file: str) -> Path | None:
    """Write the job file with the best values; None, perhaps with a note, if there is nothing to write.

    Args:
        tuning: the tuning.
        job_file: the name of the job file that it was made from.
    """
    best, source = tuning.best_trial, JOBS / f"{job_file}.toml"
    if best is None or not source.is_file():
        return None
    path = JOBS / f"{best_file.best_name(job_file)}.toml"
    if path.exists() and not best_file.was_written(path.read_text(encoding="utf-8")):
        console.say(f"{path} is not written: `make tune` did not make the file that is there.")
        return None
    text = best_file.best_text(source.read_text(encoding="utf-8"), job_file, tuning, best)
    path.write_text(text, encoding="utf-8")
    return path


def _own_values(job_file: str) -> dict[str, str]:
    """The hyperparameters of a job file, as SageMaker stores them; none if there is no such file any more."""
    spec = _spec(job_file)
    return {} if spec is None else as_texts(spec.hyperparameters_to_send)


def _spec(job_file: str) -> "JobSpec | None":
    """A job file; None if there is no such file any more, or if it is not valid."""
    try:
        return read_job(job_file)
    except UserError:
        return None


def _request(name: str) -> Mapping[str, Any]:
    """The request that started a tuning, by runs/; empty if somebody else has sent it."""
    try:
        found = read_json(name, "request.json")
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _job_file(request: Mapping[str, Any]) -> str:
    tags = {tag["Key"]: tag["Value"] for tag in request.get("Tags") or []}
    name: str = tags.get("Job", "")
    return name
