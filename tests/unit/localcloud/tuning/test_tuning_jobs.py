"""Tuning jobs from creation to end, through boto3, in a running local cloud; their training jobs really run."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.localcloud.account import contains
from tests.unit.localcloud.tuning.searching import PARABOLA, Searches

pytestmark = pytest.mark.e2e

FAILS = "sys.exit(3)"
SILENT = "print('nothing')"
WAITS = "print('loss=1', flush=True); time.sleep(1000)"


def test_a_search_of_eight_jobs(searches: Searches) -> None:
    request = searches.request(jobs=8, parallel=2, Strategy="Bayesian", Tags=[{"Key": "Job", "Value": "digits"}])
    created = searches.sagemaker.create_hyper_parameter_tuning_job(**request)
    name = request["HyperParameterTuningJobName"]
    running = searches.wait_until(name, lambda tuning: tuning["TrainingJobStatusCounters"]["InProgress"])
    assert running["HyperParameterTuningJobStatus"] == "InProgress"
    assert running["ObjectiveStatusCounters"]["Pending"] <= 2
    tuning = searches.end(name)
    assert tuning["HyperParameterTuningJobStatus"] == "Completed", tuning.get("FailureReason")
    assert created["HyperParameterTuningJobArn"] == tuning["HyperParameterTuningJobArn"]
    assert tuning["HyperParameterTuningJobArn"].endswith(f":hyper-parameter-tuning-job/{name}")
    assert tuning["TrainingJobStatusCounters"] == {
        "Completed": 8,
        "InProgress": 0,
        "RetryableError": 0,
        "NonRetryableError": 0,
        "Stopped": 0,
    }
    assert tuning["ObjectiveStatusCounters"] == {"Succeeded": 8, "Pending": 0, "Failed": 0}
    assert tuning["ConsumedResources"]["RuntimeInSeconds"] >= 1
    assert tuning["TuningJobCompletionDetails"]["NumberOfTrainingJobsObjectiveNotImproving"] < 8
    assert tuning["TrainingJobDefinition"]["StaticHyperParameters"]["_tuning_objective_metric"] == "loss"
    del request["Tags"]
    assert contains(tuning, request), tuning
    trials = searches.trials(name)
    numbers = [re.fullmatch(rf"{name}-(\d{{3}})-[0-9a-f]{{8}}", trial["TrainingJobName"]) for trial in trials]
    assert [found and found[1] for found in numbers] == [f"{number:03}" for number in range(1, 9)]
    for trial in trials:
        x = float(trial["TunedHyperParameters"]["x"])
        value = trial["FinalHyperParameterTuningJobObjectiveMetric"]
        assert value == {"MetricName": "loss", "Value": pytest.approx((x - 3) ** 2 + 1)}
    best = min(trials, key=lambda trial: trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"])
    assert tuning["BestTrainingJob"]["TrainingJobName"] == best["TrainingJobName"]
    assert "OverallBestTrainingJob" not in tuning


def test_its_training_jobs_are_ordinary_ones(searches: Searches) -> None:
    tags = [{"Key": "Job", "Value": "digits"}]
    name = searches.create(jobs=1, Tags=tags, definition={"Environment": {"A": "1"}})
    tuning = searches.end(name)
    (trial,) = searches.trials(name)
    job = searches.account.describe(trial["TrainingJobName"])
    x = trial["TunedHyperParameters"]["x"]
    assert job["TuningJobArn"] == tuning["HyperParameterTuningJobArn"]
    assert job["HyperParameters"]["x"] == x
    assert job["HyperParameters"]["_tuning_objective_metric"] == "loss"
    assert job["Environment"] == {"A": "1"}
    assert searches.account.archive(job["ModelArtifacts"]["S3ModelArtifacts"]) == {"m": x.encode()}
    for arn in (job["TrainingJobArn"], tuning["HyperParameterTuningJobArn"]):
        assert searches.sagemaker.list_tags(ResourceArn=arn)["Tags"] == tags
    listed = searches.sagemaker.list_training_jobs(NameContains=name)["TrainingJobSummaries"]
    assert [one["TrainingJobName"] for one in listed] == [trial["TrainingJobName"]]


def test_failed_jobs_do_not_end_a_search_unless_none_of_the_first_five_succeeds(searches: Searches) -> None:
    some = PARABOLA + "\nif float(h['x']) > 4: sys.exit(1)"
    tuning = searches.run(some, jobs=6, parallel=2)
    counters = tuning["TrainingJobStatusCounters"]
    assert (tuning["HyperParameterTuningJobStatus"], counters["Completed"] + counters["NonRetryableError"]) == (
        "Completed",
        6,
    )
    assert counters["NonRetryableError"] == tuning["ObjectiveStatusCounters"]["Failed"] > 0
    failed = searches.trials(tuning["HyperParameterTuningJobName"], StatusEquals="Failed")
    assert all(one["FailureReason"].endswith("exit code: 1") for one in failed)
    assert all("FinalHyperParameterTuningJobObjectiveMetric" not in one for one in failed)
    tuning = searches.run(FAILS, jobs=20, parallel=2)
    assert tuning["HyperParameterTuningJobStatus"] == "Failed"
    assert tuning["FailureReason"].startswith("No training job succeeded after ")
    assert sum(tuning["TrainingJobStatusCounters"].values()) in (5, 6)
    assert "BestTrainingJob" not in tuning


def test_a_search_whose_jobs_print_no_objective_fails_and_says_why(searches: Searches) -> None:
    tuning = searches.run(SILENT, jobs=2)
    assert tuning["HyperParameterTuningJobStatus"] == "Failed"
    assert tuning["FailureReason"].startswith("No objective metrics found after running 2 training jobs.")
    assert tuning["ObjectiveStatusCounters"]["Failed"] == tuning["TrainingJobStatusCounters"]["Completed"] == 2


def test_a_stopped_search_keeps_its_best_job(searches: Searches) -> None:
    first = searches.trials(searches.run(jobs=1)["HyperParameterTuningJobName"])[0]["TunedHyperParameters"]["x"]
    name = searches.create(f"{PARABOLA}\nif h['x'] != {first!r}: print('waits', flush=True); time.sleep(1000)", jobs=4)
    searches.wait_until(name, lambda tuning: sum(tuning["TrainingJobStatusCounters"].values()) == 2)
    with pytest.raises(ClientError, match="InProgress"):
        searches.sagemaker.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    searches.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    tuning = searches.end(name)
    assert tuning["HyperParameterTuningJobStatus"] == "Stopped"
    assert tuning["TrainingJobStatusCounters"]["Stopped"] == tuning["TrainingJobStatusCounters"]["Completed"] == 1
    assert "BestTrainingJob" in tuning
    with pytest.raises(ClientError, match="status Stopped"):
        searches.sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    searches.sagemaker.delete_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    with pytest.raises(ClientError, match="ResourceNotFound"):
        searches.describe(name)
    assert searches.account.describe(tuning["BestTrainingJob"]["TrainingJobName"])["TrainingJobStatus"] == "Completed"


def test_a_target_ends_a_search_and_stops_what_runs(searches: Searches) -> None:
    criteria = {"TargetObjectiveMetricValue": 100.0}
    code = PARABOLA + "\nif float(h['x']) > 5: time.sleep(1000)"
    tuning = searches.run(code, jobs=9, parallel=2, TuningJobCompletionCriteria=criteria, RandomSeed=2)
    assert tuning["HyperParameterTuningJobStatus"] == "Completed"
    assert sum(tuning["TrainingJobStatusCounters"].values()) < 9
    assert tuning["TrainingJobStatusCounters"]["InProgress"] == 0


def test_early_stopping_stops_jobs_below_the_median(searches: Searches) -> None:
    code = """
