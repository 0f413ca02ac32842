"""A run: the local folder of a training job, runs/<job>/, with request.json, record.json and model/."""

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts import costs
from scripts.core import aws
from scripts.core.errors import UserError, nearest
from scripts.core.printable import json_text
from scripts.runs.manifest import read_summary

FOLDER = Path("runs")
JOB_NAME = re.compile(r"(?P<spec>.+)-\d{8}-\d{6}-[a-z0-9]{4}")
TUNING_NAME = re.compile(r"(?P<spec>.+)-\d{12}-[a-z0-9]{4}")
"""Tunings have folders beside those of runs, with names that `scripts/tuning/request.py` makes."""
TRIAL_NAME = re.compile(rf"(?P<tuning>{TUNING_NAME.pattern})-\d{{3,}}-[0-9a-f]{{8}}")
"""SageMaker names a tuning's training jobs, with a number and eight hexadecimal digits after the tuning's name."""
TUNED = "_tuning_objective_metric"
"""The hyperparameter that SageMaker adds to the training jobs of a tuning."""
ENDED = frozenset({"Completed", "Failed", "Stopped"})
# The tag of a job that names the earlier job that it resumes.
RESUMES = "Resumes"


@dataclass(frozen=True)
class Record:
    """The content of record.json. Times are UTC in ISO 8601; None means that SageMaker did not report it (yet).

    Args:
        billable_seconds: what AWS bills of each instance; for a spot job, less than `seconds`.
        cost_usd: the cost of `billable_seconds` at the price with which the job was sent; None if that is not known.
        prices_of: where that price comes from, such as ``prices of 2023-12``; empty if it is not known.
        interruptions: how often AWS took the instances of a spot job away.
        saved_seconds: `seconds` without `billable_seconds`, what spot saved against on demand; None on demand.
        saved_usd: the cost of `saved_seconds` on all instances, like `cost_usd`.
        model_s3: the S3 URI of model.tar.gz, or of the model's folder.
        model_path: the local folder of the unpacked model.
        data: what the channels held when the job was sent, as the first line of data.jsonl; None if that is not known.
    """

    job: str
    spec: str
    status: str
    secondary_status: str
    failure_reason: str | None
    image: str
    instance_type: str
    instance_count: int
    spot: bool
    hyperparameters: dict[str, str]
    metrics: dict[str, float]
    created: str
    started: str | None
    ended: str | None
    seconds: int | None
    billable_seconds: int | None
    cost_usd: float | None
    prices_of: str
    interruptions: int
    saved_seconds: int | None
    saved_usd: float | None
    model_s3: str | None
    model_path: str | None
    data: dict[str, Any] | None = None


def run_folder(job: str) -> Path:
    """The folder of a run."""
    return FOLDER / job


def create_run_folder(job: str) -> Path:
    """Create the folder of a run if it does not exist, and return it.

    Raises:
        UserError: a file has its name, or the name runs.
        OSError: it cannot be created; the error names the folder that exists.
    """
    folder = run_folder(job)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        file, what = (FOLDER, "folder of all runs") if not FOLDER.is_dir() else (folder, "run's folder")
        raise UserError(
            f"{file} is a file, but it must be the {what}.", "Move it away, then run the same command again."
        ) from None
    except OSError as error:
        error.filename = str(FOLDER if FOLDER.is_dir() else FOLDER.absolute().parent)
        raise
    return folder


def job_file_of(job: str) -> str:
    """The name of a job's job file. If Trainyard did not create the job: the job's own name."""
    found = JOB_NAME.fullmatch(job)
    return found["spec"] if found else job


def model_folder(job: str) -> Path:
    """The folder of a run's unpacked model."""
    return run_folder(job) / "model"


def has_model(job: str) -> bool:
    """Whether a run's model is unpacked in its folder. A folder without anything in it is no model."""
    folder = model_folder(job)
    return folder.is_dir() and any(folder.iterdir())


def make_record(job: Mapping[str, Any], model_path: str | None, price: tuple[float, str] | None = None) -> Record:
    """The record of a job, from the DescribeTrainingJob response, so that it works for any job.

    Args:
        job: the response.
        model_path: the folder of its unpacked model.
        price: USD an hour of all its instances when it was sent, and where that comes from; None if not known.
    """
    name, resources = job["TrainingJobName"], job["ResourceConfig"]
    seconds, billable = job.get("TrainingTimeInSeconds"), job.get("BillableTimeInSeconds")
    spot: bool = job.get("EnableManagedSpotTraining", False)
    saved = seconds - billable if spot and seconds is not None and billable is not None else None
    kind, count = resources.get("InstanceType", "unknown"), resources.get("InstanceCount", 1)
    return Record(
        job=name,
        spec=job_file_of(name),
        status=job["TrainingJobStatus"],
        secondary_status=job["SecondaryStatus"],
        failure_reason=job.get("FailureReason"),
        image=job["AlgorithmSpecification"].get("TrainingImage", ""),
        instance_type=kind,
        instance_count=count,
        spot=spot,
        hyperparameters=dict(job.get("HyperParameters", {})),
        metrics={metric["MetricName"]: metric["Value"] for metric in job.get("FinalMetricDataList", [])},
        created=job["CreationTime"].astimezone(UTC).isoformat(),
        started=_time(job.get("TrainingStartTime")),
        ended=_time(job.get("TrainingEndTime")),
        seconds=seconds,
        billable_seconds=billable,
        cost_usd=_cost(price, billable),
        prices_of=price[1] if price else "",
        interruptions=sum(step["Status"] == "Interrupted" for step in job.get("SecondaryStatusTransitions", [])),
        saved_seconds=saved,
        saved_usd=_cost(price, saved),
        model_s3=job.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
        model_path=model_path,
    )


