"""The differences of a change that are shown and folded, and their labels."""

import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from scripts.review.differences import compare, lists
from scripts.review.model import ChangeView, Plan
from scripts.review.secrets.mask import MASKED, Mask
from tests.unit.review.plans import POLICY, plan, resource

UNKNOWN = "(known after apply)"
TRUST = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}
Shown = list[tuple[str, str | None, str | None]]


def all_shown(found: Plan) -> tuple[ChangeView, ...]:
    return compare.shown(found.changes, found, Mask(found))


def shown(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None, **change: Any) -> tuple[Shown, int]:
    actions = ("create",) if before is None else ("delete",) if after is None else ("update",)
    found = all_shown(plan(resource("aws_x.y", actions, before, after, **change)))[0]
    return [(each.path, each.before, each.after) for each in found.differences], found.folded


@pytest.mark.parametrize(
    ("before", "after", "differences"),
    [
        ({"a": 1, "b": "x"}, {"a": 2, "b": "x"}, [("a", "1", "2")]),
        ({"a": True}, {"a": False}, [("a", "true", "false")]),
        ({"a": None}, {"a": "x"}, [("a", None, "x")]),
        ({"a": "x"}, {}, [("a", "x", None)]),
        ({"tags": {"k": "1", "a b": "2"}}, {"tags": {"k": "2"}}, [('tags["a b"]', "2", None), ("tags.k", "1", "2")]),
        ({"r": [{"n": {"s": 1}}]}, {"r": [{"n": {"s": 2}}]}, [("r[0].n.s", "1", "2")]),
        ({"l": ["a", "b"]}, {"l": ["x", "a", "b"]}, [("l[0]", None, "x")]),
        ({"l": ["a", "b"]}, {"l": ["b"]}, [("l[0]", "a", None)]),
        ({"l": ["a", "b"]}, {"l": ["b", "a"]}, [("l", '["a", "b"]', '["b", "a"]')]),
        ({"l": []}, {"l": ["a", "b"]}, [("l", None, '["a", "b"]')]),
        ({"l": [1, 2]}, {"l": None}, [("l", "[1, 2]", None)]),
        ({"a": "x"}, {"a": ["x"]}, [("a", "x", '["x"]')]),
    ],
)
def test_plain_attributes(before: dict[str, Any], after: dict[str, Any], differences: Shown) -> None:
    assert shown(before, after) == (differences, 0)


def test_an_inserted_block_does_not_shift_the_others() -> None:
    rules = [{"from_port": port, "cidr": ["10.0.0.0/8"], "note": f"n{port}"} for port in (22, 80, 443)]
    after = [
        {"from_port": 8, "cidr": ["0.0.0.0/0"], "note": ""},
        rules[0],
        {**rules[1], "cidr": ["1.1.1.1/32"]},
        rules[2],
    ]
    found, _ = shown({"ingress": rules}, {"ingress": after})
    assert found == [
        ("ingress[0].cidr", None, '["0.0.0.0/0"]'),
        ("ingress[0].from_port", None, "8"),
        ("ingress[2].cidr[0]", "10.0.0.0/8", "1.1.1.1/32"),
    ]


def test_blocks_without_a_name_are_matched_by_common_values() -> None:
    before = [{"a": 1, "b": 2, "c": 3}, {"a": 9, "b": 8, "c": 7}]
    assert lists.pairs(before, [{"a": 9, "b": 8, "c": 0}]) == [(1, 0), (0, None)]
    assert lists.pairs([], [1, 2]) == [(None, 0), (None, 1)]
    assert lists.pairs([1], []) == [(0, None)]


def test_policies_are_compared_by_structure() -> None:
    """AWS returns a policy in another order, and one action as a text. That is no difference."""
    statement = POLICY["Statement"][0]
    other = {"Effect": "Deny", "Action": ["b:B", "a:A"], "Resource": "*", "Principal": {"AWS": "x"}}
    before = json.dumps({**POLICY, "Statement": [statement, other]})
    again = {
        "Statement": [{**other, "Action": ["a:A", "b:B"], "Resource": ["*"]}, {**statement, "Action": "s3:GetObject"}]
    }
    assert shown({"policy": before}, {"policy": json.dumps({**POLICY, **again}, indent=2)}) == ([], 1)
    more = {**POLICY, "Statement": [{**statement, "Action": ["s3:GetObject", "s3:PutObject"]}, other]}
    found, _ = shown({"policy": before}, {"policy": json.dumps(more)})
    assert found == [("policy.Statement[1].Action[1]", None, "s3:PutObject")]


def test_a_new_policy_is_shown_in_parts() -> None:
    found, _ = shown(None, {"assume_role_policy": json.dumps(TRUST)})
    assert found == [
        ("assume_role_policy.Statement[0].Action", None, '["sts:AssumeRole"]'),
        ("assume_role_policy.Statement[0].Effect", None, "Allow"),
        ("assume_role_policy.Version", None, "2012-10-17"),
    ]


