"""The rights that the unit tests prove sufficient and minimal are those of the applied stack."""

import json
from typing import Any

import boto3
import pytest

from tests.conftest import Project
from tests.unit.localcloud.access.training_role import rights

pytestmark = pytest.mark.e2e


def test_the_applied_role_has_the_rights_that_were_proven(yard: Project, demo: str) -> None:
    assert demo
    server = json.loads((yard.folder / "build" / "local-cloud" / "server.json").read_text())
    iam = boto3.Session("local", "local", region_name="us-east-1").client("iam", endpoint_url=server["url"])
    role = "trainyard-local-training-123456789012-us-east-1"
    policy: Any = iam.get_role_policy(RoleName=role, PolicyName="training")["PolicyDocument"]
    found = {one["Sid"]: _normal(one) for one in policy["Statement"]}
    assert not iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert iam.list_role_policies(RoleName=role)["PolicyNames"] == ["training"]
    (data,) = {one.removesuffix("/*") for one in found["ReadData"]["Resource"]}
    (models,) = {one.removesuffix("/*") for one in found["WriteModels"]["Resource"]}
    (checkpoints,) = {one.removesuffix("/*") for one in found["ReadAndWriteCheckpoints"]["Resource"]}
    (repository,) = found["PullImage"]["Resource"]
    assert list(found.values()) == rights(data, models, checkpoints, repository)


def _normal(statement: dict[str, Any]) -> dict[str, Any]:
    """A statement with sorted lists; AWS and Terraform write a list of one as a text."""
    lists = {
        name: sorted([value] if isinstance(value, str) else value)
        for name, value in statement.items()
        if name in ("Action", "Resource")
    }
    return statement | lists
