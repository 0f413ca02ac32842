"""A tuning job's answers become one value: statuses, objectives, costs, order, and the file in runs/."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.tuning.reading import read_saved, save_tuning
from scripts.tuning.results import Range, Tuning, best_so_far, make_tuning, ranked

START = datetime(2026, 11, 1, 12, tzinfo=UTC)


def answer(**more: Any) -> dict[str, Any]:
    """A DescribeHyperParameterTuningJob response."""
    return {
        "HyperParameterTuningJobName": "digits-261101120000-abcd",
        "HyperParameterTuningJobStatus": "InProgress",
        "CreationTime": START,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "validation:loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 8, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {
                "ContinuousParameterRanges": [
                    {"Name": "learning_rate", "MinValue": "1e-4", "MaxValue": "0.1", "ScalingType": "Logarithmic"}
                ],
                "IntegerParameterRanges": [{"Name": "batch_size", "MinValue": "8", "MaxValue": "64"}],
                "CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["adamw", "sgd"]}],
            },
        },
        "TrainingJobDefinition": {
            "StaticHyperParameters": {"epochs": "3", "_tuning_objective_metric": "validation:loss"}
        },
        **more,
    }


def summary(number: int, status: str, objective: float | None = None, minutes: int | None = 1) -> dict[str, Any]:
    """A HyperParameterTrainingJobSummary of a job that took so many minutes; None: it still trains."""
    begin = START + timedelta(minutes=number)
    found: dict[str, Any] = {
        "TrainingJobName": f"job-{number:03}",
        "TrainingJobStatus": status,
        "CreationTime": begin,
        "TrainingStartTime": begin,
        "TunedHyperParameters": {"learning_rate": "0.01", "batch_size": "16", "optimizer": "sgd"},
    }
    if minutes is not None:
        found["TrainingEndTime"] = begin + timedelta(minutes=minutes)
    if objective is not None:
        found["FinalHyperParameterTuningJobObjectiveMetric"] = {"MetricName": "validation:loss", "Value": objective}
    return found


def tuning(*summaries: dict[str, Any], **more: Any) -> Tuning:
    price = (3.6, "prices of 2023-12")
    return make_tuning(answer(**more), summaries, {}, price, START + timedelta(minutes=10))


def test_the_ranges_are_those_that_were_sent() -> None:
    assert tuning().ranges == (
        Range("batch_size", "integer", "Auto", "8", "64"),
        Range("learning_rate", "continuous", "Logarithmic", "1e-4", "0.1"),
        Range("optimizer", "categorical", choices=("adamw", "sgd")),
    )
    assert tuning().fixed == {"epochs": "3"}
    assert (tuning().max_jobs, tuning().parallel_jobs) == (8, 2)


def test_a_job_costs_what_is_billed_and_while_it_runs_the_time_so_far() -> None:
    billed = {"job-001": {"TrainingTimeInSeconds": 60, "BillableTimeInSeconds": 20}}
    summaries = [summary(1, "Completed", 0.5), summary(8, "InProgress", minutes=None)]
    found = make_tuning(answer(), summaries, billed, (3.6, "stated"), START + timedelta(minutes=10))
    assert [(trial.seconds, trial.billable_seconds) for trial in found.trials] == [(60, 20), (120, None)]
    assert [trial.cost_usd for trial in found.trials] == pytest.approx([0.02, 0.12])
    assert found.cost_usd == pytest.approx(0.14)


def test_without_a_price_the_cost_is_unknown() -> None:
    found = make_tuning(answer(), [summary(1, "Completed", 0.5)], {}, None, START)
    assert (found.cost_usd, found.prices_of) == (None, "")


@pytest.mark.parametrize(("direction", "first"), [("Minimize", "job-002"), ("Maximize", "job-001")])
def test_the_best_job_is_first_then_those_that_run_then_those_without_an_objective(direction: str, first: str) -> None:
    described = answer()
    described["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"]["Type"] = direction
    jobs = [
        summary(1, "Completed", 0.5),
        summary(2, "Completed", -0.1),
        summary(3, "Failed"),
        summary(4, "InProgress", minutes=None),
        summary(5, "Completed", float("nan")),
    ]
    found = ranked(make_tuning(described, jobs, {}, None, START))
    names = [trial.job for trial in found]
    assert names[0] == first
    assert names[2:] == ["job-004", "job-003", "job-005"]


def test_of_equal_jobs_sagemaker_s_choice_is_first() -> None:
    best = {"BestTrainingJob": {"TrainingJobName": "job-002"}}
    found = tuning(summary(1, "Completed", 0.5), summary(2, "Completed", 0.5), **best)
    assert ranked(found)[0] == found.best_trial == found.trials[1]


def test_the_best_job_of_a_warm_start_may_be_a_parent_s() -> None:
    more = {"BestTrainingJob": {"TrainingJobName": "job-001"}, "OverallBestTrainingJob": {"TrainingJobName": "other"}}
    found = tuning(summary(1, "Completed", 0.5), **more)
    assert (found.best, found.best_trial) == ("other", None)


def test_the_best_so_far_follows_the_order_in_which_jobs_end() -> None:
    found = tuning(
        summary(1, "Completed", 0.3, minutes=9),
        summary(2, "Completed", 0.5),
        summary(3, "Failed"),
        summary(4, "Completed", 0.4),
    )
    line = [(trial.job, best) for trial, best in best_so_far(found)]
    assert line == [("job-002", 0.5), ("job-004", 0.4), ("job-001", 0.3)]


def test_a_kept_tuning_job_is_read_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = tuning(summary(1, "Completed", 0.5), summary(2, "InProgress", minutes=None))
    assert read_saved(found.name) is None
    save_tuning(found)
    assert read_saved(found.name) == found