def test_a_text_that_only_looks_like_json() -> None:
    assert shown({"a": "{x"}, {"a": "{y"}) == ([("a", "{x", "{y")], 0)


@pytest.mark.parametrize("levels", [101, 700])
def test_json_that_is_nested_too_deep_is_a_text(levels: int) -> None:
    deep = "[" * levels + "]" * levels
    assert shown(None, {"a": deep}) == ([("a", None, deep)], 0)
    assert shown({"a": deep}, {"a": f" {deep}"}) == ([("a", deep, f" {deep}")], 0)


def test_unknown_values() -> None:
    after = {"l": ["a", None], "m": {"k": "v"}}
    unknown = {"id": True, "l": [False, True], "m": {"x": True}, "block": [{"inner": True}], "none": [{}]}
    found, folded = shown({"id": "i", "l": ["a"], "m": {"k": "v"}}, after, after_unknown=unknown)
    assert found == [
        ("block[0].inner", None, UNKNOWN),
        ("id", "i", UNKNOWN),
        ("l[1]", None, UNKNOWN),
        ("m.x", None, UNKNOWN),
    ]
    assert folded == 0


def test_computed_attributes_of_a_new_resource_are_folded() -> None:
    configured = {
        "root_module": {"resources": [{"address": "aws_x.y", "expressions": {"role": {"references": ["aws_r.r.arn"]}}}]}
    }
    entry = resource(
        "aws_x.y[0]", ("create",), None, {"a": "b"}, after_unknown={"id": True, "size": True, "role": True}
    )
    found = all_shown(plan(entry, configuration=configured))[0]
    assert [(each.path, each.after) for each in found.differences] == [("a", "b"), ("role", UNKNOWN)]
    assert found.folded == 2


def test_noise_is_folded_and_counted() -> None:
    before: dict[str, Any] = {"a": None, "b": [], "c": "", "tags": {"k": "1"}, "tags_all": {"k": "1", "d": "0"}}
    after = {"a": "", "b": None, "c": {}, "tags": {"k": "2"}, "tags_all": {"k": "2", "d": "9"}}
    assert shown(before, after) == ([("tags.k", "1", "2"), ("tags_all.d", "0", "9")], 4)
    assert shown(None, {"a": None, "b": [], "c": "", "x": False}) == ([("x", None, "false")], 0)


def inline(name: str) -> dict[str, Any]:
    return {"inline_policy": [{"name": name, "policy": json.dumps(POLICY)}]}


def test_copies_are_folded_and_manual_changes_are_shown() -> None:
    """`inline_policy` repeats the role's policies. A policy that no resource of the plan sets was added by hand."""
    policy = resource(
        "aws_iam_role_policy.p",
        ("no-op",),
        {"name": "p", "policy": json.dumps(POLICY)},
        {"name": "p", "policy": json.dumps(POLICY)},
    )
    for name, count in (("p", 0), ("by-hand", 1)):
        found = plan(policy, drift=(resource("aws_iam_role.r", ("update",), {"inline_policy": []}, inline(name)),))
        assert len(compare.drift(found, Mask(found))) == count


def test_a_changed_sensitive_value_is_listed_but_masked() -> None:
    before, after = (
        {"p": "one-secret", "n": 1, "same": "kept-secret"},
        {"p": "two-secret", "n": 2, "same": "kept-secret"},
    )
    marks = {"p": True, "n": True, "same": True}
    assert shown(before, after, before_sensitive=marks) == ([("n", MASKED, MASKED), ("p", MASKED, MASKED)], 0)
    assert shown(None, after, after_sensitive=True)[0][0] == ("n", None, MASKED)
    assert shown(before, {}, before_sensitive=marks, after_unknown={"p": True})[0][1:] == [
        ("p", MASKED, UNKNOWN),
        ("same", MASKED, None),
    ]


def test_a_marked_element_stays_masked_where_the_list_shifts() -> None:
    found, _ = shown({"l": ["s3cret", "b"]}, {"l": ["x", "s3cret", "c"]}, before_sensitive={"l": [True, False]})
    assert "s3cret" not in json.dumps(found)
    assert found == [("l[0]", MASKED, MASKED), ("l[2]", None, "c")]


def test_the_attribute_that_forces_a_replacement() -> None:
    entry = resource(
        "aws_x.y",
        ("delete", "create"),
        {"a": "1", "b": {"c": "1", "d": "1"}, "id": "i"},
        {"a": "2", "b": {"c": "2", "d": "2"}},
        replace_paths=[["b", "c"]],
        after_unknown={"id": True},
        entry={"action_reason": "replace_because_cannot_update"},
    )
    found = all_shown(plan(entry))[0]
    assert [(each.path, each.forces_replacement) for each in found.differences] == [
        ("a", False),
        ("b.c", True),
        ("b.d", False),
    ]
    assert (found.label, found.why, found.folded) == ("replace, old one first", "b.c cannot be changed in place", 1)