h = json.loads((base / "input/config/hyperparameters.json").read_text())
for epoch in range(3):
    print("loss=%s" % h["loss"], flush=True); time.sleep(0 if h["loss"] == "1" else 30)
"""
    ranges = {
        "CategoricalParameterRanges": [{"Name": "loss", "Values": ["1", "9"]}, {"Name": "n", "Values": ["1", "2", "3"]}]
    }
    tuning = searches.run(
        code, Strategy="Grid", ParameterRanges=ranges, TrainingJobEarlyStoppingType="Auto", jobs=6, RandomSeed=None
    )
    trials = searches.trials(tuning["HyperParameterTuningJobName"])
    assert tuning["HyperParameterTuningJobStatus"] == "Completed", tuning.get("FailureReason")
    assert [one["TrainingJobStatus"] for one in trials] == ["Completed"] * 3 + ["Stopped"] * 3
    assert {one["ObjectiveStatus"] for one in trials} == {"Succeeded"}
    assert tuning["TrainingJobStatusCounters"]["Stopped"] == 3


def test_hyperband_stops_jobs_at_its_rungs(searches: Searches) -> None:
    """The seed draws 2.2, 1.8, 5.4, 4.9, 8.2 and 7.5: the fifth job is stopped after an epoch, the sixth after three.

    The two jobs before it in its bracket are better; each of the first four has fewer than two to compare with.
    """
    code = """
