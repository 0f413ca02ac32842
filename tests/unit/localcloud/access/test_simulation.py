"""SimulatePrincipalPolicy answers by the evaluator, in the form of AWS's answer."""

from typing import Any

import pytest

from tests.unit.localcloud.access.people import Client, People, allow, deny, refused
from tests.unit.localcloud.account import document, make_role

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def role(client: Client) -> str:
    return make_role(
        client("iam"),
        "simulated",
        allow("s3:GetObject", resource="arn:aws:s3:::data/*"),
        deny("s3:DeleteObject", resource="arn:aws:s3:::data/*"),
        allow("s3:ListBucket", Condition={"StringLike": {"s3:Prefix": "mine/*"}}),
    )


def simulated(client: Client, role: str, actions: list[str], **more: Any) -> list[dict[str, Any]]:
    answer = client("iam").simulate_principal_policy(PolicySourceArn=role, ActionNames=actions, **more)
    assert answer["IsTruncated"] is False
    return list(answer["EvaluationResults"])


def test_each_action_has_one_result_with_a_part_for_each_resource(client: Client, role: str) -> None:
    arns = ["arn:aws:s3:::data/a", "arn:aws:s3:::other/a"]
    got, deleted = simulated(client, role, ["s3:GetObject", "s3:DeleteObject"], ResourceArns=arns)
    assert (got["EvalActionName"], got["EvalDecision"]) == ("s3:GetObject", "implicitDeny")
    parts = [(one["EvalResourceName"], one["EvalResourceDecision"]) for one in got["ResourceSpecificResults"]]
    assert parts == list(zip(arns, ["allowed", "implicitDeny"], strict=True))
    assert got["ResourceSpecificResults"][0]["MatchedStatements"][0]["SourcePolicyId"] == "rights"
    assert deleted["EvalDecision"] == "explicitDeny"
    assert [one["EvalResourceDecision"] for one in deleted["ResourceSpecificResults"]] == [
        "explicitDeny",
        "implicitDeny",
    ]


def test_a_key_that_is_not_given_is_missing(client: Client, role: str) -> None:
    (without,) = simulated(client, role, ["s3:ListBucket"])
    assert (without["EvalDecision"], without["MissingContextValues"]) == ("implicitDeny", ["s3:Prefix"])
    assert "ResourceSpecificResults" not in without
    prefix = {"ContextKeyName": "s3:prefix", "ContextKeyValues": ["mine/a"], "ContextKeyType": "string"}
    (found,) = simulated(client, role, ["s3:ListBucket"], ContextEntries=[prefix])
    assert (found["EvalDecision"], found["MissingContextValues"]) == ("allowed", [])


def test_further_policies_and_boundaries_count(client: Client, role: str) -> None:
    (more,) = simulated(client, role, ["sqs:SendMessage"], PolicyInputList=[document(allow("sqs:*"))])
    assert more["EvalDecision"] == "allowed"
    limit = [document(allow("sqs:*"))]
    (less,) = simulated(
        client,
        role,
        ["s3:GetObject"],
        ResourceArns=["arn:aws:s3:::data/a"],
        PermissionsBoundaryPolicyInputList=limit,
    )
    assert less["EvalDecision"] == "implicitDeny"
    assert less["PermissionsBoundaryDecisionDetail"] == {"AllowedByPermissionsBoundary": False}
    wrong = {"PolicySourceArn": role, "ActionNames": ["s3:x"], "PolicyInputList": ["{}"]}
    assert refused(client("iam").simulate_principal_policy, **wrong)[0] == "InvalidInput"


def test_users_and_groups_are_simulated_and_others_do_not_exist(people: People, client: Client) -> None:
    name, mine = people.user(allow("iam:SimulatePrincipalPolicy", resource=f"arn:aws:iam::{ACCOUNT}:user/user-*"))
    me = f"arn:aws:iam::{ACCOUNT}:user/{name}"
    (found,) = simulated(mine, me, ["iam:SimulatePrincipalPolicy"], ResourceArns=[me])
    assert found["EvalDecision"] == "allowed"
    assert refused(mine("iam").simulate_principal_policy, PolicySourceArn=me + "x", ActionNames=["s3:x"])[0] == (
        "NoSuchEntity"
    )
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/simulated/me"
    wrong = refused(client("iam").simulate_principal_policy, PolicySourceArn=session, ActionNames=["s3:x"])
    assert wrong[0] == "InvalidInput"
    assert "does not clearly define entity type and name" in wrong[2]
    role = f"arn:aws:iam::{ACCOUNT}:role/simulated"
    denied = refused(mine("iam").simulate_principal_policy, PolicySourceArn=role, ActionNames=["s3:x"])
    assert (denied[0], "iam:SimulatePrincipalPolicy" in denied[2]) == ("AccessDenied", True)
    group = client("iam").create_group(GroupName="simulated")["Group"]["Arn"]
    assert simulated(client, group, ["s3:GetObject"])[0]["EvalDecision"] == "implicitDeny"
