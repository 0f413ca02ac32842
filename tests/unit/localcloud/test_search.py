"""Search, UpdateTrainingJob and DeleteTrainingJob, through boto3."""

from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from scripts.localcloud.awsjson import ServiceError
from scripts.localcloud.sagemaker.search import find
from tests.unit.localcloud.account import contains

METRICS = [{"Name": "loss", "Regex": "loss=(.*)"}]


@pytest.fixture(scope="module")
def names(account: Any) -> list[str]:
    """Two completed jobs and a failed one, with their own hyperparameters, tags and losses."""
    made = []
    for number, code in enumerate(("print('loss=0.5')", "print('loss=2')", "sys.exit(1)")):
        request = account.request(code, TrainingJobName=f"found-{number}", Tags=[{"Key": "a.b", "Value": str(number)}])
        request["HyperParameters"] |= {"rate.x": f"{number}.5", "group": "found"}
        request["AlgorithmSpecification"]["MetricDefinitions"] = METRICS
        account.sagemaker.create_training_job(**request)
        account.wait_until_ended(request["TrainingJobName"])
        made.append(request["TrainingJobName"])
    return made


def search(account: Any, *filters: Any, **wanted: Any) -> list[str]:
    """The numbers of the jobs that are found, in their order."""
    group = {"Filters": [{"Name": "HyperParameters.group", "Value": "found"}]}
    conditions = [{"Name": name, "Operator": how, "Value": value} for name, how, value in filters]
    parts = [group, *([{"Filters": conditions, "Operator": wanted.pop("Operator", "And")}] if filters else [])]
    pages = account.sagemaker.get_paginator("search").paginate(
        Resource="TrainingJob", SearchExpression={"SubExpressions": parts}, **wanted, PaginationConfig={"PageSize": 2}
    )
    return [
        result["TrainingJob"]["TrainingJobName"].removeprefix("found-") for page in pages for result in page["Results"]
    ]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (("TrainingJobStatus", "Equals", "Completed"), "10"),
        (("TrainingJobStatus", "NotEquals", "Completed"), "2"),
        (("TrainingJobStatus", "In", "Failed, Stopped"), "2"),
        (("TrainingJobName", "Contains", "und-1"), "1"),
        (("HyperParameters.rate.x", "GreaterThan", "0.7"), "21"),
        (("HyperParameters.rate.x", "Equals", "1"), "1"),
        (("HyperParameters.group", "LessThan", "7"), ""),
        (("Metrics.loss", "LessThanOrEqualTo", "1e0"), "0"),
        (("Tags.a.b", "Equals", "2"), "2"),
        (("ResourceConfig.InstanceCount", "GreaterThanOrEqualTo", "1"), "210"),
        (("EnableManagedSpotTraining", "Equals", "false"), "210"),
        (("CreationTime", "GreaterThan", "2020-01-01T00:00:00"), "210"),
        (("InputDataConfig.DataSource.S3DataSource.S3Uri", "Contains", "data/train"), "210"),
    ],
)
def test_a_filter_finds_jobs(account: Any, names: list[str], condition: tuple[str, str, str], found: str) -> None:
    assert len(names) == 3
    assert "".join(search(account, condition)) == found


def test_filters_are_combined_and_results_sorted(account: Any, names: list[str]) -> None:
    both = ("TrainingJobName", "Equals", names[0]), ("TrainingJobStatus", "Equals", "Failed")
    assert search(account, *both) == []
    assert search(account, *both, Operator="Or", SortBy="TrainingJobName", SortOrder="Ascending") == ["0", "2"]
    # The failed job has no loss: it is the last in either order.
    assert search(account, SortBy="Metrics.loss", SortOrder="Ascending") == ["0", "1", "2"]
    assert search(account, SortBy="Metrics.loss") == ["1", "0", "2"]


