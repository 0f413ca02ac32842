"""Terraform's outputs as a Stack."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.core.errors import UserError
from scripts.stack import Stack
from scripts.stack.outputs import parse_outputs
from tests.conftest import ROOT

VALUES = {
    "project": "trainyard",
    "environment": "dev",
    "region": "eu-central-1",
    "account_id": "111122223333",
    "repository_arn": "arn:aws:ecr:eu-central-1:111122223333:repository/trainyard-dev-trainer",
    "repository_name": "trainyard-dev-trainer",
    "repository_url": "localhost:5000/trainyard-dev-trainer",
    "role_arn": "arn:aws:iam::111122223333:role/team/training",
    "data_bucket": "trainyard-dev-data-111122223333-eu-central-1",
    "models_bucket": "trainyard-dev-models-111122223333-eu-central-1",
    "checkpoints_bucket": "trainyard-dev-checkpoints-111122223333-eu-central-1",
}
OPTIONS: dict[str, Any] = {
    "tags": {"Owner": "ada"},
    "kms_key_arn": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "subnet_ids": ("subnet-0a", "subnet-0b"),
    "security_group_ids": ("sg-0c",),
    "existing_buckets": {"data": "mine"},
}
"""The outputs of options: Terraform has none of them where an option is not used."""


def printed(values: dict[str, object]) -> str:
    return json.dumps({name: {"sensitive": False, "type": "string", "value": value} for name, value in values.items()})


def test_the_stack_has_exactly_the_outputs_of_terraform() -> None:
    text = (ROOT / "terraform/outputs.tf").read_text(encoding="utf-8")
    declared = {line.split('"')[1] for line in text.splitlines() if line.startswith("output ")}
    assert declared == set(Stack.model_fields) == {*VALUES, *OPTIONS}


def test_outputs_become_a_frozen_stack() -> None:
    stack = parse_outputs(printed({**VALUES, "unknown": 1}), "dev")
    assert stack.model_dump() == {
        **VALUES,
        "tags": {},
        "kms_key_arn": None,
        "subnet_ids": (),
        "security_group_ids": (),
        "existing_buckets": {},
    }
    with pytest.raises(ValueError, match="frozen"):
        stack.project = "other"
    assert parse_outputs(printed({**VALUES, **OPTIONS}), "dev").model_dump() == {**VALUES, **OPTIONS}


def test_the_region_and_account_of_images_come_from_the_arn() -> None:
    stack = parse_outputs(printed(dict(VALUES)), "dev")
    assert (stack.repository_region, stack.repository_account) == ("eu-central-1", "111122223333")


@pytest.mark.parametrize(
    ("image", "ours"),
    [
        ("localhost:5000/trainyard-dev-trainer", True),
        ("localhost:5000/trainyard-dev-trainer:v1", True),
        ("localhost:5000/trainyard-dev-trainer@sha256:00", True),
        ("localhost:5000/trainyard-dev-trainer2:v1", False),
        ("localhost:5000/trainyard-dev-trainer/more:v1", False),
        ("763104351884.dkr.ecr.eu-central-1.amazonaws.com/tensorflow-training:2.21.0", False),
    ],
)
def test_the_repositorys_url_tells_whether_the_stack_owns_an_image(image: str, ours: bool) -> None:
    assert parse_outputs(printed(dict(VALUES)), "dev").owns_image(image) is ours


def test_no_outputs_mean_that_nothing_is_applied() -> None:
    with pytest.raises(UserError) as caught:
        parse_outputs("{}", "dev")
    assert caught.value.problem == "The stack of `dev` is not applied."
    assert "`make infra`" in caught.value.fix


@given(st.sets(st.sampled_from(sorted(VALUES)), min_size=1, max_size=len(VALUES) - 1), st.booleans())
def test_exactly_the_missing_outputs_are_named(lacking: set[str], null: bool) -> None:
    values = {name: None if name in lacking else value for name, value in VALUES.items() if null or name not in lacking}
    with pytest.raises(UserError) as caught:
        parse_outputs(printed(dict(values)), "dev")
    named = caught.value.problem.partition("output")[2].removeprefix("s").removesuffix(" missing.")
    assert {name.strip() for name in named.split(",")} == lacking
    assert "`make infra`" in caught.value.fix


@pytest.mark.parametrize(
    ("name", "value"), [("account_id", "1111"), ("role_arn", "training"), ("repository_arn", "x"), ("region", 7)]
)
def test_an_output_with_a_wrong_value_is_named(name: str, value: object) -> None:
    with pytest.raises(UserError, match=f"output {name} is {value!r}"):
        parse_outputs(printed({**VALUES, name: value}), "dev")
