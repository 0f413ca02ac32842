"""The rights of people: terraform/modules/people allows what the commands were seen to call."""

import re

import pytest

from tests.conftest import ROOT
from tests.rights_table import GROUPS, PAGE, RECORDED, actions, with_table

UNDER_FORCE = {"s3:DeleteObject"}
"""What `make destroy` needs for buckets that are not empty: the policy has it for the lock of the state alone."""


def allowed(policy: str) -> set[str]:
    """The actions that a file of the module names."""
    text = (ROOT / f"terraform/modules/people/{policy}.tf").read_text(encoding="utf-8")
    return set(re.findall(r'"([a-z0-9]+:[A-Z]\w+)"', text))


@pytest.mark.parametrize(("policy", "command"), [(policy, one) for policy, all_ in GROUPS.items() for one in all_])
def test_the_policy_allows_each_action_that_a_command_needs(policy: str, command: str) -> None:
    assert actions(RECORDED[command]) - UNDER_FORCE - allowed(policy) == set()


def test_operations_become_actions() -> None:
    assert actions(["s3:HeadObject", "s3:UploadPart", "sts:GetCallerIdentity"]) == {"s3:GetObject", "s3:PutObject"}
    created = {"sagemaker:CreateTrainingJob", "sagemaker:AddTags", "iam:PassRole"}
    assert actions(["sagemaker:CreateTrainingJob"]) == created


def test_the_table_of_the_page_is_up_to_date() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert with_table(text) == text


def test_every_recorded_command_has_a_policy() -> None:
    assert {command for commands in GROUPS.values() for command in commands} == RECORDED.keys()
