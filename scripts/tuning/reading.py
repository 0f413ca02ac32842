"""Reads a tuning job from SageMaker into a ``Tuning``, and keeps one in its folder for later."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter

from scripts.runs.record import create_run_folder, run_folder, write_json
from scripts.tuning.results import Tuning, make_tuning

FILE = "tuning.json"
"""In runs/<tuning>/, beside request.json: what the tuning job had found when it was last looked at."""


class TuningReader:
    """Reads one tuning job again and again, and asks for each training job that ended only once."""

    def __init__(self, name: str, price: tuple[float, str] | None) -> None:
        """Takes the tuning job's name, and the price as `make_tuning` does."""
        self._name, self._price = name, price
        self._ended: dict[str, Mapping[str, Any]] = {}

    def read(self, sagemaker: Any) -> Tuning:
        """The tuning job as it is now, asked with a boto3 client. What that raises is not caught."""
        described = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=self._name)
        pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
            HyperParameterTuningJobName=self._name, SortBy="CreationTime", SortOrder="Ascending"
        )
        summaries = [one for page in pages for one in page["TrainingJobSummaries"]]
        for one in summaries:
            job = one["TrainingJobName"]
            if one.get("TrainingEndTime") and job not in self._ended:
                self._ended[job] = sagemaker.describe_training_job(TrainingJobName=job)
        return make_tuning(described, summaries, self._ended, self._price, datetime.now(UTC))


def save_tuning(tuning: Tuning) -> None:
    """Write a tuning job's tuning.json, completely or not at all.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    write_json(create_run_folder(tuning.name) / FILE, TypeAdapter(Tuning).dump_python(tuning, mode="json"))


def read_saved(name: str) -> Tuning | None:
    """The tuning job of runs/<name>/tuning.json; None if there is no such file or it cannot be read."""
    try:
        return TypeAdapter(Tuning).validate_json((run_folder(name) / FILE).read_bytes())
    except (OSError, ValueError):
        return None
