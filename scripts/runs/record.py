"""The run: a training job with its record, in runs/<job>/ (request.json, record.json, model/)."""

import json
import os
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from scripts.core import aws
from scripts.core.errors import UserError, nearest
from scripts.runs.prices import estimate_cost, table

FOLDER = Path("runs")
JOB_NAME = re.compile(r"(?P<spec>.+)-\d{8}-\d{6}-[a-z0-9]{4}")
ENDED = frozenset({"Completed", "Failed", "Stopped"})
# The tag of a job that names the earlier one.
RESUMES = "Resumes"


@dataclass(frozen=True)
class Record:
    """What is kept of a training job; times are UTC in ISO 8601, None is what SageMaker did not say (yet).

    Args:
        cost_usd: `billable_seconds` on these instances by the dated table; None where the price is not known.
        model_s3: where SageMaker put model.tar.gz.
        model_path: where it is unpacked on this machine.
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
    model_s3: str | None
    model_path: str | None


def folder_of(job: str) -> Path:
    """The run's folder."""
    return FOLDER / job


def make_folder(job: str) -> Path:
    """Make the run's folder where it is not there yet, and give it.

    Raises:
        UserError: a file is in its place.
    """
    folder = folder_of(job)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(
            f"{error.filename} is a file, and the run's folder belongs there.",
            "Take it away, then run the same command again.",
        ) from None
    return folder


def spec_of(job: str) -> str:
    """The name of the job file that a job is of; the job's own name where it is none of ours."""
    made = JOB_NAME.fullmatch(job)
    return made["spec"] if made else job


def model_folder(job: str) -> Path:
    """Where the run's model is unpacked."""
    return folder_of(job) / "model"


def make_record(job: Mapping[str, Any], model_path: str | None) -> Record:
    """The record of a job, from DescribeTrainingJob's answer alone: a colleague's job has one too."""
    name, resources = job["TrainingJobName"], job["ResourceConfig"]
    billable = job.get("BillableTimeInSeconds")
    kind, count = resources.get("InstanceType", "unknown"), resources.get("InstanceCount", 1)
    return Record(
        job=name,
        spec=spec_of(name),
        status=job["TrainingJobStatus"],
        secondary_status=job["SecondaryStatus"],
        failure_reason=job.get("FailureReason"),
        image=job["AlgorithmSpecification"].get("TrainingImage", ""),
        instance_type=kind,
        instance_count=count,
        spot=job.get("EnableManagedSpotTraining", False),
        hyperparameters=dict(job.get("HyperParameters", {})),
        metrics={metric["MetricName"]: metric["Value"] for metric in job.get("FinalMetricDataList", [])},
        created=job["CreationTime"].astimezone(UTC).isoformat(),
        started=_time(job.get("TrainingStartTime")),
        ended=_time(job.get("TrainingEndTime")),
        seconds=job.get("TrainingTimeInSeconds"),
        billable_seconds=billable,
        cost_usd=None if billable is None else estimate_cost(kind, count, billable),
        prices_of=table().date,
        model_s3=job.get("ModelArtifacts", {}).get("S3ModelArtifacts"),
        model_path=model_path,
    )


def keep_record(job: Mapping[str, Any]) -> Record:
    """Write the run's record.json anew from DescribeTrainingJob's answer, and give it."""
    model = model_folder(job["TrainingJobName"])
    record = make_record(job, model.as_posix() if model.is_dir() else None)
    write_json(make_folder(record.job) / "record.json", asdict(record))
    return record


def write_json(path: Path, value: object) -> None:
    """Write a JSON file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")
    Path(name).replace(path)


def find(text: str, sagemaker: Any) -> str:
    """The job that RUN names: in whole or by a beginning that only one has.

    Runs of this folder are looked at first, then the account's jobs.

    Raises:
        UserError: none or several begin so, or nothing was named.
    """
    here = [path.name for path in FOLDER.iterdir() if path.is_dir()] if FOLDER.is_dir() else []
    if not text:
        newest = sorted(here, key=_by_time)[-1:]
        raise UserError("No run is named.", f"Name one with RUN=, such as RUN={newest[0] if newest else '<job>'}.")
    found = choose(text, here)
    if found is None:
        jobs = sagemaker.list_training_jobs(NameContains=text[:63], MaxResults=100) if _is_part(text) else {}
        listed = [job["TrainingJobName"] for job in jobs.get("TrainingJobSummaries", [])]
        found = choose(text, listed)
    if found is not None:
        return found
    close = nearest(text, here) or nearest(text, _newest(sagemaker))
    hint = f"Did you mean RUN={close}? " if close else ""
    raise UserError(f"There is no training job {text} in {aws.region()}.", f"{hint}`make jobs` lists them.")


def choose(text: str, names: Sequence[str]) -> str | None:
    """The one name that is ``text`` or begins with it; None where there is none.

    Raises:
        UserError: several begin with it.
    """
    begun = sorted({name for name in names if name.startswith(text)})
    if text in begun or len(begun) == 1:
        return text if text in begun else begun[0]
    if begun:
        shown = ", ".join(begun[:5]) + (" …" if len(begun) > 5 else "")
        raise UserError(f"RUN={text} is the beginning of {len(begun)} runs.", f"Type more of one: {shown}")
    return None


def describe(sagemaker: Any, job: str) -> dict[str, Any]:
    """DescribeTrainingJob.

    Raises:
        UserError: there is no such job, though its folder may be here.
    """
    try:
        found: dict[str, Any] = sagemaker.describe_training_job(TrainingJobName=job)
    except sagemaker.exceptions.ClientError as error:
        if aws.error_code(error) not in {"ValidationException", "ResourceNotFound"}:
            raise
        raise UserError(
            f"SageMaker has no training job {job} in {aws.region()}: {aws.error_message(error)}",
            "`make jobs` lists what is there; another account, region or a local cloud that is gone may have had it.",
        ) from None
    return found


def _newest(sagemaker: Any) -> list[str]:
    """The newest jobs of the account, for a hint alone."""
    listed = sagemaker.list_training_jobs(SortBy="CreationTime", SortOrder="Descending", MaxResults=100)
    return [job["TrainingJobName"] for job in listed["TrainingJobSummaries"]]


def _is_part(text: str) -> bool:
    return re.fullmatch(r"[a-zA-Z0-9\-]+", text) is not None


def _by_time(name: str) -> str:
    return name[-len("20260101-000000-abcd") :]


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()
