"""Reading plan JSON into values."""

import json
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from scripts.review.model import Action, FailedCheck, Review
from scripts.review.reading import read
from scripts.review.review import review
from scripts.review.settings import NONE
from tests.unit.review.plans import document, documents, every_text, plan, resource


@pytest.mark.parametrize(
    ("actions", "action", "create_first", "leaves_old"),
    [
        (("no-op",), Action.NO_OP, False, False),
        (("create",), Action.CREATE, False, False),
        (("read",), Action.READ, False, False),
        (("update",), Action.UPDATE, False, False),
        (("delete",), Action.DESTROY, False, False),
        (("delete", "create"), Action.REPLACE, False, False),
        (("create", "delete"), Action.REPLACE, True, False),
        (("forget",), Action.FORGET, False, False),
        (("create", "forget"), Action.REPLACE, True, True),
    ],
)
def test_actions(actions: tuple[str, ...], action: Action, create_first: bool, leaves_old: bool) -> None:
    change = plan(resource(actions=actions, before={}, after={})).changes[0]
    assert (change.action, change.create_first, change.leaves_old) == (action, create_first, leaves_old)


def test_a_whole_entry() -> None:
    change = plan(
        resource(
            'module.a["x"].aws_s3_bucket.b[0]',
            ("delete", "create"),
            {"bucket": "one"},
            {"bucket": "two"},
            replace_paths=[["bucket"], ["rule", 0, "x"]],
            after_unknown={"id": True},
            importing={"id": "the-id"},
            entry={"action_reason": "replace_because_cannot_update", "deposed": "abc", "previous_address": "a.b"},
        )
    ).changes[0]
    assert (change.module, change.mode, change.type, change.name) == ('module.a["x"]', "managed", "aws_s3_bucket", "b")
    assert (change.before, change.after, change.unknown) == ({"bucket": "one"}, {"bucket": "two"}, {"id": True})
    assert change.replace_paths == (("bucket",), ("rule", 0, "x"))
    assert (change.import_id, change.deposed, change.previous_address) == ("the-id", "abc", "a.b")
    assert change.reason == "replace_because_cannot_update"


@pytest.mark.parametrize(
    ("importing", "import_id"),
    [
        ({"id": "b"}, "b"),
        ({"identity": {"region": "r", "arn": "a"}}, "arn = a, region = r"),
        ({"unknown": True}, "(known after apply)"),
        (None, ""),
    ],
)
def test_ids_of_imports(importing: Any, import_id: str) -> None:
    assert (
        plan(resource(actions=("no-op",), before={}, after={}, importing=importing)).changes[0].import_id == import_id
    )


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.77"])
def test_a_minimal_plan(version: str) -> None:
    """A refresh-only plan has no resource_changes; a first format has no errored, complete, applyable."""
    found = read(json.dumps({"format_version": version, "planned_values": {}, "unheard_of": [1]}), "p")
    assert (found.changes, found.drift, found.outputs, found.references) == ((), (), (), None)
    assert (found.errored, found.complete, found.applyable) == (False, True, True)


def test_nulls_and_missing_members() -> None:
    entry = {"address": "a.b", "change": {"actions": ["create"]}}
    found = plan(entry, output_changes=None, resource_drift=None, checks=None, prior_state=None, configuration=None)
    change = found.changes[0]
    assert (change.type, change.before, change.after, change.unknown, change.before_sensitive) == (
        "",
        None,
        None,
        False,
        False,
    )


def test_errored_and_incomplete_and_deferred() -> None:
    deferred = {"reason": "instance_count_unknown", "resource_change": resource("a.b", ("create",), None, {})}
    found = plan(errored=True, complete=False, applyable=False, deferred_changes=[deferred])
    assert (found.errored, found.complete, found.applyable) == (True, False, False)
    assert [(reason, change.address) for reason, change in found.deferred] == [("instance_count_unknown", "a.b")]


def test_failed_checks() -> None:
    checks = [
        {"address": {"to_display": "check.a"}, "status": "unknown"},
        {"address": {"to_display": "check.b"}, "status": "error"},
        {
            "address": {"to_display": "r.c"},
            "status": "fail",
            "instances": [
                {
                    "address": {"to_display": "r.c[0]"},
                    "status": "fail",
                    "problems": [{"message": "Too small."}, {"message": None}, {}, 1],
                },
                {"address": {"to_display": "r.c[1]"}, "status": "pass"},
            ],
        },
    ]
    assert plan(checks=checks).failed_checks == (
        FailedCheck("check.b"),
        FailedCheck("r.c[0]", ("Too small.",)),
    )


