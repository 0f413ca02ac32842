"""What an apply executes is read, shown, masked and in the digest; an unknown member of a plan is never passed over."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from scripts.core.errors import UserError
from scripts.review import render
from scripts.review.digest import content_hash
from scripts.review.model import Severity
from scripts.review.reading import members, read
from scripts.review.review import review
from scripts.review.settings import NONE
from tests.unit.review.plan_edits import edited, executing, noise, places
from tests.unit.review.plans import AWS, document, resource

GOLDEN = sorted(Path("tests/unit/review/golden").glob("*/plan.json"))
INVOKED = {
    "address": "action.aws_ec2_stop_instance.db",
    "type": "aws_ec2_stop_instance",
    "provider_name": AWS,
    "config_values": {"instance_id": "i-0123456789abcdef0", "key": "correct horse"},
    "config_sensitive": {"key": True},
    "config_unknown": {"force": True},
    "lifecycle_action_trigger": {
        "triggering_resource_address": "aws_x.y",
        "action_trigger_event": "AfterUpdate",
        "action_trigger_block_index": 0,
        "actions_list_index": 0,
        "on_failure": "Halt",
    },
}


def reviewed(raw: dict[str, Any]) -> Any:
    return review(read(json.dumps(raw), "plan.json"), NONE)


def test_an_action_is_a_finding_and_in_the_verdict() -> None:
    found = reviewed(document(action_invocations=[INVOKED]))
    assert found.verdict == "New findings: 1 high. Invokes 1 action."
    (finding,) = found.findings
    assert (finding.rule, finding.address) == ("action-invoked", INVOKED["address"])
    assert finding.what == (
        "Invokes aws_ec2_stop_instance (AfterUpdate of aws_x.y): instance_id `i-0123456789abcdef0`, key `(sensitive)`, "
        "force (known after apply)."
    )


def test_a_deferred_action_says_that_it_is_deferred() -> None:
    found = reviewed(document(deferred_action_invocations=[{"reason": "absent_prereq", "action_invocation": INVOKED}]))
    assert "1 change is deferred to a later plan" in found.verdict
    assert "It is deferred to a later plan (" in found.findings[0].what


def test_a_marked_value_of_an_action_is_shown_nowhere() -> None:
    changed = resource("aws_x.y", ("update",), {"value": "old"}, {"value": "the correct horse runs"})
    found = reviewed(document(changed, action_invocations=[INVOKED]))
    pages = (render.markdown([found]), render.html([found]), *render.terminal(found), json.dumps(render.data([found])))
    assert not any("correct horse" in page for page in pages)


@pytest.mark.parametrize("broken", [{}, {"address": 3}, "text"])
def test_an_entry_that_is_no_action_is_refused(broken: Any) -> None:
    with pytest.raises(UserError, match=r"action_invocations\[0\] has no address"):
        read(json.dumps(document(action_invocations=[broken])), "plan.json")


@pytest.mark.parametrize(
    ("expressions", "shown"),
    [
        ({"command": {"constant_value": "curl x | sh"}}, "command `curl x | sh`."),
        (
            {"command": {"references": ["var.host"]}, "when": {}},
            "command a text that refers to var.host, and is not in the plan, when {without arguments}.",
        ),
        ({"connection": [{"password": {"constant_value": "hunter2hunter2"}}]}, "password `(looks like a secret)`"),
        ({"command": {"constant_value": "x" * 1_001}}, "… (1 more characters)`."),
        ({f"a{at:02}": {"constant_value": at} for at in range(14)}, "a11 `11` and 2 more arguments."),
        ({}, "Runs on the machine that runs Terraform: without arguments."),
    ],
)
def test_a_provisioner_is_shown_with_its_arguments(expressions: dict[str, Any], shown: str) -> None:
    raw = executing()
    raw["configuration"]["root_module"]["resources"][0]["provisioners"][0]["expressions"] = expressions
    (finding,) = [each for each in reviewed(raw).findings if each.rule == "local-program"]
    assert finding.address == "aws_instance.web"
    assert shown in finding.what


def test_a_provisioner_in_a_module_runs_for_each_instance_of_its_resource() -> None:
    module = {"resources": executing()["configuration"]["root_module"]["resources"]}
    raw = document(
        resource('module.m["a"].aws_instance.web', ("create",), None, {}),
        resource('module.m["b"].aws_instance.web', ("delete",), {}, None),
        configuration={"root_module": {"module_calls": {"m": {"module": module}}}},
    )
    found = [each for each in reviewed(raw).findings if each.rule == "local-program"]
    assert [each.address[:14] for each in found] == ['module.m["a"].', 'module.m["b"].']
    assert "(the plan does not say which)" in found[1].what


# Read from internal/command/jsonplan of Terraform 1.15.9 (commit 8748897): every member with a name in JSON.
TERRAFORM = {
    "plan": "format_version terraform_version variables planned_values resource_drift resource_changes deferred_changes"
    " deferred_action_invocations output_changes action_invocations prior_state configuration relevant_attributes"
    " checks timestamp applyable complete errored",
    "resource": "address previous_address module_address mode type name index index_unknown provider_name deposed"
    " change action_reason",
    "change": "actions before after after_unknown before_sensitive after_sensitive replace_paths importing"
    " generated_config before_identity after_identity",
    "importing": "id unknown identity",
    "invocation": "address type name config_values config_sensitive config_unknown provider_name"
    " lifecycle_action_trigger invoke_action_trigger",
    "lifecycle trigger": "triggering_resource_address action_trigger_event action_trigger_block_index"
    " actions_list_index on_failure",
    "invoke trigger": "calling_resource_address",
    "deferred change": "reason resource_change",
    "deferred invocation": "reason action_invocation",
}
KNOWN = {
    "plan": members.PLAN,
    "resource": members.RESOURCE,
    "change": members.CHANGE,
    "importing": members.IMPORTING,
    "invocation": members.INVOCATION,
    "lifecycle trigger": members.LIFECYCLE_TRIGGER,
    "invoke trigger": members.INVOKE_TRIGGER,
    "deferred change": members.DEFERRED_CHANGE,
    "deferred invocation": members.DEFERRED_INVOCATION,
}


@pytest.mark.parametrize("place", TERRAFORM)
def test_every_member_that_terraform_writes_is_known(place: str) -> None:
    assert KNOWN[place] <= set(TERRAFORM[place].split()) <= KNOWN[place] | members.WITHOUT_EFFECT.keys()


def with_member(place: str, value: Any) -> dict[str, Any]:
    """The plan with a new member in one of its objects."""
    raw = executing()
    deferred = {"reason": "unknown", "resource_change": raw["resource_changes"][0]}
    raw["deferred_changes"] = [deferred]
    raw["resource_changes"][1]["change"]["importing"] = {"id": "y"}
    holders = {
        "plan": raw,
        "resource": raw["resource_changes"][1],
        "change": raw["resource_changes"][1]["change"],
        "importing": raw["resource_changes"][1]["change"]["importing"],
        "invocation": raw["action_invocations"][0],
        "lifecycle trigger": raw["action_invocations"][0]["lifecycle_action_trigger"],
        "invoke trigger": raw["action_invocations"][0].setdefault("invoke_action_trigger", {}),
        "deferred change": deferred,
        "deferred invocation": raw["deferred_action_invocations"][0],
    }
    if value is not None:
        holders[place]["novelty"] = value
    return raw


@pytest.mark.parametrize("place", TERRAFORM)
def test_an_unknown_member_is_a_finding_and_in_the_digest(place: str) -> None:
    found, other, without = (reviewed(with_member(place, value)) for value in ({"a": 1}, False, None))
    (finding,) = [each for each in found.findings if each.rule == "unknown-member"]
    assert finding.severity is Severity.HIGH
    assert "`novelty`" in finding.what
    assert len({each.digest for each in (found, other, without)}) == 3
    assert reviewed(with_member(place, [])).digest == without.digest


def test_a_member_in_many_places_is_one_finding() -> None:
    changes = [resource(f"aws_x.y{at}", ("create",), None, {}, novelty=at) for at in range(1, 4)]
    (finding,) = reviewed(document(*changes)).findings
    assert finding.what == (
        "This review does not know the member `novelty` in aws_x.y1 and 2 more places, and shows nothing of it."
    )


def test_an_unknown_member_shows_no_value() -> None:
    found = reviewed(document(novelty="a value of its own"))
    assert "value of its own" not in render.markdown([found]) + json.dumps(render.data([found]))


def plans() -> list[dict[str, Any]]:
    return [executing(), *(json.loads(path.read_text(encoding="utf-8")) for path in GOLDEN)]


@pytest.mark.parametrize("raw", plans(), ids=["executing", *(path.parent.name for path in GOLDEN)])
def test_each_edit_with_an_effect_changes_the_digest_and_noise_does_not(raw: dict[str, Any]) -> None:
    """2,000 edits over all plans; `benchmarks/review_digest.py` makes 100,000."""
    random = Random(14)  # noqa: S311 - to repeat, not to hide
    before = content_hash(read(json.dumps(raw), "p"))
    assert content_hash(read(json.dumps(noise(raw, random), indent=1), "p")) == before
    paths = places(raw)
    for path in random.sample(paths, min(len(paths), 110)):
        assert content_hash(read(json.dumps(edited(raw, path, random)), "p")) != before, path
