from typing import Any

import pytest

from scripts.costs import arithmetic

PRICES = {"ml.m5.xlarge": 0.25, "ml.g5.xlarge": 1.5, "ml.p3.2xlarge": 4.0}


def request(resources: dict[str, Any], seconds: int | None = 3600, **more: Any) -> dict[str, Any]:
    limit = {} if seconds is None else {"StoppingCondition": {"MaxRuntimeInSeconds": seconds}}
    return {"ResourceConfig": resources, **limit, **more}


M5 = {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2}


@pytest.mark.parametrize(
    ("sent", "worst"),
    [
        (request(M5), 0.5),
        (request({"InstanceType": "ml.m5.xlarge"}), 0.25),
        (request(M5, None), 12.0),  # SageMaker's own limit is a day
        (request(M5 | {"KeepAlivePeriodInSeconds": 1800}), 0.75),
        (request(M5, RetryStrategy={"MaximumRetryAttempts": 30}), 0.5),  # the limit is for all attempts
        (
            request(
                M5,
                EnableManagedSpotTraining=True,
                StoppingCondition={"MaxRuntimeInSeconds": 3600, "MaxWaitTimeInSeconds": 36000},
            ),
            0.5,
        ),
        (
            request(
                {
                    "InstanceGroups": [
                        {"InstanceGroupName": "cpu", "InstanceType": "ml.m5.xlarge", "InstanceCount": 4},
                        {"InstanceGroupName": "gpu", "InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
                    ]
                }
            ),
            4.0,
        ),
        (  # SageMaker refuses both; whatever it would do, both are counted
            request(M5 | {"InstanceGroups": [{"InstanceType": "ml.g5.xlarge", "InstanceCount": 1}]}),
            2.0,
        ),
        (
            request(
                {
                    "InstanceCount": 2,
                    "InstancePreferences": [{"InstanceType": "ml.m5.xlarge"}, {"InstanceType": "ml.p3.2xlarge"}],
                }
            ),
            8.0,
        ),
        (
            request(M5, ProfilerRuleConfigurations=[{"InstanceType": "ml.g5.xlarge"}, {"RuleConfigurationName": "x"}]),
            2.0,
        ),
        (request(M5, DebugRuleConfigurations=[{"InstanceType": "ml.g5.xlarge"}] * 2), 3.5),
    ],
)
def test_every_member_that_costs_something_counts(sent: dict[str, Any], worst: float) -> None:
    hour = arithmetic.hourly(sent, PRICES)
    assert hour is not None
    assert arithmetic.worst(sent, hour) == pytest.approx(worst)


def test_one_unknown_price_makes_the_whole_unknown() -> None:
    preferred = {
        "InstanceCount": 1,
        "InstancePreferences": [{"InstanceType": "ml.m5.xlarge"}, {"InstanceType": "ml.x"}],
    }
    groups = [{"InstanceType": "ml.m5.xlarge", "InstanceCount": 1}, {"InstanceType": "ml.x", "InstanceCount": 1}]
    for resources in (preferred, {"InstanceGroups": groups}, {"InstanceType": "ml.x", "InstanceCount": 1}):
        assert arithmetic.hourly(request(resources), PRICES) is None
        assert "ml.x" in arithmetic.kinds(request(resources))


def test_a_request_without_an_instance_type_has_no_known_price() -> None:
    assert arithmetic.hourly({"ServerlessJobConfig": {}}, PRICES) is None
    assert arithmetic.kinds({}) == [arithmetic.NO_TYPE]


def test_a_choice_that_only_sagemaker_makes_does_not_count() -> None:
    """SageMaker answers with these members, and refuses them in a request."""
    chosen = {
        "InstanceCount": 2,
        "InstancePreferences": [{"InstanceType": "ml.m5.xlarge"}, {"InstanceType": "ml.p3.2xlarge"}],
        "SelectedInstanceType": "ml.m5.xlarge",
        "SelectedInstanceCount": 1,
    }
    assert arithmetic.hourly(request(chosen), PRICES) == pytest.approx(8.0)