h = json.loads((base / "input/config/hyperparameters.json").read_text())
for epoch in range(int(h["epochs"])):
    print("loss=%s" % h["x"], flush=True)
    if float(h["x"]) > (8 if epoch < 2 else 6): time.sleep(1000)
"""
    tuning = searches.run(code, jobs=6, static={"epochs": "9"}, Strategy="Hyperband", RandomSeed=3)
    assert tuning["HyperParameterTuningJobStatus"] == "Completed"
    statuses = [one["TrainingJobStatus"] for one in searches.trials(tuning["HyperParameterTuningJobName"])]
    assert statuses == ["Completed"] * 4 + ["Stopped"] * 2


def test_a_warm_start_learns_from_its_parents_and_compares_with_them(searches: Searches) -> None:
    parent = searches.run(jobs=6, parallel=2)
    parents = [{"HyperParameterTuningJobName": parent["HyperParameterTuningJobName"]}]
    warm = {"ParentHyperParameterTuningJobs": parents, "WarmStartType": "IdenticalDataAndAlgorithm"}
    tuning = searches.run(jobs=1, Strategy="Bayesian", WarmStartConfig=warm)
    found = {
        one["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]: one["TuningJobName"]
        for one in (parent["BestTrainingJob"], tuning["BestTrainingJob"])
    }
    overall = tuning["OverallBestTrainingJob"]
    assert overall["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == min(found)
    assert overall["TuningJobName"] == found[min(found)]
    other = {**warm, "ParentHyperParameterTuningJobs": [{"HyperParameterTuningJobName": "none"}]}
    with pytest.raises(ClientError, match="parent tuning job none does not exist"):
        searches.create(WarmStartConfig=other)


def test_lists_sort_filter_and_have_pages(searches: Searches) -> None:
    name = searches.create(jobs=3)
    searches.end(name)
    values = [
        one["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        for one in searches.trials(name, SortBy="FinalObjectiveMetricValue", SortOrder="Descending")
    ]
    assert values == sorted(values, reverse=True)
    assert len(values) == 3
    pages = searches.sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=name, PaginationConfig={"PageSize": 2}
    )
    assert [len(page["TrainingJobSummaries"]) for page in pages] == [2, 1]
    lists = searches.sagemaker.get_paginator("list_hyper_parameter_tuning_jobs")
    found = [
        entry["HyperParameterTuningJobName"]
        for page in lists.paginate(SortBy="CreationTime", StatusEquals="Completed", PaginationConfig={"PageSize": 2})
        for entry in page["HyperParameterTuningJobSummaries"]
    ]
    assert found[-1] == name
    (entry,) = searches.sagemaker.list_hyper_parameter_tuning_jobs(NameContains=name)[
        "HyperParameterTuningJobSummaries"
    ]
    assert (entry["Strategy"], entry["ResourceLimits"]["MaxNumberOfTrainingJobs"]) == ("Random", 3)
    assert entry["TrainingJobStatusCounters"]["Completed"] == 3


def test_the_same_seed_gives_the_same_values(searches: Searches) -> None:
    values = [
        [one["TunedHyperParameters"] for one in searches.trials(searches.run(jobs=2)["HyperParameterTuningJobName"])]
        for _ in range(2)
    ]
    assert values[0] == values[1]


def test_a_name_is_used_once_and_the_account_must_have_what_the_jobs_need(
    searches: Searches, client: Callable[..., Any]
) -> None:
    request = searches.request(jobs=1)
    searches.sagemaker.create_hyper_parameter_tuning_job(**request)
    with pytest.raises(ClientError, match="ResourceInUse"):
        searches.sagemaker.create_hyper_parameter_tuning_job(**request)
    searches.end(request["HyperParameterTuningJobName"])
    for definition, message in (
        ({"RoleArn": "arn:aws:iam::123456789012:role/none"}, "Could not assume role"),
        ({"OutputDataConfig": {"S3OutputPath": "s3://nowhere/x"}}, "nowhere"),
        ({"EnableManagedSpotTraining": True}, "MaxWaitTimeInSeconds must be specified"),
    ):
        with pytest.raises(ClientError, match=message):
            searches.create(definition=definition)