@pytest.mark.parametrize(
    ("actions", "more", "label"),
    [
        (("create",), {}, "create"),
        (("update",), {}, "update"),
        (("delete", "create"), {}, "replace, old one first"),
        (("create", "delete"), {}, "replace, new one first"),
        (("create", "forget"), {}, "replace, the old one stays in the account"),
        (("delete",), {}, "destroy"),
        (("delete",), {"deposed": "ab"}, "destroy (a deposed object, left over from a replacement)"),
        (("forget",), {}, "forget, stays in the account"),
        (("read",), {}, "read during the apply"),
        (("no-op",), {"previous_address": "a.c"}, "move"),
        (("update",), {"previous_address": "a.c"}, "move and update"),
    ],
)
def test_labels(actions: tuple[str, ...], more: dict[str, Any], label: str) -> None:
    assert all_shown(plan(resource("a.b", actions, {}, {}, entry=more)))[0].label == label


def test_labels_of_imports() -> None:
    for action, label in (("no-op", "import"), ("update", "import and update")):
        found = all_shown(plan(resource("a.b", (action,), {}, {}, importing={"id": "x"})))[0]
        assert (found.label, found.import_id) == (label, "x")


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("replace_because_tainted", "is tainted: its last apply failed, or somebody ran terraform taint"),
        ("replace_by_triggers", "something in its replace_triggered_by changes"),
        ("delete_because_each_key", "for_each no longer has its key"),
        ("something_new", ""),
        ("", ""),
    ],
)
def test_texts_of_reasons(reason: str, why: str) -> None:
    assert all_shown(plan(resource("a.b", ("delete",), {}, None, entry={"action_reason": reason})))[0].why == why


def reverts(change: dict[str, Any], drift: dict[str, Any]) -> bool:
    return all_shown(plan(change, drift=(drift,)))[0].reverts_drift


def test_a_change_that_reverts_drift() -> None:
    drift = resource("a.b", ("update",), {"x": "1", "y": "1", "z": json.dumps(TRUST)}, {"x": "2", "y": "1", "z": "{}"})
    back = {"x": "1", "y": "1", "z": json.dumps(TRUST, indent=1)}
    assert reverts(resource("a.b", ("update",), drift["change"]["after"], back), drift)
    other = {**back, "y": "2"}
    assert not reverts(resource("a.b", ("update",), drift["change"]["after"], other), drift)
    elsewhere = {"x": "3", "y": "1", "z": json.dumps(TRUST)}
    assert not reverts(resource("a.b", ("update",), drift["change"]["after"], elsewhere), drift)
    assert not reverts(resource("a.other", ("update",), drift["change"]["after"], back), drift)


def test_recreating_a_resource_that_was_deleted_by_hand() -> None:
    drift = resource("a.b", ("delete",), {"x": "1", "id": "i"}, None)
    assert reverts(resource("a.b", ("create",), None, {"x": "1"}, after_unknown={"id": True}), drift)
    assert not reverts(resource("a.b", ("create",), None, {"x": "2"}, after_unknown={"id": True}), drift)


def test_labels_of_drift() -> None:
    changed = resource("a.b", ("update",), {"x": "1", "n": None}, {"x": "2", "n": ""})
    gone = resource("a.c", ("delete",), {"x": "1"}, None)
    only_noise = resource("a.d", ("update",), {"n": None}, {"n": []})
    found = plan(drift=(changed, gone, only_noise))
    assert [(each.address, each.label) for each in compare.drift(found, Mask(found))] == [
        ("a.b", "changed outside of Terraform"),
        ("a.c", "deleted outside of Terraform"),
    ]


def test_outputs() -> None:
    changes = {
        "made": {"actions": ["create"], "before": None, "after": "x", "after_unknown": False},
        "unknown": {"actions": ["update"], "before": "x", "after_unknown": True, "before_sensitive": False},
        "secret": {"actions": ["update"], "before": "a", "after": "b", "before_sensitive": True},
        "whole": {"actions": ["update"], "before": {"k": 1, "l": [1]}, "after": {"k": 2, "l": [1]}},
        "same": {"actions": ["no-op"], "before": "x", "after": "x"},
        "empty": {"actions": ["delete"], "before": "", "after": None},
    }
    found = plan(output_changes=changes)
    assert [(each.path, each.before, each.after) for each in compare.outputs(found, Mask(found))] == [
        ("made", None, "x"),
        ("unknown", "x", UNKNOWN),
        ("secret", MASKED, MASKED),
        ("whole.k", "1", "2"),
        ("empty", "", None),
    ]


def test_deferred_changes_have_a_reason() -> None:
    entry = {"reason": "provider_config_unknown", "resource_change": resource("a.b", ("create",), None, {"x": 1})}
    found = plan(deferred_changes=[entry])
    assert compare.deferred(found, Mask(found))[0].why == "its provider's configuration is not known yet"


@pytest.mark.e2e
def test_long_lists_take_linear_time() -> None:
    before = [{"v": index, "w": index} for index in range(20_000)]
    after = [{"v": index, "w": index + 1} for index in range(20_000)]
    start = time.process_time()
    assert len(lists.pairs(before, after)) == 20_000
    assert time.process_time() - start < 3
