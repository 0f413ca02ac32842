"""Every documented shape of plan JSON, from the text to every page.

https://developer.hashicorp.com/terraform/internals/json-format
"""

import json
from typing import Any, NamedTuple

import pytest

from scripts.review import reading, render
from scripts.review.differences.labels import _DEFERRED, _REASONS
from scripts.review.model import Review
from scripts.review.review import review
from scripts.review.settings import NONE
from tests.unit.review.plans import document, resource

QUEUE = {"name": "jobs", "delay_seconds": 0}
LATER = {"name": "jobs", "delay_seconds": 5}


class Shape(NamedTuple):
    """A plan's JSON, and texts that its Markdown must and must not contain."""

    raw: dict[str, Any]
    contains: tuple[str, ...]
    excludes: tuple[str, ...] = ()


def queue(before: Any = QUEUE, after: Any = LATER, *actions: str, **more: Any) -> dict[str, Any]:
    return resource("aws_sqs_queue.jobs", actions or ("update",), before, after, **more)


def only(*changes: dict[str, Any], **members: Any) -> dict[str, Any]:
    """A plan with only these changes and members, without optional members."""
    return {"format_version": "1.2", "terraform_version": "1.11.4", "resource_changes": list(changes), **members}


def without(entry: dict[str, Any], *members: str) -> dict[str, Any]:
    """An entry without some members, in itself and in its change."""
    change = {name: value for name, value in entry["change"].items() if name not in members}
    return {name: value for name, value in entry.items() if name not in members} | {"change": change}


def output(before: Any, after: Any, *actions: str, **more: Any) -> dict[str, Any]:
    marks = {"after_unknown": False, "before_sensitive": False, "after_sensitive": False}
    return {"actions": list(actions), "before": before, "after": after, **marks, **more}


