"""The digest identifies what a plan does: equal changes have equal digests, different changes different ones."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.review.digest import digest
from scripts.review.reading import read
from tests.unit.review.plans import POLICY, document, documents, plan, resource

POLICY_AGAIN = {
    "Statement": {**POLICY["Statement"][0], "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::b/*"]},
    "Version": POLICY["Version"],
}


def raw() -> dict[str, Any]:
    """A plan with a change of each kind."""
    return document(
        resource(
            "aws_iam_policy.p",
            ("update",),
            {"policy": json.dumps(POLICY), "n": 1, "password": "one"},
            {"policy": json.dumps(POLICY), "n": 2, "password": "one"},
            after_sensitive={"password": True},
            after_unknown={"arn": False},
        ),
        resource("aws_x.new", ("create", "delete"), {"l": [1, 2]}, {"l": [2, 1]}, after_unknown={"id": True}),
        resource("aws_x.moved", ("no-op",), {"v": 1}, {"v": 1}, entry={"previous_address": "aws_x.old"}),
        resource("aws_x.imported", ("no-op",), {"v": 1}, {"v": 1}, importing={"id": "i-1"}),
        resource("aws_x.same", ("no-op",), {"v": 1}, {"v": 1}),
        output_changes={
            "o": {"actions": ["update"], "before": "a", "after": "b", "after_unknown": False},
            "same": {"actions": ["no-op"], "before": "a", "after": "a"},
        },
    )


def of(found: dict[str, Any]) -> str:
    return digest(read(json.dumps(found), "p"))


def put(path: list[Any], value: Any) -> dict[str, Any]:
    """The plan with another value at a path."""
    found = raw()
    place: Any = found
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return found


def test_it_is_32_hex_digits() -> None:
    assert len(of(raw())) == 32
    assert int(of(raw()), 16)


@pytest.mark.parametrize(
    "same",
    [
        put(["timestamp"], "2027-01-01T00:00:00Z"),
        put(["terraform_version"], "1.12.0"),
        put(["resource_changes"], raw()["resource_changes"][::-1]),
        put(["resource_changes", 0, "change", "after", "policy"], json.dumps(POLICY_AGAIN, indent=4)),
        put(
            ["resource_changes", 0, "change", "after"],
            dict(reversed(raw()["resource_changes"][0]["change"]["after"].items())),
        ),
        put(["resource_changes", 0, "action_reason"], "new_words"),
        put(["resource_changes", 2, "change", "after", "v"], 2),
        put(["resource_changes", 4, "change", "before", "v"], 7),
        put(["output_changes", "same", "after"], "c"),
        put(["resource_drift"], [resource("a.b", ("update",), {}, {"x": 1})]),
        put(["checks"], [{"address": {"to_display": "c"}, "status": "fail"}]),
        put(["prior_state"], {"values": {}}),
    ],
)
def test_the_digest_ignores_what_changes_nothing(same: dict[str, Any]) -> None:
    assert of(same) == of(raw())


@pytest.mark.parametrize(
    "other",
    [
        put(["resource_changes", 0, "address"], "aws_iam_policy.q"),
        put(["resource_changes", 0, "deposed"], "abcd"),
        put(["resource_changes", 0, "change", "actions"], ["delete", "create"]),
        put(["resource_changes", 0, "change", "before", "n"], 3),
        put(["resource_changes", 0, "change", "after", "n"], 3),
        put(["resource_changes", 0, "change", "after", "n"], None),
        put(["resource_changes", 0, "change", "after", "password"], "two"),
        put(["resource_changes", 0, "change", "after", "policy"], json.dumps({**POLICY, "Id": "x"})),
        put(["resource_changes", 0, "change", "after_unknown", "arn"], True),
        put(["resource_changes", 1, "change", "actions"], ["delete", "create"]),
        put(["resource_changes", 1, "change", "actions"], ["create", "forget"]),
        put(["resource_changes", 1, "change", "after", "l"], [1, 2]),
        put(["resource_changes", 2, "previous_address"], "aws_x.older"),
        put(["resource_changes", 3, "change", "importing", "id"], "i-2"),
        put(["resource_changes"], raw()["resource_changes"][1:]),
        put(["output_changes", "o", "after"], "c"),
        put(["output_changes", "o", "after_unknown"], True),
        put(["output_changes", "p"], {"actions": ["create"], "before": None, "after": "x"}),
    ],
)
def test_another_change_has_another_digest(other: dict[str, Any]) -> None:
    assert of(other) != of(raw())


def test_a_no_op_has_the_digest_of_an_empty_plan() -> None:
    assert digest(plan()) == digest(plan(resource("a.b", ("no-op",), {}, {})))


@pytest.mark.e2e
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents(), st.randoms())
def test_the_digest_ignores_the_order_of_the_plan(found: dict[str, Any], random: Any) -> None:
    shuffled = copy.deepcopy(found)
    random.shuffle(shuffled.get("resource_changes") or [])
    assert of(shuffled) == of(found)
