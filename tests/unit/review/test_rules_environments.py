"""Secrets in the environment of functions and containers: their names are shown, their values never."""

import json
from typing import Any

import pytest

from scripts.review import render
from scripts.review.review import review
from scripts.review.settings import NONE
from tests.unit.review.rule_plans import created, findings_of, plan

KEY = "AKIA" + "Q7ZK2M4P9X1B3C5D"


def task(**variables: Any) -> Any:
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    return created("aws_ecs_task_definition", container_definitions=json.dumps([{"environment": environment}]))


def function(**variables: Any) -> Any:
    return created("aws_lambda_function", environment=[{"variables": variables}])


def model(**variables: Any) -> Any:
    return created("aws_sagemaker_model", container=[{"environment": variables}])


def monitor(**variables: Any) -> Any:
    specification = [{"environment": variables}]
    return created("aws_sagemaker_data_quality_job_definition", data_quality_app_specification=specification)


def pipeline(**variables: Any) -> Any:
    steps = {"Steps": [{"Type": "Processing", "Arguments": {"Environment": variables}}]}
    return created("aws_sagemaker_pipeline", pipeline_definition=json.dumps(steps))


def build(**variables: Any) -> Any:
    pairs = [{"name": name, "value": value} for name, value in variables.items()]
    return created("aws_codebuild_project", environment=[{"environment_variable": pairs}])


@pytest.mark.parametrize("made", [task, function, model, monitor, pipeline, build])
@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("API_KEY", "hunter2-hunter2", True),
        ("HARMLESS", KEY, True),
        ("DATABASE", "postgres://user:hunter2-hunter2@db.example.com/x", True),
        ("API_KEY", "arn:aws:secretsmanager:eu-central-1:111122223333:secret:k", False),
        ("API_KEY", "/run/secrets/key", False),
        ("API_KEY_ID", "somebody", False),
        ("EOS_TOKEN", "<eos>", False),
        ("SECRET", "my-secret-name", False),
        ("API_KEY", "", False),
        ("API_KEY", None, False),
    ],
)
def test_names_and_values(made: Any, name: str, value: Any, is_secret: bool) -> None:
    given = plan(made(**{name: value}))
    sentences = [each.what for each in findings_of(given) if each.rule.endswith("-secret-in-environment")]
    assert sentences == [f"The variable {name} looks like a secret, and its value is in the plan."] * is_secret
    if is_secret:
        whole = review(given, NONE)
        for page in (render.markdown([whole]), render.html([whole]), json.dumps(render.data([whole]))):
            assert name in page
            assert "hunter2" not in page
            assert KEY not in page


@pytest.mark.parametrize("text", ["{", "1", "[1]", '[{"environment": 1}]', '[{"environment": [{"name": 1}]}]', None])
def test_odd_definitions_do_not_crash(text: str | None) -> None:
    assert findings_of(plan(created("aws_ecs_task_definition", container_definitions=text))) == ()


@pytest.mark.parametrize(
    "values",
    [{"environment": 1}, {"environment": [1, {"name": 1, "value": 2}]}, {"container": "{"}, {"container": None}],
)
def test_odd_models_do_not_crash(values: Any) -> None:
    found = findings_of(plan(created("aws_sagemaker_model", **values), created("aws_codebuild_project", **values)))
    assert not [each for each in found if each.rule.endswith("-secret-in-environment")]
