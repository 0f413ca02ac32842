"""Finds the tuning that TUNING= names."""

from collections.abc import Mapping
from typing import Any

from scripts.core import aws
from scripts.core.errors import UserError, nearest
from scripts.runs.record import TUNING_NAME, can_be_name, folders, match_run
from scripts.tuning.request import LONGEST_NAME


def find(text: str, sagemaker: Any) -> str:
    """The tuning that TUNING names, by its name or by a unique beginning of it.

    Looks first in runs/, then at the account's tunings.

    Raises:
        UserError: TUNING is empty, or matches no tuning or several.
    """
    if not text:
        newest = sorted(_local(), key=_by_time)[-1:]
        example = newest[0] if newest else "<tuning>"
        raise UserError("No tuning is named.", f"Name one with TUNING=, such as TUNING={example}.")
    found = find_local(text)
    if found is None:
        found = match_run(text, _listed(sagemaker, NameContains=text), "TUNING", "tunings") if _may_be(text) else None
    if found is not None:
        return found
    close = nearest(text, _local()) or nearest(text, _listed(sagemaker))
    hint = f"Did you mean TUNING={close}? " if close else ""
    raise UserError(f"There is no tuning {text} in {aws.region()}.", f"{hint}`make tunings` lists them.")


def find_local(text: str) -> str | None:
    """The tuning of runs/ that TUNING names; None if there is none.

    Raises:
        UserError: TUNING matches several.
    """
    return match_run(text, _local(), "TUNING", "tunings")


def describe(sagemaker: Any, name: str) -> dict[str, Any]:
    """The DescribeHyperParameterTuningJob response of a tuning.

    Raises:
        UserError: SageMaker has no such tuning, though its folder may exist in runs/.
    """
    try:
        found: dict[str, Any] = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    except sagemaker.exceptions.ClientError as error:
        if not aws.is_missing_job(error):
            raise
        raise UserError(
            f"SageMaker has no tuning {name} in {aws.region()}: {aws.error_message(error)}",
            "`make tunings` lists them. This one may be in another account or region, or in an earlier local cloud.",
        ) from None
    return found


def best_job(described: Mapping[str, Any]) -> str:
    """The name of a tuning's best training job so far, by the DescribeHyperParameterTuningJob response.

    After a warm start with the same data it may be one of an earlier tuning.

    Raises:
        UserError: no training job has a value of the objective yet.
    """
    best = described.get("OverallBestTrainingJob") or described.get("BestTrainingJob")
    if not best:
        name, status = described["HyperParameterTuningJobName"], described["HyperParameterTuningJobStatus"]
        raise UserError(
            f"{name} is {status}, and none of its training jobs has a value of the objective.",
            f"`make logs TUNING={name}` shows them and why they failed.",
        )
    found: str = best["TrainingJobName"]
    return found


def _local() -> list[str]:
    return [name for name in folders() if TUNING_NAME.fullmatch(name)]


def _listed(sagemaker: Any, **more: Any) -> list[str]:
    answer = sagemaker.list_hyper_parameter_tuning_jobs(
        SortBy="CreationTime", SortOrder="Descending", MaxResults=100, **more
    )
    return [one["HyperParameterTuningJobName"] for one in answer["HyperParameterTuningJobSummaries"]]


def _may_be(text: str) -> bool:
    return can_be_name(text) and len(text) <= LONGEST_NAME


def _by_time(name: str) -> str:
    return name[-len("260101120000-abcd") :]
