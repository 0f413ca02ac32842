"""When a tuning stops a training job early, and when it ends itself."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.localcloud.sagemaker.jobs import Job, StopReason, new_job
from scripts.localcloud.tuning import early_stopping, tunings
from scripts.localcloud.tuning.completion import due_end, failure_reason, has_converged, met_criterion, not_improving
from scripts.localcloud.tuning.early_stopping import brackets, is_below_median, is_stopped_by_hyperband, rungs
from scripts.localcloud.tuning.runner import may_launch, seen, stopped_early
from scripts.localcloud.tuning.tunings import EndReason, Trial, Tuning, new_tuning

START = datetime(2026, 1, 1, tzinfo=UTC)


def tuning(*objectives: float | str | None, jobs: int = 20, parallel: int = 2, **config: Any) -> Tuning:
    """A tuning whose jobs ended one after the other, each a second after the one before.

    An objective is its final value, None for a failed job, ``silent`` for one without, ``runs`` for one that runs.
    """
    limits = {"MaxNumberOfTrainingJobs": jobs, "MaxParallelTrainingJobs": parallel}
    request = {
        "HyperParameterTuningJobName": "t",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ParameterRanges": {},
            "ResourceLimits": limits | config.pop("limits", {}),
            **config,
        },
        "TrainingJobDefinition": {"StaticHyperParameters": {"epochs": "9"}},
    }
    trials = tuple(trial(number, one) for number, one in enumerate(objectives, 1))
    return replace(new_tuning(request, "us-east-1", "123456789012", START, 0), trials=trials)


def trial(number: int, objective: float | str | None) -> Trial:
    job: Job = new_job({"TrainingJobName": f"t-{number}", "HyperParameters": {}}, "us-east-1", "1", START)
    if objective != "runs":
        job = job.finish(START + timedelta(seconds=number), "AlgorithmError" if objective is None else None)
    return Trial("t", job, {}, (9.0, objective) if isinstance(objective, float) else ())


def test_a_job_is_stopped_if_its_last_value_is_worse_than_the_median_of_the_running_averages() -> None:
    previous = [[2.0, 2.0], [4.0, 2.0], [6.0, 2.0]]  # at epoch 1: 2, 4, 6; at epoch 2: 2, 3, 4
    assert is_below_median([4.1], previous, minimize=True)
    assert not is_below_median([4.0], previous, minimize=True)
    assert is_below_median([1.0, 3.1], previous, minimize=True)
    assert not is_below_median([9.0, 2.9], previous, minimize=True)
    assert is_below_median([3.9], previous, minimize=False)
    assert not is_below_median([9.9, 9.9, 9.9], previous, minimize=True)  # no previous job came so far
    assert not is_below_median([], previous, minimize=True)
    assert not is_below_median([9.9], previous[:2], minimize=True)  # too few


def test_early_stopping_looks_at_completed_jobs_only_and_only_if_it_is_asked_for() -> None:
    found = tuning(1.0, 1.0, 1.0, "runs")
    bad = replace(found.trials[3], history=(99.0,))
    searching = replace(found, trials=(*found.trials[:3], bad))
    assert stopped_early(searching) == []
    auto = tuning(1.0, 1.0, 1.0, "runs", TrainingJobEarlyStoppingType="Auto")
    assert stopped_early(replace(auto, trials=searching.trials)) == [bad]
    stopped = tuple(replace(one, job=one.job.request_stop(StopReason.USER, START)) for one in found.trials[3:])
    few = replace(auto, trials=(*auto.trials[:2], trial(3, None), *stopped))
    assert stopped_early(few) == []


@settings(max_examples=60, deadline=None)
@given(low=st.integers(1, 5), high=st.integers(5, 300))
def test_the_rungs_of_hyperband_are_between_the_resources(low: int, high: int) -> None:
    found = [rungs(bracket, low, high) for bracket in range(brackets(low, high))]
    assert all(low <= step < high for steps in found for step in steps)
    assert found[0] == [] if low == high else found[0][0] == low
    assert all(len(later) < len(earlier) or not earlier for earlier, later in itertools.pairwise(found))


def test_hyperband_continues_the_best_third_of_a_bracket_at_each_rung() -> None:
    assert (brackets(1, 9), rungs(0, 1, 9), rungs(1, 1, 9)) == (2, [1, 3], [3])

    def stopped(number: int, *histories: list[float]) -> bool:
        return is_stopped_by_hyperband(number, histories, 1, 9, minimize=True)

    apart: list[float] = []  # jobs of the other bracket
    assert not stopped(0, [5.0])  # nobody to compare with
    assert not stopped(2, [1.0], apart, [2.0])
    assert stopped(4, [1.0], apart, [2.0], apart, [3.0])
    assert not stopped(0, [1.0], apart, [2.0], apart, [3.0])
    assert not stopped(1, [1.0], [9.0], [2.0], [1.0], [3.0], [1.0])  # its bracket is first judged after epoch 3
    assert stopped(0, [1.0, 9.0, 9.0], apart, [1.0, 1.0, 1.0], apart, [1.0, 2.0, 2.0])
    assert not stopped(0, [9.0, 9.0, 1.0], apart, [1.0, 2.0, 2.0], apart, [1.0, 3.0, 3.0])  # the last rung counts
    assert stopped(0, [1.0] * 10)
    assert not stopped(0, [1.0] * 9)
    assert not is_stopped_by_hyperband(0, [[3.0], [], [2.0], [], [1.0]], 1, 9, minimize=False)


def test_max_resource_comes_from_the_config_or_from_a_fixed_number_of_epochs() -> None:
    assert early_stopping.max_resource({"MaxResource": 7}, {"epochs": "9"}) == 7
    assert early_stopping.max_resource({}, {"num_epochs": '"12"'}) == 12
    assert early_stopping.max_resource({}, {"epochs": "many", "steps": "4"}) is None


@pytest.mark.parametrize(
    ("objectives", "count"),
    [([], 0), ([5.0], 0), ([5.0, 4.0], 0), ([5.0, 4.96], 1), ([5.0, 6.0, 7.0, 4.0, 9.0], 1), ([0.0, -1.0, 0.0], 1)],
)
def test_jobs_that_do_not_improve_by_one_percent_are_counted(objectives: list[float], count: int) -> None:
    assert not_improving(objectives, minimize=True) == count
    assert not_improving([-one for one in objectives], minimize=False) == count


def test_the_completion_criteria() -> None:
    flat = [5.0] * 11
    assert met_criterion([3.0, 2.0], {"TargetObjectiveMetricValue": 2.0}, minimize=True) is EndReason.TARGET
    assert met_criterion([3.0], {"TargetObjectiveMetricValue": 4.0}, minimize=False) is None
    criteria = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    assert met_criterion(flat[:3], criteria, minimize=True) is None
    assert met_criterion(flat[:4], criteria, minimize=True) is EndReason.NOT_IMPROVING
    assert has_converged(flat, minimize=True)
    assert not has_converged(flat[:10], minimize=True)
    assert not has_converged([*range(40, 10, -1), *flat], minimize=True)  # less than half of all
    converges = {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}
    assert met_criterion(flat, converges, minimize=True) is EndReason.CONVERGED
    assert met_criterion(flat, {"ConvergenceDetected": {"CompleteOnConvergence": "Disabled"}}, minimize=True) is None


def test_the_order_in_which_jobs_end_counts_not_that_of_their_creation() -> None:
    found = tuning(1.0, 2.0)
    later = replace(found.trials[0], job=replace(found.trials[0].job, ended=START + timedelta(seconds=9)))
    assert replace(found, trials=(later, found.trials[1])).objectives() == [2.0, 1.0]


def test_a_tuning_fails_if_none_of_the_first_five_or_of_all_its_jobs_succeeds() -> None:
    assert due_end(tuning(None, None, None, None), START) is None
    failed = tuning(None, None, None, "silent", None)
    assert due_end(failed, START) is EndReason.FAILED
    assert due_end(tuning(None, 1.0, None, None, None, None), START) is None
    assert due_end(tuning(None, None, jobs=2), START) is EndReason.FAILED
    assert failure_reason(tuning(*[None] * 5)).startswith("No training job succeeded after 5 attempts.")
    assert failure_reason(failed).startswith("No objective metrics found after running 5 training jobs.")


def test_the_time_of_a_tuning_is_limited() -> None:
    limited = tuning(1.0, limits={"MaxRuntimeInSeconds": 120})
    assert due_end(limited, START + timedelta(seconds=120)) is None
    assert due_end(limited, START + timedelta(seconds=121)) is EndReason.MAX_RUNTIME


def test_jobs_are_created_up_to_the_limits() -> None:
    assert may_launch(tuning(1.0, "runs"))
    assert not may_launch(tuning("runs", "runs", 1.0))
    assert not may_launch(tuning(1.0, 2.0, jobs=2))


def test_the_best_job_is_the_earliest_of_equal_ones_and_one_that_ended_with_a_value() -> None:
    found = tuning(None, 2.0, "runs", 1.0, 1.0, "silent")
    assert tunings.best(found.trials, minimize=True) is found.trials[3]
    assert tunings.best(found.trials, minimize=False) is found.trials[1]
    assert tunings.best(tuning(None, "runs").trials, minimize=True) is None


def test_the_first_reason_to_end_a_tuning_stays() -> None:
    ending = tuning().request_end(EndReason.TARGET, START)
    assert ending.request_end(EndReason.USER, START).end_reason is EndReason.TARGET
    assert ending.status == "Stopping"


@given(st.lists(st.floats(-1e6, 1e6), max_size=30), st.booleans())
@settings(max_examples=60, deadline=None)
def test_what_does_not_improve_is_fewer_than_all(objectives: list[float], minimize: bool) -> None:
    assert 0 <= not_improving(objectives, minimize) <= max(0, len(objectives) - 1)


def test_a_job_that_was_deleted_right_after_its_end_counts_as_stopped() -> None:
    running = trial(1, "runs")
    found = seen(running, None, (9.0, 2.0), START + timedelta(seconds=5))
    assert (found.job.status, found.job.ended, found.objective) == ("Stopped", START + timedelta(seconds=5), 2.0)
    assert seen(running, running.job, (9.0,), START) == replace(running, history=(9.0,))