def save_record(job: Mapping[str, Any]) -> Record:
    """Write a run's record.json from the DescribeTrainingJob response, and return the record."""
    name = job["TrainingJobName"]
    record = make_record(job, model_folder(name).as_posix() if has_model(name) else None, _started_price(name))
    record = replace(record, data=read_summary(run_folder(name)))
    write_json(create_run_folder(record.job) / "record.json", asdict(record))
    return record


def _started_price(job: str) -> tuple[float, str] | None:
    """The price with which a job was sent, by its request.json, or by that of the tuning that started it."""
    trial = TRIAL_NAME.fullmatch(job)
    sent = trial["tuning"] if trial else job
    try:
        request = read_json(sent, "request.json")
        return costs.started_price(request)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _cost(price: tuple[float, str] | None, seconds: int | None) -> float | None:
    return None if price is None or seconds is None else costs.cost(price[0], seconds)


def write_json(path: Path, value: object) -> None:
    """Write a JSON file completely or not at all.

    Raises:
        OSError: the disk is full, or the folder cannot be written; the error names it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    name = None
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json_text(value, indent=2) + "\n")
        Path(name).replace(path)
    except OSError as error:
        if name is not None:
            Path(name).unlink(missing_ok=True)
        error.filename, error.filename2 = str(path.parent), None
        raise


def find(text: str, sagemaker: Any) -> str:
    """The job that RUN names, by its name or by a unique beginning of it.

    Looks first in runs/, then at the account's jobs.

    Raises:
        UserError: RUN is empty, names a tuning, or matches no job or several.
    """
    local = [name for name in folders() if not TUNING_NAME.fullmatch(name)]
    if not text:
        newest = sorted(local, key=by_time)[-1:]
        raise UserError("No run is named.", f"Name one with RUN=, such as RUN={newest[0] if newest else '<job>'}.")
    if TUNING_NAME.fullmatch(text) and text in folders():
        raise UserError(f"{text} is a tuning, not a training job.", f"Write TUNING={text} in place of RUN={text}.")
    found = match_run(text, local)
    if found is None:
        jobs = sagemaker.list_training_jobs(NameContains=text[:63], MaxResults=100) if can_be_name(text) else {}
        listed = [job["TrainingJobName"] for job in jobs.get("TrainingJobSummaries", [])]
        found = match_run(text, listed)
    if found is not None:
        return found
    close = nearest(text, local) or nearest(text, _newest(sagemaker))
    hint = f"Did you mean RUN={close}? " if close else ""
    raise UserError(f"There is no training job {text} in {aws.region()}.", f"{hint}`make jobs` lists them.")


def read_json(run: str, file: str) -> Any:
    """The content of a JSON file of a run or tuning, such as ``request.json``.

    Raises:
        OSError: there is no such file, or it cannot be read.
        ValueError: it is not JSON.
    """
    return json.loads((run_folder(run) / file).read_text(encoding="utf-8"))


def folders() -> list[str]:
    """The names of the folders in runs/: of training jobs and of tunings."""
    return [path.name for path in FOLDER.iterdir() if path.is_dir()] if FOLDER.is_dir() else []


def match_run(text: str, names: Sequence[str], variable: str = "RUN", noun: str = "runs") -> str | None:
    """The name that is ``text``, or the only one that begins with it; None if there is none.

    Args:
        text: what was typed.
        names: the names.
        variable: the variable of make that has it.
        noun: what the names are of.

    Raises:
        UserError: several names begin with it.
    """
    matches = sorted({name for name in names if name.startswith(text)})
    if text in matches or len(matches) == 1:
        return text if text in matches else matches[0]
    if matches:
        shown = ", ".join(matches[:5]) + (" …" if len(matches) > 5 else "")
        raise UserError(f"{variable}={text} matches {len(matches)} {noun}.", f"Type more of the name: {shown}")
    return None


def describe(sagemaker: Any, job: str) -> dict[str, Any]:
    """The DescribeTrainingJob response of a job.

    Raises:
        UserError: SageMaker has no such job, though its folder may exist in runs/.
    """
    try:
        found: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=job)
    except sagemaker.exceptions.ClientError as error:
        if not aws.is_missing_job(error):
            raise
        raise UserError(
            f"SageMaker has no training job {job} in {aws.region()}: {aws.error_message(error)}",
            "`make jobs` lists the jobs. This one may be in another account or region, or in an earlier local cloud.",
        ) from None
    return found


def _newest(sagemaker: Any) -> list[str]:
    """The newest jobs of the account, for a suggestion."""
    listed = sagemaker.list_training_jobs(SortBy="CreationTime", SortOrder="Descending", MaxResults=100)
    return [job["TrainingJobName"] for job in listed["TrainingJobSummaries"]]


def can_be_name(text: str) -> bool:
    """Whether SageMaker accepts a text as a part of a name."""
    return re.fullmatch(r"[a-zA-Z0-9\-]+", text) is not None


def by_time(name: str) -> str:
    """The end of a run's name, which sorts by time."""
    return name[-len("20260101-000000-abcd") :]


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
