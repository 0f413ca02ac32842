"""Finds a training job with the job file's own values, to say how much a search gained."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scripts.runs.record import by_time, folders, read_json
from scripts.tuning.report.words import Defaults
from scripts.tuning.results import Tuning


def find_defaults(
    records: Iterable[Mapping[str, Any]], tuning: Tuning, own: Mapping[str, str], image: str
) -> Defaults | None:
    """The newest training job with the defaults: it has the image and the common values of all jobs of the tuning.

    Args:
        records: the contents of record.json of local runs, the newest first.
        tuning: the tuning.
        own: the hyperparameters of the job file, as SageMaker stores them. Of the searched ones, the job has these.
        image: the image of the tuning's jobs.
    """
    searched = {one.name for one in tuning.ranges}
    expected = {**{name: value for name, value in own.items() if name in searched}, **tuning.fixed}
    for record in records:
        objective = (record.get("metrics") or {}).get(tuning.objective)
        alike = (record.get("status"), record.get("image"), record.get("hyperparameters")) == (
            "Completed",
            image,
            expected,
        )
        if alike and isinstance(objective, int | float):
            return Defaults(str(record["job"]), float(objective))
    return None


def local_records(job_file: str, tuning: Tuning) -> Iterator[Mapping[str, Any]]:
    """The records of a job file's runs in runs/, the newest first; without the tuning's own jobs."""
    for name in sorted(folders(), key=by_time, reverse=True):
        try:
            record = read_json(name, "record.json")
        except (OSError, ValueError):
            continue
        if isinstance(record, dict) and record.get("spec") == job_file and not name.startswith(f"{tuning.name}-"):
            yield record