def test_a_result_is_the_described_job_with_its_tags(account: Any, names: list[str]) -> None:
    condition = {"Name": "TrainingJobName", "Value": names[1]}
    answer = account.sagemaker.search(Resource="TrainingJob", SearchExpression={"Filters": [condition]})
    assert answer["TotalHits"] == {"Value": 1, "Relation": "EqualTo"}
    job = answer["Results"][0]["TrainingJob"]
    assert job["Tags"] == [{"Key": "a.b", "Value": "1"}]
    assert contains(account.describe(names[1]), {name: value for name, value in job.items() if name != "Tags"})


TRAINING = "TrainingJob"
RECORDS = [
    {"TrainingJobName": "a", "InputDataConfig": [{"ChannelName": "x", "ContentType": "1"}, {"ChannelName": "y"}]},
    {"TrainingJobName": "b", "InputDataConfig": [{"ChannelName": "y", "ContentType": "1"}]},
]


def test_nested_filters_want_one_object_that_passes_all() -> None:
    conditions = [
        {"Name": "InputDataConfig.ChannelName", "Value": "y"},
        {"Name": "InputDataConfig.ContentType", "Operator": "Exists"},
    ]
    nested = {"NestedFilters": [{"NestedPropertyName": "InputDataConfig", "Filters": conditions}]}
    assert find(RECORDS, {"SearchExpression": nested}, TRAINING) == [RECORDS[1]]
    assert find(RECORDS, {"SearchExpression": {"Filters": conditions}}, TRAINING) == RECORDS
    assert find(RECORDS, {}, TRAINING) == RECORDS


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"SortBy": "Size"}, "Unknown property name: Size"),
        ({"SearchExpression": {"Filters": [{"Name": "OutputDataConfig.Nothing"}]}}, "Unknown property name"),
        ({"SearchExpression": {"Operator": "Or"}}, "at least one subexpression"),
        ({"SearchExpression": {"Filters": [{"Name": "TrainingJobName", "Operator": "In"}]}}, "needs a Value"),
    ],
)
def test_a_wrong_search_is_refused(wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(ServiceError, match=message):
        find(RECORDS, wanted, TRAINING)


def test_a_search_for_something_else_is_refused(account: Any) -> None:
    with pytest.raises(ClientError, match="Search finds TrainingJob and HyperParameterTuningJob, and no Model"):
        account.sagemaker.search(Resource="Model")


def test_a_running_job_is_updated_and_not_deleted_and_an_ended_one_the_other_way_round(account: Any) -> None:
    name, sagemaker = account.create("time.sleep(60)"), account.sagemaker
    account.wait_until(name, lambda job: job["SecondaryStatus"] == "Training")
    before = account.describe(name)
    sagemaker.update_training_job(TrainingJobName=name, RemoteDebugConfig={"EnableRemoteDebug": True})
    after = account.describe(name)
    assert after["RemoteDebugConfig"] == {"EnableRemoteDebug": True}
    assert after["LastModifiedTime"] - before["LastModifiedTime"] > timedelta(0)
    with pytest.raises(ClientError, match="while the warm pool is Available: the job has none"):
        sagemaker.update_training_job(TrainingJobName=name, ResourceConfig={"KeepAlivePeriodInSeconds": 60})
    with pytest.raises(ClientError, match=r"ResourceInUse.*InProgress"):
        sagemaker.delete_training_job(TrainingJobName=name)
    sagemaker.stop_training_job(TrainingJobName=name)
    account.wait_until_ended(name)
    with pytest.raises(ClientError, match="in status Stopped"):
        sagemaker.update_training_job(TrainingJobName=name, RemoteDebugConfig={"EnableRemoteDebug": False})
    sagemaker.delete_training_job(TrainingJobName=name)
    with pytest.raises(ClientError, match="Requested resource not found"):
        account.describe(name)
    assert account.run(TrainingJobName=name)["TrainingJobStatus"] == "Completed"  # Its name is free again.