def test_the_account_that_terraform_was_signed_in_to() -> None:
    def module(account: Any, *children: Any) -> dict[str, Any]:
        identity = {"type": "aws_caller_identity", "values": {"account_id": account}}
        return {"resources": [{"type": "aws_s3_bucket", "values": None}, identity], "child_modules": list(children)}

    root = module("111122223333", module("444455556666"), module(None), None)
    assert plan(prior_state={"values": {"root_module": root}}).accounts == {"111122223333", "444455556666"}
    odd: Any
    for odd in (None, {}, {"values": []}, {"values": {"root_module": [1]}}):
        assert plan(prior_state=odd).accounts == frozenset()


def test_references_are_followed_through_modules() -> None:
    """The shape is that of terraform show -json for a role in a module whose ARN comes from outside."""
    child = {
        "resources": [
            {
                "address": "aws_iam_role_policy.p",
                "expressions": {
                    "role": {"references": ["aws_iam_role.r.id", "aws_iam_role.r"]},
                    "policy": {"references": ["var.arn"]},
                    "name": {"constant_value": "p"},
                    "block": [{"inner": {"references": ["local.x", "each.value"]}}],
                },
            }
        ],
        "outputs": {"arn": {"expression": {"references": ["aws_iam_role.r.arn", "aws_iam_role.r"]}}},
    }
    root = {
        "resources": [
            {
                "address": "aws_lambda_function.f",
                "expressions": {
                    "role": {"references": ['module.m["a"].arn', "module.m"]},
                    "x": {"references": ["var.x"]},
                },
            }
        ],
        "module_calls": {"m": {"module": child, "expressions": {"arn": {"references": ["aws_kms_key.k.arn"]}}}},
    }
    found = plan(configuration={"root_module": root}).references
    assert found == {
        ("aws_lambda_function.f", "role"): ("module.m.aws_iam_role.r.arn", "module.m.aws_iam_role.r", "module.m"),
        ("aws_lambda_function.f", "x"): ("var.x",),
        ("module.m.aws_iam_role_policy.p", "role"): ("module.m.aws_iam_role.r.id", "module.m.aws_iam_role.r"),
        ("module.m.aws_iam_role_policy.p", "policy"): ("aws_kms_key.k.arn",),
        ("module.m.aws_iam_role_policy.p", "name"): (),
        ("module.m.aws_iam_role_policy.p", "block"): ("module.m.local.x", "module.m.each.value"),
    }


def test_each_value_is_an_instance_of_what_for_each_goes_over() -> None:
    def refers(*over: str) -> tuple[str, ...]:
        entry = {
            "address": "aws_s3_bucket_policy.p",
            "for_each_expression": {"references": list(over)},
            "expressions": {"policy": {"references": ["each.value.arn", "each.value"]}},
        }
        found = plan(configuration={"root_module": {"resources": [entry]}}).references
        assert found is not None
        return found["aws_s3_bucket_policy.p", "policy"]

    assert refers("aws_s3_bucket.b") == ("aws_s3_bucket.b.arn", "aws_s3_bucket.b")
    assert refers("var.names") == ("each.value.arn", "each.value")


def test_modules_that_feed_each_other_come_to_an_end() -> None:
    """Terraform allows that two modules use each other's outputs, as long as no value goes round."""
    modules = {
        name: {
            "module": {"outputs": {"o": {"expression": {"references": ["var.v"]}}}},
            "expressions": {"v": {"references": [f"module.{other}.o"]}},
        }
        for name, other in (("a", "b"), ("b", "a"))
    }
    resources = [{"address": "t.r", "expressions": {"x": {"references": ["module.a.o"]}}}]
    assert plan(configuration={"root_module": {"module_calls": modules, "resources": resources}}).references


@pytest.mark.e2e
def test_ten_thousand_changes_are_read_quickly() -> None:
    values = {f"attribute_{index}": f"value {index}" for index in range(20)}
    text = json.dumps(document(*(resource(f"a.b[{index}]", ("create",), None, values) for index in range(10_000))))
    start = time.process_time()
    assert len(read(text, "p").changes) == 10_000
    assert time.process_time() - start < 2


@pytest.mark.e2e
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(documents())
def test_any_plan_of_the_format_is_reviewed(raw: dict[str, Any]) -> None:
    found = review(read(json.dumps(raw), "p"), NONE)
    assert isinstance(found, Review)
    assert found.verdict
    for text in every_text(found):
        text.encode()  # a file cannot contain a lone surrogate
