"""Secrets that stand in a configuration or in a script: what is reported, and what is no secret."""

import base64
from typing import Any

import pytest

from scripts.review.model import Change
from scripts.review.reading.literals import literals
from tests.unit.review.rule_plans import created, findings_of, ids, plan, updated

KEY = "AKIA" + "Q7ZK2M4P9X1B3C5D"
IN_CONFIGURATION, IN_SCRIPT = "secret-in-configuration", "secret-in-script"


def reported(change: Change, path: str, text: str) -> bool:
    return IN_CONFIGURATION in ids(plan(change, literals={"aws_x.x": ((path, text),)}))


@pytest.mark.parametrize(
    ("path", "text", "is_secret"),
    [
        ("password", "made-up-example", True),
        ("master_user_options.master_user_password", "made-up-example", True),
        ("default_arguments.--db_password", "made-up-example", True),
        ("environment.variables.LEVEL", KEY, True),
        ("user_data", f"export AWS_ACCESS_KEY_ID={KEY}", True),
        ("private_data", "-----BEGIN RSA PRIVATE KEY-----", True),
        ("environment.variables.DB_PASSWORD", "made-up-example", False),  # other rules report it
        ("auth_token", "arn:aws:secretsmanager:us-east-1:111122223333:secret:a-AbCdEf", False),
        ("password", "", False),
        ("user_name", "made-up-example", False),
        ("hash_key", "id", False),
    ],
)
def test_what_is_a_secret_in_a_configuration(path: str, text: str, is_secret: bool) -> None:
    assert reported(created("aws_x", a="b"), path, text) == is_secret


def test_a_secret_that_the_plan_does_not_change_is_not_reported_again() -> None:
    same, other = {"password": "made-up-example", "size": 1}, {"password": "made-up-example", "size": 2}
    assert not reported(updated("aws_x", same, other), "password", "made-up-example")
    assert reported(updated("aws_x", {**same, "password": "b"}, other), "password", "made-up-example")


@pytest.mark.parametrize(("kind", "is_secret"), [("SecureString", True), ("String", False)])
def test_the_value_of_a_parameter_is_a_secret_if_it_is_encrypted(kind: str, is_secret: bool) -> None:
    parameter = created("aws_ssm_parameter", type=kind, value="made-up-example")
    given = plan(parameter, literals={parameter.address: (("value", "made-up-example"),)})
    assert (IN_CONFIGURATION in ids(given)) == is_secret


def test_a_finding_does_not_show_the_secret() -> None:
    (found,) = findings_of(plan(created("aws_x"), literals={"aws_x.x": (("password", "made-up-example"),)}))
    assert found.what == "`password` is a secret, and stands in the configuration in plain text."


@pytest.mark.parametrize(
    ("line", "is_secret"),
    [
        ("export DB_PASSWORD=made-up-example", True),
        ("password: made-up-example", True),
        (f"aws configure set aws_access_key_id {KEY}", True),
        ("DB_PASSWORD=$(aws ssm get-parameter --name db)", False),
        ("export TOKEN_FILE=/etc/token", False),
        ("yum install -y docker", False),
    ],
)
def test_what_is_a_secret_in_a_script(line: str, is_secret: bool) -> None:
    script = f"#!/bin/sh\n{line}\n"
    machine = created("aws_launch_configuration", user_data=script)
    notebook = created(
        "aws_sagemaker_notebook_instance_lifecycle_configuration",
        on_start=base64.b64encode(script.encode()).decode(),
    )
    assert [IN_SCRIPT in ids(plan(each)) for each in (machine, notebook)] == [is_secret, is_secret]


def test_a_configuration_s_texts_are_found_in_blocks_maps_and_modules() -> None:
    resource: dict[str, Any] = {
        "address": "aws_x.x",
        "expressions": {
            "name": {"constant_value": "n"},
            "size": {"constant_value": 3},
            "password": {"references": ["var.password"]},
            "user": [{"password": {"constant_value": "p"}}, {"password": {}}],
            "arguments": {"constant_value": {"--key": "k", "list": ["a", "b"]}},
        },
    }
    inner = {"module": {"resources": [{"address": "aws_y.y", "expressions": {"a": {"constant_value": "b"}}}]}}
    found = literals({"root_module": {"resources": [resource], "module_calls": {"m": inner}}})
    assert found == {
        "aws_x.x": (
            ("name", "n"), ("user.password", "p"), ("arguments.--key", "k"), ("arguments.list", "a"),
            ("arguments.list", "b"),
        ),
        "module.m.aws_y.y": (("a", "b"),),
    }  # fmt: skip


@pytest.mark.parametrize("broken", [None, [], {"root_module": []}, {"root_module": {"resources": [1, {}]}}])
def test_anything_but_a_configuration_has_no_texts(broken: Any) -> None:
    assert literals(broken) == {}