DELAY = ("- delay_seconds = 0", "+ delay_seconds = 5")
CREATED = {"delay_seconds": True, "tags": {"a": True}}
VERSIONS: dict[str, Shape] = {
    f"format {version}": Shape({**only(queue()), "format_version": version}, DELAY)
    for version in ("1.0", "1.1", "1.2", "1.3", "1.99")
}
MEMBERS: dict[str, Shape] = {
    "an empty plan": Shape(document(applyable=False), ("Nothing changes.", "no changes")),
    "nothing but a version": Shape({"format_version": "1.0", "planned_values": {}}, ("Nothing changes.",)),
    "nulls for members": Shape(
        document(
            queue(),
            output_changes=None,
            prior_state=None,
            configuration=None,
            checks=None,
            variables=None,
            relevant_attributes=None,
            deferred_changes=None,
            resource_drift=None,
        ),
        DELAY,
    ),
    "null for resource_changes": Shape({**only(), "resource_changes": None}, ("Nothing changes.",)),
    "refresh-only: drift and no resource_changes": Shape(
        {
            name: value
            for name, value in document(drift=(queue(QUEUE, LATER),), applyable=True).items()
            if name != "resource_changes"
        },
        ("1 resource was changed outside of Terraform.", "Changed outside of Terraform: 1", *DELAY),
    ),
    "drift that is a deletion": Shape(
        document(drift=(queue(QUEUE, None, "delete"),)), ("deleted outside of Terraform", "- delay_seconds = 0")
    ),
    "an errored plan": Shape(
        document(queue(), errored=True, applyable=False, complete=False),
        ("Planning ended in an error: this plan is incomplete. Do not apply it.", "[!CAUTION]", *DELAY),
    ),
    "an errored plan without changes": Shape(document(errored=True, applyable=False), ("Nothing was planned.",)),
    "an incomplete plan": Shape(document(queue(), complete=False), ("This plan is incomplete", "[!CAUTION]")),
    "outputs alone": Shape(
        document(
            output_changes={
                "made": output(None, "a", "create"),
                "changed": output("a", "b", "update"),
                "gone": output("a", None, "delete"),
                "later": output("a", None, "update", after_unknown=True),
                "secret": output("CANARY-1", "CANARY-2", "update", before_sensitive=True, after_sensitive=True),
                "kept": output("same", "same", "no-op"),
            }
        ),
        (
            "Only 5 outputs change.",
            "+ made = a",
            "- changed = a\n+ changed = b",
            "- gone = a",
            "- later = a\n+ later = (known after apply)",
            "- secret = (sensitive)\n+ secret = (sensitive)",
        ),
        ("CANARY", "kept"),
    ),
    "members of newer formats": Shape(
        document(
            queue(before_identity={"arn": "a"}, after_identity={"arn": "a"}, generated_config="CANARY", new=[1]),
            action_invocations=[{"address": "action.a.b"}],
            action_invocation_drift=[],
            some_new_member={"CANARY": 1},
        ),
        DELAY,
        ("CANARY",),
    ),
    "failed checks": Shape(
        document(checks=[{"address": {"to_display": "check.healthy"}, "status": "fail"}]), ("check.healthy",)
    ),
}
CHANGES: dict[str, Shape] = {
    "no marks at all": Shape(
        only(without(queue(), "before_sensitive", "after_sensitive", "after_unknown")), DELAY
    ),
    "null marks": Shape(only(queue(before_sensitive=None, after_sensitive=None, after_unknown=None)), DELAY),
    "bare false marks": Shape(only(queue(before_sensitive=False, after_sensitive=False, after_unknown=False)), DELAY),
    "a bare true: all of before is sensitive": Shape(
        only(queue(before_sensitive=True)), ("delay_seconds = (sensitive)",), DELAY
    ),
    "a bare true: all of after is sensitive": Shape(
        only(queue(after_sensitive=True)), ("delay_seconds = (sensitive)",), DELAY
    ),
    "a bare true: all of after is unknown": Shape(
        only(queue(QUEUE, {}, after_unknown=True)), ("+ delay_seconds = (known after apply)",), DELAY[1:]
    ),
    "before is null": Shape(only(queue(None, LATER, "create")), ("+ delay_seconds = 5", "**1** create"), ("- delay",)),
    "before is null in an update": Shape(only(queue(None, LATER)), ("+ delay_seconds = 5",)),
    "before is not there": Shape(only(without(queue(None, LATER, "create"), "before")), ("+ delay_seconds = 5",)),
    "after is null": Shape(only(queue(QUEUE, None, "delete")), ("- delay_seconds = 0", "**1** destroy"), ("+ delay",)),
    "after is not there": Shape(only(without(queue(QUEUE, None, "delete"), "after")), ("- delay_seconds = 0",)),
    "unknown map keys are missing in after": Shape(
        only(queue({"tags": {"a": "x", "b": "y"}}, {"tags": {"b": "y"}}, after_unknown={"tags": {"a": True}})),
        ("- tags.a = x\n+ tags.a = (known after apply)",),
        ("tags.b",),
    ),
    "unknown list elements are null in their place": Shape(
        only(queue({"l": ["x", "y"]}, {"l": ["x", None]}, after_unknown={"l": [False, True]})),
        ("l[1] = (known after apply)",),
    ),
    "sensitive elements and blocks": Shape(
        only(
            queue(
                {"block": [{"open": "a", "secret": "CANARY-1"}]},
                {"block": [{"open": "b", "secret": "CANARY-2"}]},
                before_sensitive={"block": [{}]},
                after_sensitive={"block": [{"secret": True}]},
            )
        ),
        ("- block[0].open = a\n+ block[0].open = b", "block[0].secret = (sensitive)"),
        ("CANARY",),
    ),
    "replace_paths": Shape(
        only(queue(QUEUE, LATER, "delete", "create", replace_paths=[["delay_seconds"]])),
        ("+ delay_seconds = 5  # forces replacement", "replace, old one first"),
    ),
    "a replacement without replace_paths": Shape(
        only(queue(QUEUE, LATER, "create", "delete", entry={"action_reason": "replace_because_tainted"})),
        ("replace, new one first", "tainted"),
    ),
    "null and empty replace_paths": Shape(
        only(queue(QUEUE, LATER, "delete", "create", replace_paths=[[], ["delay_seconds", 0], None])), DELAY
    ),
    "a replacement that leaves the old one": Shape(
        only(queue(QUEUE, LATER, "create", "forget")), ("the old one stays in the account",)
    ),
    "a deposed object": Shape(
        only(queue(QUEUE, None, "delete", entry={"deposed": "0123abcd"})), ("a deposed object",)
    ),
    "forget": Shape(only(queue(QUEUE, None, "forget")), ("forget, stays in the account", "1 forgotten")),
    "read": Shape(
        only(resource("data.aws_caller_identity.me", ("read",), None, {}, after_unknown={"id": True})),
        ("**1** read", "data.aws_caller_identity.me"),
    ),
    "no-op": Shape(only(queue(QUEUE, QUEUE, "no-op")), ("Nothing changes.",), ("aws_sqs_queue.jobs",)),
    "a move is a no-op": Shape(
        only(queue(QUEUE, QUEUE, "no-op", entry={"previous_address": "aws_sqs_queue.old"})),
        ("Only the state changes: 1 moved.", "**1** move", "moved from aws_sqs_queue.old"),
    ),
    "an import is a no-op": Shape(
        only(queue(QUEUE, QUEUE, "no-op", importing={"id": "the-id"})), ("**1** import", "imported by the-id")
    ),
    "an import that changes": Shape(
        only(queue(importing={"id": "the-id"})), ("**1** update", "**1** import", "import and update", *DELAY)
    ),
    "an import by identity": Shape(
        only(queue(QUEUE, QUEUE, "no-op", importing={"identity": {"arn": "the-arn"}})), ("imported by arn = the-arn",)
    ),
    "an import by what is not known yet": Shape(
        only(queue(QUEUE, QUEUE, "no-op", importing={"unknown": True})), ("imported by (known after apply)",)
    ),
    "an entry of another provider": Shape(
        only(resource("random_pet.name", ("create",), None, {"length": 2})), ("random_pet.name", "+ length = 2")
    ),
    "the least of an entry": Shape(
        only({"address": "a.b", "change": {"actions": ["create"]}}), ("a.b: create", "Creates 1 resource.")
    ),
    "keys, counts and modules": Shape(
        only(
            resource('module.a["x y"].module.b[0].aws_sqs_queue.q["k"]', ("update",), QUEUE, LATER),
            resource("module.c.aws_sqs_queue.q[1]", ("update",), QUEUE, LATER),
        ),
        ('`module.a["x y"].module.b[0]`: 1 change', "`module.c`: 1 change", "module.c.aws_sqs_queue.q[1]: update"),
    ),
}  # fmt: skip
DEFERRED: dict[str, Shape] = {
    f"deferred: {reason}": Shape(
        document(queue(), deferred_changes=[{"reason": reason, "resource_change": queue(None, LATER, "create")}]),
        ("Deferred to a later plan: 1", words, "1 change is deferred to a later plan"),
    )
    for reason, words in (*_DEFERRED.items(), ("unknown", "Terraform does not say why"), ("", "does not say why"))
}
REASONS: dict[str, Shape] = {
    f"reason {reason}": Shape(
        only(queue(QUEUE, None, "delete", entry={"action_reason": reason})), (f"# {words}",) if words else ()
    )
    for reason, words in (*_REASONS.items(), ("a_reason_of_a_newer_terraform", ""))
}
SHAPES = VERSIONS | MEMBERS | CHANGES | DEFERRED | REASONS


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_of_the_format(name: str) -> None:
    shape = SHAPES[name]
    found = review(reading.read(json.dumps(shape.raw), "plan.json"), NONE)
    text = render.markdown([found])
    for expected in shape.contains:
        assert expected in text
    for page in (text, *_others(found)):
        for excluded in shape.excludes:
            assert excluded not in page


def _others(found: Review) -> tuple[str, ...]:
    """The other pages."""
    return (render.html([found]), "\n".join(render.terminal(found)), json.dumps(render.data([found])))
